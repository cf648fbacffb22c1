# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets without segmentation and checksum, and how they are written, whole or in segments."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import ipv4, layer4
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.checksum import (
    partial_field,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.partial import (
    finished_segments,
    finishing_header,
    is_single_packet,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.virtio_net import (
    GSO_ECN,
    GSO_NONE,
    GSO_TCPV4,
    GSO_UDP_L4,
    NetHeader,
)

from .flows import content, redone, tcp, udp

MTU = 1450


def unsummed(packet: bytes) -> memoryview:
    """The packet with the pseudo-header's sum in place of its transport checksum."""
    data = bytearray(packet)
    start = ipv4.header_length(data)
    position = layer4.checksum_position(data, len(data))
    assert position is not None
    struct.pack_into(
        "!H", data, position, partial_field(layer4.pseudo_sum(data, len(data) - start))
    )
    return memoryview(data)


def finishing(packet: memoryview, size: int = 0) -> NetHeader | None:
    return finishing_header(packet, len(packet), MTU, size)


@pytest.mark.parametrize("packet", [tcp(content(100)), udp(content(100)), tcp(content(60000))])
def test_a_complete_checksum_is_left_alone(packet: bytes) -> None:
    assert finishing(memoryview(packet)) is None


def test_a_short_packet_is_not_segmented() -> None:
    assert finishing(unsummed(tcp(content(1398)))) == NetHeader(1, GSO_NONE, 0, 0, 20, 16)
    assert finishing(unsummed(tcp(b"", flags="S"))) == NetHeader(1, GSO_NONE, 0, 0, 20, 16)
    assert finishing(unsummed(udp(content(1)))) == NetHeader(1, GSO_NONE, 0, 0, 20, 6)


def test_tcp_is_segmented_by_the_mtu() -> None:
    header = finishing(unsummed(tcp(content(1399))))
    assert header == NetHeader(1, GSO_TCPV4, 0, MTU - 52, 20, 16)
    congested = finishing(unsummed(tcp(content(9000), flags="AC")))
    assert congested == NetHeader(1, GSO_TCPV4 | GSO_ECN, 0, MTU - 52, 20, 16)


def test_udp_is_segmented_by_its_own_size_or_not_at_all() -> None:
    packet = unsummed(udp(content(10000)))
    assert finishing(packet, 1000) == NetHeader(1, GSO_UDP_L4, 0, 1000, 20, 6)
    # A datagram of a link with a larger MTU.
    assert finishing(packet) == NetHeader(1, GSO_NONE, 0, 0, 20, 6)


def test_a_contradictory_data_offset_is_not_segmented() -> None:
    packet = bytearray(tcp(content(9000)))
    for offset in (0x00, 0x40, 0xF0):
        packet[20 + layer4.TCP_DATA_OFFSET] = offset
        header = finishing_header(unsummed(bytes(packet)), len(packet), 80, 0)
        assert header
        assert header.gso_type == GSO_NONE


@given(st.binary(max_size=100), st.integers(0, 2000), st.integers(68, 1500))
def test_any_valid_ipv4_header_has_an_answer(rest: bytes, size: int, mtu: int) -> None:
    packet = bytes(IP(src="100.96.2.2", dst="100.96.1.2", proto=6, len=20 + len(rest)) / rest)
    finishing_header(memoryview(packet), len(packet), mtu, size)


@given(st.integers(1, 9000), st.booleans())
def test_the_pieces_are_right_and_hold_everything(size: int, is_tcp: bool) -> None:
    data = content(MTU + size)
    packet = unsummed((tcp if is_tcp else udp)(data))
    header = finishing(packet, 700)
    assert header
    pieces = [
        headers + bytes(payload)
        for headers, payload in finished_segments(header, packet, len(packet))
    ]
    assert all(len(piece) <= MTU and piece == redone(piece) for piece in pieces)
    skipped = 52 if is_tcp else 28
    assert b"".join(piece[skipped:] for piece in pieces) == data


def test_a_udp_gro_batch_is_not_one_packet() -> None:
    one, front = udp(content(5000)), bytes(22)
    assert is_single_packet(memoryview(front + one), 22, 22 + len(one))
    batch = (front + udp(content(500))) * 10
    assert not is_single_packet(memoryview(batch), 22, len(batch))
    assert not is_single_packet(memoryview(front), 22, 22)
