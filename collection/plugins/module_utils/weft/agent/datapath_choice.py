# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice between the kernel and the userspace datapath for vxlan."""

from __future__ import annotations

import logging

from ..backends.vxlan import TYPE
from ..host.status import Datapath
from ..kernel.netlink import Netlink

_log = logging.getLogger(__name__)


class DatapathChoice:
    """Selects the datapath of vxlan, once per run of the agent: a running host does not switch."""

    def __init__(self, setting: Datapath, netlink: Netlink) -> None:
        self._setting = setting
        self._netlink = netlink
        self._probed = False
        self.kernel_error: str | None = None
        """Why the preferred kernel datapath is not used; None if it is, or before the test."""

    def kernel_vxlan(self, backend: str) -> bool:
        """Return whether a backend uses the kernel datapath; auto tests for it with a device."""
        if backend != TYPE:
            return False
        if self._setting is not Datapath.AUTO:
            return self._setting is Datapath.KERNEL
        if not self._probed:
            self.kernel_error = self._netlink.probe_vxlan()
            self._probed = True
            if self.kernel_error:
                _log.warning(
                    "the kernel cannot create a VXLAN device (%s): using the userspace datapath",
                    self.kernel_error,
                )
        return self.kernel_error is None
