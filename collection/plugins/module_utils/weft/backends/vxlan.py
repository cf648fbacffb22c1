# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vxlan backend: carried by the kernel's device or by the userspace datapath, as is asked."""

from __future__ import annotations

from .kernel_vxlan import plan_kernel_vxlan
from .plan import Overlay, Plan
from .userspace_vxlan import plan_userspace_vxlan


def plan_vxlan(overlay: Overlay, masquerade: bool) -> Plan:
    """The plan of this host on the datapath that is to carry it. Raises RefusedError."""
    plan = plan_kernel_vxlan if overlay.kernel_vxlan else plan_userspace_vxlan
    return plan(overlay, masquerade)
