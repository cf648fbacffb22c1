# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IPOption_NOP
from scapy.layers.inet6 import ICMPv6ND_RS, IPv6

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.compiled_table import Route
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.policy import (
    Drop,
    decide_egress,
    decide_ingress,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import Endpoint

from .packets import OTHER_PEER, PEER, forwarding, packet

FORWARDING = forwarding()
NOPS = [IPOption_NOP()] * 40
ROUTER_SOLICITATION = bytes(IPv6(dst="ff02::2") / ICMPv6ND_RS())


def outcome(decision: Route | Drop) -> str | Drop:
    return decision if isinstance(decision, Drop) else decision.endpoint[0]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("to a peer", packet("100.96.1.2", "100.96.2.2"), "10.168.0.12"),
        ("to another peer", packet("100.96.1.2", "100.96.3.255"), "10.168.0.13"),
        ("a subnet without a lease", packet("100.96.1.2", "100.96.9.9"), Drop.NO_ROUTE),
        ("outside the network", packet("100.96.1.2", "192.0.2.1"), Drop.NO_ROUTE),
        ("with options", packet("100.96.1.2", "100.96.2.2", options=NOPS), "10.168.0.12"),
        ("our own subnet", packet("100.96.1.2", "100.96.1.77"), Drop.OWN_SUBNET),
        ("multicast", packet("100.96.1.2", "224.0.0.22"), Drop.MULTICAST),
        ("last multicast", packet("100.96.1.2", "239.255.255.255"), Drop.MULTICAST),
        ("limited broadcast", packet("100.96.1.2", "255.255.255.255"), Drop.BROADCAST),
        ("network's broadcast", packet("100.96.1.2", "100.96.255.255"), Drop.BROADCAST),
        ("router solicitation", ROUTER_SOLICITATION, Drop.IPV6),
        ("nothing", b"", Drop.TRUNCATED),
        ("cut", packet("100.96.1.2", "100.96.2.2")[:-1], Drop.TRUNCATED),
        ("longer than it says", packet("100.96.1.2", "100.96.2.2") + b"x", Drop.MALFORMED),
        ("version 5", b"\x55" + packet()[1:], Drop.NOT_IPV4),
        ("header of 16 bytes", b"\x44" + packet()[1:], Drop.MALFORMED),
    ],
)
def test_egress(name: str, data: bytes, expected: str | Drop) -> None:
    assert outcome(decide_egress(data, len(data), FORWARDING)) == expected, name


@pytest.mark.parametrize(
    ("name", "data", "sender", "expected"),
    [
        ("from a peer", packet(), PEER, "10.168.0.12"),
        ("with options", packet(options=NOPS), PEER, "10.168.0.12"),
        ("header only", packet()[:2] + b"\x00\x14" + packet()[4:20], PEER, "10.168.0.12"),
        ("header beyond it", b"\x4f" + packet()[1:], PEER, Drop.MALFORMED),
        ("total length zero", packet()[:2] + bytes(2) + packet()[4:], PEER, Drop.MALFORMED),
        ("padded", packet() + bytes(9), PEER, "10.168.0.12"),
        ("to our base, the host itself", packet(destination="100.96.1.0"), PEER, "10.168.0.12"),
        ("from the other peer", packet("100.96.3.1"), OTHER_PEER, "10.168.0.13"),
        ("an unknown sender", packet(), ("10.168.0.99", 8285), Drop.UNKNOWN_SENDER),
        ("garbage of an unknown sender", b"", ("10.168.0.99", 8285), Drop.UNKNOWN_SENDER),
        ("a peer's other port", packet(), ("10.168.0.12", 40000), Drop.SOURCE_PORT),
        ("another peer's source", packet("100.96.3.1"), PEER, Drop.INNER_SOURCE),
        ("our own source", packet("100.96.1.9"), PEER, Drop.INNER_SOURCE),
        ("a source in no lease", packet("192.0.2.1"), PEER, Drop.INNER_SOURCE),
        ("to another peer", packet(destination="100.96.3.1"), PEER, Drop.INNER_DESTINATION),
        ("to the underlay", packet(destination="10.168.0.11"), PEER, Drop.INNER_DESTINATION),
        ("to multicast", packet(destination="224.0.0.1"), PEER, Drop.INNER_DESTINATION),
        ("to loopback", packet(destination="127.0.0.1"), PEER, Drop.INNER_DESTINATION),
        ("empty", b"", PEER, Drop.TRUNCATED),
        ("IPv6", ROUTER_SOLICITATION, PEER, Drop.NOT_IPV4),
        ("short IPv6", b"\x60", PEER, Drop.NOT_IPV4),
        ("cut", packet()[:-1], PEER, Drop.TRUNCATED),
        ("header of 16 bytes", b"\x44" + packet()[1:], PEER, Drop.MALFORMED),
    ],
)
def test_ingress(name: str, data: bytes, sender: Endpoint, expected: str | Drop) -> None:
    assert outcome(decide_ingress(data, len(data), sender, FORWARDING)) == expected, name


