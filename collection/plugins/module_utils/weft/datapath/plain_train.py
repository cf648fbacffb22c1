# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The train that packets of one size to one peer make as they are read, one behind the other."""

from __future__ import annotations

from .forwarding import Route
from .gso_send import Outbound, Train
from .sockets.packet_io import DATAGRAM_MAX


class PlainTrain:
    """A train laid out in a buffer, `ip` bytes in front of each packet."""

    __slots__ = ("_end", "_ip", "_longest", "_outbound", "_packets", "_route", "_stride", "_view")

    def __init__(self, ip: int, outbound: Outbound) -> None:
        self._ip = ip
        self._outbound = outbound
        self._view = memoryview(b"")
        self._longest = 1
        self._route: Route | None = None
        self._stride = self._packets = self._end = 0

    def begin(self, view: memoryview, longest: int) -> None:
        """Lay what comes into `view`, in trains of `longest` packets at most.

        `view` has room for a whole train and behind it a packet that does not belong to it.
        """
        self._view = view
        self._longest = longest

    def space(self) -> memoryview:
        """Return where the next packet is to be read to."""
        return self._view[self._end + self._ip :]

    def append(self, length: int, route: Route) -> None:
        """Take the packet of `length` bytes in `space`; send what it does not go on with."""
        view, end = self._view, self._end
        size = self._ip + length
        if self._ip:
            view[end : end + self._ip] = route.prefix
        if (
            route is self._route
            and size <= self._stride
            and self._packets < self._longest
            and end + size <= DATAGRAM_MAX
        ):
            self._packets += 1
            self._end = end + size
            if size < self._stride:
                self.flush()  # none may follow a shorter one
            return
        self.flush()
        if end:
            view[:size] = view[end : end + size]
        self._route, self._stride, self._packets, self._end = route, size, 1, size

    def flush(self) -> int:
        """Send the train, if there is one; return where it ended, and `space` began."""
        route, end = self._route, self._end
        if route is None:
            return 0
        self._route = None
        self._end = 0
        if self._packets == 1:
            self._outbound.send_alone([self._view[:end]], end, route)
        else:
            train = Train(route, [self._view[:end]], 0, self._packets, self._stride, end)
            self._outbound.send_train(train)
        return end
