# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers are those of iproute2 6.1 on a host with backend vxlan, shortened."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.host_state import (
    EntryKind,
    PeerEntry,
    datapath_peers,
    own_devices,
    peer_fdb_entries,
    peer_neighbours,
    peer_routes,
    stale_entries,
)

LINKS = """[{},
{"ifname": "flannel.1", "ifalias": "weft", "linkinfo": {"info_kind": "vxlan"}},
{"ifname": "flannel.2", "linkinfo": {"info_kind": "vxlan"}},
{"ifname": "flannel0", "ifalias": "weft", "linkinfo": {"info_kind": "tun"}},
{"ifname": "eth0", "ifalias": "weft"},
{"ifname": "br0", "ifalias": "weft", "linkinfo": {"info_kind": "bridge"}}]"""
ROUTES = """[{"dst": "100.96.2.0/24", "gateway": "100.96.2.0", "dev": "flannel.1",
"flags": ["onlink"]},
{"dst": "100.96.0.0/16", "dev": "flannel0", "scope": "253", "flags": []}]"""
NEIGHBOURS = '[{"dst": "100.96.2.0", "lladdr": "7a:de:04:bd:0c:11", "state": ["PERMANENT"]}]'
FDB = """[{"mac": "7a:de:04:bd:0c:11", "dst": "192.0.2.12", "flags": ["self"]},
{"mac": "33:33:00:00:00:01", "flags": ["self"], "state": "permanent"}]"""

SECOND = IPv4Network("100.96.2.0/24")
ADDRESS = IPv4Address("192.0.2.12")
ROUTE = PeerEntry(EntryKind.ROUTE, SECOND, device="flannel.1")
NEIGHBOUR = PeerEntry(EntryKind.NEIGHBOUR, IPv4Network("100.96.2.0/32"), device="flannel.1")
FDB_ENTRY = PeerEntry(EntryKind.FDB, public_ip=ADDRESS, device="flannel.1")
DATAPATH = PeerEntry(EntryKind.DATAPATH, SECOND, ADDRESS)


def test_devices_are_told_by_alias_and_kind() -> None:
    assert own_devices(LINKS) == ("flannel.1", "flannel0")
    assert own_devices("") == ()


def test_entries_are_read_with_what_they_lead_to() -> None:
    assert list(peer_routes(ROUTES)) == [ROUTE]
    assert list(peer_neighbours(NEIGHBOURS, "flannel.1")) == [NEIGHBOUR]
    assert list(peer_fdb_entries(FDB, "flannel.1")) == [FDB_ENTRY]
    peer = {"subnet": str(SECOND), "public_ip": str(ADDRESS), "packets_in": 7}
    assert list(datapath_peers([peer])) == [DATAPATH]


@pytest.mark.parametrize("entry", [ROUTE, NEIGHBOUR, FDB_ENTRY, DATAPATH])
def test_an_entry_is_a_stray_once_its_lease_is_gone(entry: PeerEntry) -> None:
    others = {IPv4Network("100.96.3.0/24"): IPv4Address("192.0.2.13")}
    assert stale_entries([entry], {**others, SECOND: ADDRESS}) == ()
    assert stale_entries([entry], others) == (entry,)


def test_a_subnet_that_another_host_holds_now_does_not_account_for_the_old_address() -> None:
    moved = {SECOND: IPv4Address("192.0.2.99")}
    assert stale_entries([ROUTE, NEIGHBOUR, FDB_ENTRY, DATAPATH], moved) == (FDB_ENTRY, DATAPATH)