def test_labels_are_those_of_earlier_releases() -> None:
    """Dashboards, alerts and a process of another release at a handover read them."""
    labels = {reason.name.lower().replace("_", "-"): reason.label for reason in Drop}
    assert labels.pop("unknown-sender") == "stranger"
    assert all(name == label for name, label in labels.items())
    assert [*Drop] == [*range(26)]


def test_a_longer_prefix_of_another_peer_takes_the_source_away() -> None:
    nested = forwarding(
        peers=[
            {"subnet": "100.96.2.0/23", "public_ip": PEER[0]},
            {"subnet": "100.96.3.0/24", "public_ip": OTHER_PEER[0]},
        ]
    )
    data = packet("100.96.3.1")
    assert decide_ingress(data, len(data), PEER, nested) is Drop.INNER_SOURCE
    assert outcome(decide_ingress(data, len(data), OTHER_PEER, nested)) == OTHER_PEER[0]


def test_one_public_ip_with_two_subnets() -> None:
    twice = forwarding(
        peers=[
            {"subnet": "100.96.2.0/24", "public_ip": PEER[0]},
            {"subnet": "100.96.4.0/24", "public_ip": PEER[0]},
        ]
    )
    for source in ("100.96.2.1", "100.96.4.1"):
        data = packet(source)
        assert outcome(decide_ingress(data, len(data), PEER, twice)) == PEER[0]


@given(
    st.binary(max_size=60),
    st.integers(0, 60),
    st.sampled_from([PEER, OTHER_PEER, ("10.168.0.12", 1), ("192.0.2.1", 8285)]),
)
def test_stale_bytes_after_the_length_decide_nothing(
    data: bytes, stale: int, sender: Endpoint
) -> None:
    """The buffer still holds the packet before: only the length given may count."""
    buffer = data + packet()[len(data) :] + bytes(stale)
    alone = data + bytes(60)
    length = len(data)
    assert decide_ingress(buffer, length, sender, FORWARDING) == decide_ingress(
        alone, length, sender, FORWARDING
    )
    assert decide_egress(buffer, length, FORWARDING) == decide_egress(alone, length, FORWARDING)


@given(st.data())
def test_an_accepted_packet_is_complete(draw: st.DataObject) -> None:
    """Any damage to a valid packet: an accepted one is as long as its total length."""
    data = bytearray(packet(options=NOPS[: draw.draw(st.integers(0, 40))]))
    for position in draw.draw(st.lists(st.integers(0, len(data) - 1), max_size=3)):
        data[position] = draw.draw(st.integers(0, 255))
    length = draw.draw(st.integers(0, len(data)))
    if isinstance(decide_ingress(data, length, PEER, FORWARDING), Route):
        assert data[0] >> 4 == 4
        assert 20 <= (data[0] & 15) * 4 <= int.from_bytes(data[2:4], "big") <= length
