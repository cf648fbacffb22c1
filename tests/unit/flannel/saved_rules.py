# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""flannel's rules as iptables-save prints them, and one in FORWARD as older releases had it."""

from __future__ import annotations

FLANNEL_NAT = """\
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 100.96.2.0/24 -d 100.96.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 100.96.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" \
-j MASQUERADE --random-fully
"""
FLANNEL_FILTER = """\
:FLANNEL-FWD - [0:0]
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FORWARD -s 100.96.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -s 100.96.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 100.96.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
"""


def with_flannel(saved: str) -> str:
    """The same host with flannel's rules behind its own, where flannel appends them."""
    filter_table, nat = saved.split("COMMIT\n", 1)
    return (
        f"{filter_table}{FLANNEL_FILTER}COMMIT\n{nat.replace('COMMIT', FLANNEL_NAT + 'COMMIT', 1)}"
    )
