# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import (
    TableError,
    Vtep,
    parse_table,
)

from .packets import document


def test_round_trip_through_json() -> None:
    table = parse_table(document())
    assert parse_table(json.loads(json.dumps(table.to_document()))) == table
    assert table.to_document() == document()


PEER = {"subnet": "100.96.2.0/24", "public_ip": "10.168.0.12"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend": "gre"}, "backend: 'gre' is not one of udp, vxlan"),
        ({"backend": []}, r"backend: \[\] is not one of"),
        ({"backend": "vxlan"}, "the table: missing vni, vtep_mac"),
        ({"vni": 1}, "the table: unknown 'vni'"),
        ({"device": ""}, "device: ''"),
        ({"device": "sixteencharacter"}, "1 to 15 ASCII characters"),
        ({"device": "tun%d"}, "device: 'tun%d'"),
        ({"device": "../x"}, "device: '../x'"),
        ({"device": ".."}, "device: '..'"),
        ({"device": 7}, "device: 7"),
        ({"bind": "10.168.0"}, "bind: "),
        ({"bind": 1}, "bind: 1 is not an IPv4 address"),
        ({"bind": "224.0.0.1"}, "bind: 224.0.0.1 is not a host address"),
        ({"port": 0}, "port: 0 is not a whole number from 1 to 65535"),
        ({"port": 65536}, "port: 65536"),
        ({"port": "8285"}, "port: '8285'"),
        ({"port": True}, "port: True"),
        ({"mtu": 67}, "mtu: 67"),
        ({"mtu": 65508}, "mtu: 65508"),
        ({"mtu": 1472.0}, "mtu: 1472.0"),
        ({"network": "100.96.0.1/16"}, "network: 100.96.0.1/16 has host bits set"),
        ({"network": "100.96.0.0"}, "network: '100.96.0.0' is not an IPv4 subnet"),
        ({"subnet": "100.97.1.0/24"}, "subnet: 100.97.1.0/24 is not inside the network"),
        ({"peers": {}}, "peers: expected a list, got dict"),
        ({"peers": [7]}, r"peers\[0\]: expected an object, got int"),
        ({"peers": [{"subnet": "100.96.2.0/24"}]}, r"peers\[0\]: missing public_ip"),
        ({"peers": [PEER, {**PEER, "mac": "x"}]}, r"peers\[1\]: unknown 'mac'"),
        ({"peers": [{**PEER, "public_ip": "0.0.0.0"}]}, "0.0.0.0 is not a host address"),
        ({"peers": [{**PEER, "subnet": "100.97.0.0/24"}]}, "not inside the network"),
        ({"peers": [{**PEER, "subnet": "100.96.1.128/25"}]}, "overlaps our own subnet"),
        ({"peers": [{**PEER, "subnet": "100.96.0.0/20"}]}, "overlaps our own subnet"),
        ({"peers": [PEER, {**PEER, "public_ip": "10.0.0.1"}]}, "both hold 100.96.2.0/24"),
        ({"device": "\ud800"}, "ASCII"),
        ({"device": "eth\0"}, "ASCII"),
        ({"device": "flannelü"}, "ASCII"),
        ({"colour": "blue"}, "the table: unknown 'colour'; known are backend"),
    ],
)
def test_refusals_name_the_value(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TableError, match=message):
        parse_table(document(**changes))


@pytest.mark.parametrize("value", [None, [], "table", 7])
def test_only_an_object_is_a_table(value: object) -> None:
    with pytest.raises(TableError, match="the table: expected an object"):
        parse_table(value)


@pytest.mark.parametrize("key", sorted(document()))
def test_every_key_is_required(key: str) -> None:
    incomplete = document()
    del incomplete[key]
    with pytest.raises(TableError, match=f"missing {key}"):
        parse_table(incomplete)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(document())), JSON)
def test_any_json_is_a_table_or_a_table_error(key: str, value: object) -> None:
    try:
        table = parse_table(document(**{key: value}))
    except TableError:
        return
    assert parse_table(table.to_document()) == table


def test_offloads_and_announcements_are_optional_and_kept() -> None:
    peers = document()["peers"]
    peers[0]["partial_checksum"] = True
    given = document(peers=peers, offloads={"udp-gso": False})
    table = parse_table(given)
    assert table.offloads_disabled == {"udp-gso"}
    assert [peer.partial_checksum for peer in table.peers] == [True, False]
    assert table.to_document() == given
    assert parse_table(document(offloads={"udp-gso": True})).offloads_disabled == frozenset()


def test_the_default_is_one_queue() -> None:
    assert parse_table(document()).queues == 1
    given = document(queues=2)
    assert parse_table(given).queues == 2
    assert parse_table(given).to_document() == given


@pytest.mark.parametrize("queues", [0, -1, 65, True, 1.5, "2", "auto", None])
def test_a_wrong_count_of_queues_is_named(queues: object) -> None:
    with pytest.raises(TableError, match=rf"queues: {queues!r} is not a whole number from 1 to 64"):
        parse_table(document(queues=queues))


@pytest.mark.parametrize(
    ("offloads", "message"),
    [
        (["udp-gso"], "offloads: expected an object"),
        ({"udp-gso": 0}, "offloads.udp-gso: 0 is not true or false"),
        ({"magic": True}, "offloads: unknown 'magic'; known are udp-gso"),
    ],
)
def test_wrong_offloads_are_named(offloads: object, message: str) -> None:
    with pytest.raises(TableError, match=message):
        parse_table(document(offloads=offloads))


def vxlan_document(**changes: Any) -> dict[str, Any]:
    peers = [{**PEER, "vtep_mac": "02:77:0a:a8:00:0c"}]
    own = {"backend": "vxlan", "vni": 7, "vtep_mac": "02:77:0a:a8:00:0b"}
    return document(**{**own, "peers": peers, **changes})


def test_a_vxlan_table_has_both_vteps() -> None:
    table = parse_table(vxlan_document())
    assert table.vtep == Vtep(7, "02:77:0a:a8:00:0b")
    assert table.peers[0].vtep_mac == "02:77:0a:a8:00:0c"
    assert table.to_document() == vxlan_document()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vni": 2**24}, "vni: 16777216 is not a whole number from 0 to 16777215"),
        ({"vni": None}, "vni: None"),
        ({"vtep_mac": 7}, "vtep_mac: 7 is not a MAC address"),
        ({"vtep_mac": "ff:ff:ff:ff:ff:ff"}, "vtep_mac: .* not a unicast MAC address"),
        ({"peers": [PEER]}, r"peers\[0\]: missing vtep_mac"),
        ({"peers": [{**PEER, "vtep_mac": "x"}]}, r"peers\[0\].vtep_mac: 'x' is not a MAC"),
    ],
)
def test_refusals_of_vxlan_name_the_value(changes: dict[str, Any], message: str) -> None:
    fields = {**vxlan_document(), **changes}
    with pytest.raises(TableError, match=message):
        parse_table(fields)
