# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of what can carry packets."""

from __future__ import annotations

from enum import StrEnum


class Datapath(StrEnum):
    """What the operator may ask for; auto is the kernel where it can, else userspace.

    Only vxlan has both: udp is userspace's alone, host-gw the kernel's.
    """

    AUTO = "auto"
    KERNEL = "kernel"
    USERSPACE = "userspace"
