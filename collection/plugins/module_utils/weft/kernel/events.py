# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doorbells of the kernel: sockets that become readable when links, routes or rules change.

What changed is not read from them: the agent reconciles by level, so a bell is enough, and a
message lost to a full buffer costs nothing.
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
_NFNLGRP_NFTABLES = 7


def open_bells() -> list[socket.socket]:
    """Non-blocking sockets to wait on; the firewall's only where the kernel grants it."""
    bells = [_bell(_NETLINK_ROUTE, _RTNLGRP_LINK, _RTNLGRP_IPV4_IFADDR, _RTNLGRP_IPV4_ROUTE)]
    # Without nf_tables in the kernel, the timer alone watches the rules.
    with contextlib.suppress(OSError):
        bells.append(_bell(_NETLINK_NETFILTER, _NFNLGRP_NFTABLES))
    return bells


def silence(bell: socket.socket) -> None:
    """Read away what a bell holds."""
    try:
        while bell.recv(65536):
            pass
    except BlockingIOError:
        return
    except OSError:
        return  # ENOBUFS: messages were lost, and the bell has rung all the same


def _bell(family: int, *groups: int) -> socket.socket:
    bell = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, family)
    try:
        bell.bind((0, 0))
        for group in groups:
            bell.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, group)
        bell.setblocking(False)
    except OSError:
        bell.close()
        raise
    return bell
