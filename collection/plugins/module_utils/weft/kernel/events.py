# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlink event sockets: readable when the kernel's state has changed.

The events are those of links, addresses, routes, forwarding and nftables rules. Their content is
not used: the agent compares the whole state, so a wake-up is enough and an event lost to a full
buffer does no harm.
"""

from __future__ import annotations

import contextlib
import socket

# linux/netlink.h, linux/rtnetlink.h, linux/netfilter/nfnetlink.h
_NETLINK_ROUTE = 0
_NETLINK_NETFILTER = 12
_SOL_NETLINK = 270
_NETLINK_ADD_MEMBERSHIP = 1
_RTNLGRP_LINK = 1
_RTNLGRP_IPV4_IFADDR = 5
_RTNLGRP_IPV4_ROUTE = 7
_RTNLGRP_IPV4_NETCONF = 24
_NFNLGRP_NFTABLES = 7


def open_event_sockets() -> list[socket.socket]:
    """Return non-blocking sockets; the one for nftables only if the kernel has nf_tables."""
    event_sockets = [
        _event_socket(
            _NETLINK_ROUTE,
            _RTNLGRP_LINK,
            _RTNLGRP_IPV4_IFADDR,
            _RTNLGRP_IPV4_ROUTE,
            _RTNLGRP_IPV4_NETCONF,
        )
    ]
    # Without nf_tables, the agent checks the rules by its timer only.
    with contextlib.suppress(OSError):
        event_sockets.append(_event_socket(_NETLINK_NETFILTER, _NFNLGRP_NFTABLES))
    return event_sockets


def drain(event_socket: socket.socket) -> None:
    """Read and discard all pending events."""
    try:
        while event_socket.recv(65536):
            pass
    except BlockingIOError:
        return
    except OSError:
        return  # ENOBUFS: events were lost, but the socket has become readable


def _event_socket(family: int, *groups: int) -> socket.socket:
    event_socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, family)
    try:
        event_socket.bind((0, 0))
        for group in groups:
            event_socket.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, group)
        event_socket.setblocking(False)
    except OSError:
        event_socket.close()
        raise
    return event_socket
