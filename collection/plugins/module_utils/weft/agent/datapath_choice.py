# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which datapath carries a backend that both could: the kernel's or weft's own."""

from __future__ import annotations

import logging

from ..backends.vtep import TYPE
from ..host.status import Datapath
from ..kernel.netlink import Netlink

_log = logging.getLogger(__name__)


class DatapathChoice:
    """Decides once in the life of the agent: a running host does not change by itself."""

    def __init__(self, asked: Datapath, netlink: Netlink) -> None:
        self._asked = asked
        self._netlink = netlink
        self._probed = False
        self.refusal: str | None = None
        """Why the kernel does not carry although it was preferred, once that is known."""

    def kernel_vxlan(self, backend: str) -> bool:
        """Tell whether the kernel is to carry VXLAN; for auto, a device is made to find out."""
        if backend != TYPE:
            return False
        if self._asked is not Datapath.AUTO:
            return self._asked is Datapath.KERNEL
        if not self._probed:
            self.refusal = self._netlink.probe_vxlan()
            self._probed = True
            if self.refusal:
                _log.warning(
                    "the kernel makes no VXLAN device (%s): the userspace datapath carries",
                    self.refusal,
                )
        return self.refusal is None
