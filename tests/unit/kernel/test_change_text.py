# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
from ipaddress import IPv4Address, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.change_text import (
    describe,
    explain_errno,
    summarise,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.difference import (
    Add,
    Change,
    Remove,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    Device,
    FdbEntry,
    MacAddress,
    Neighbour,
    Route,
    VxlanDevice,
)

MAC = "02:77:0a:a8:00:0c"
VXLAN = VxlanDevice("flannel.1", 1, "eth0", IPv4Address("10.168.0.11"), 8472, MAC)
ROUTE = Route(IPv4Network("100.96.2.0/24"), "flannel.1", IPv4Address("100.96.2.0"), on_link=True)
NEIGHBOUR = Neighbour("flannel.1", IPv4Address("100.96.2.0"), MAC)
FDB = FdbEntry("flannel.1", MAC, IPv4Address("10.168.0.12"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Add(VXLAN), "add device flannel.1, VNI 1, local 10.168.0.11:8472, dev eth0"),
        (Remove(VXLAN), "remove device flannel.1, VNI 1, local 10.168.0.11:8472, dev eth0"),
        (Add(MacAddress("flannel.1", MAC)), f"set the MAC address of flannel.1 to {MAC}"),
        (Add(NEIGHBOUR), f"add neighbour 100.96.2.0 lladdr {MAC} dev flannel.1"),
        (Remove(FDB), f"remove FDB entry {MAC} dst 10.168.0.12 dev flannel.1"),
        (Add(ROUTE), "add route 100.96.2.0/24 via 100.96.2.0 dev flannel.1"),
    ],
)
def test_the_text_of_a_change(change: Change, words: str) -> None:
    assert describe(change) == words


def test_many_changes_are_counted() -> None:
    assert summarise([Remove(ROUTE), Add(FDB), Add(NEIGHBOUR), Add(FDB)]) == [
        "removed routes: 1",
        "added FDB entries: 2",
        "added neighbours: 1",
    ]


@pytest.mark.parametrize(
    ("code", "change", "words"),
    [
        (errno.EEXIST, Add(ROUTE), "ip route show 100.96.2.0/24"),
        (errno.EEXIST, Add(VXLAN), "VNI 1 on port 8472"),
        (errno.EOPNOTSUPP, Add(VXLAN), "load the module vxlan"),
        (errno.EADDRINUSE, Add(Device("flannel.1", 1450)), "ss -lunp"),
        (errno.ENODEV, Add(FDB), "no such device"),
        (errno.EEXIST, Add(FDB), "EEXIST"),
    ],
)
def test_an_errno_has_a_reason_and_a_fix(code: int, change: Change, words: str) -> None:
    assert words in explain_errno(code, change)
