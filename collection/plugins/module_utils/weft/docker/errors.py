# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of the errors about settings of Docker's bridge."""

from __future__ import annotations

from ..errors import WeftError


class BridgeError(WeftError, ValueError):
    """A setting of the bridge is invalid; the message names the value, the reason and the fix.

    Nothing has been written.
    """
