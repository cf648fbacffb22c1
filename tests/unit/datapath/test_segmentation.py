# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import virtio_net
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.segmentation import (
    gso_layout,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.virtio_net import (
    NetHeader,
)

from .flows import content, cut, redone, tcp, udp

TCP_HEADER = NetHeader(1, virtio_net.GSO_TCPV4, 999, 100, 20, 16)
UDP_HEADER = NetHeader(1, virtio_net.GSO_UDP_L4, 999, 100, 20, 6)


def cut_packet(packet: bytes, header: NetHeader, full: bool = True) -> list[bytes]:
    return cut(virtio_net.push(header) + packet, full)


def test_tcp_is_cut_as_the_kernel_cuts_it() -> None:
    packet = tcp(content(250), seq=0xFFFFFF9C, flags="APFCE", ip={"id": 0xFFFF, "tos": 3})
    pieces = [IP(data) for data in cut_packet(packet, TCP_HEADER)]
    assert [len(piece[TCP].payload) for piece in pieces] == [100, 100, 50]
    assert [piece[TCP].seq for piece in pieces] == [0xFFFFFF9C, 0, 100]
    assert [piece.id for piece in pieces] == [0xFFFF, 0, 1]
    assert [str(piece[TCP].flags) for piece in pieces] == ["AEC", "AE", "FPAE"]
    assert b"".join(bytes(piece[TCP].payload) for piece in pieces) == content(250)
    assert [bytes(piece) for piece in pieces] == [redone(bytes(piece)) for piece in pieces]
    assert all(piece.tos == 3 and piece[TCP].options for piece in pieces)


def test_udp_is_cut_as_the_kernel_cuts_it() -> None:
    pieces = [IP(data) for data in cut_packet(udp(content(201)), UDP_HEADER)]
    assert [piece[UDP].len for piece in pieces] == [108, 108, 9]
    assert [piece.id for piece in pieces] == [1, 2, 3]
    assert [bytes(piece) for piece in pieces] == [redone(bytes(piece)) for piece in pieces]


def test_a_udp_checksum_of_zero_is_sent_as_ffff() -> None:
    """Two bytes of payload that make the sum come out as zero."""
    wrong = udp(b"\0\0" + b"ab")
    checksum = int.from_bytes(wrong[26:28], "big")
    packet = udp(checksum.to_bytes(2, "big") + b"ab")
    (piece,) = cut_packet(packet, UDP_HEADER)
    assert piece[26:28] == b"\xff\xff"


def test_partial_checksums_are_the_pseudo_headers_sum() -> None:
    full = cut_packet(tcp(content(250)), TCP_HEADER)
    for partial, complete in zip(
        cut_packet(tcp(content(250)), TCP_HEADER, full=False), full, strict=True
    ):
        length = len(partial) - 20
        pseudo = partial[12:20] + b"\0\6" + length.to_bytes(2, "big")
        total = sum(int.from_bytes(pseudo[at : at + 2], "big") for at in range(0, 12, 2))
        assert int.from_bytes(partial[36:38], "big") == (total & 0xFFFF) + (total >> 16)
        assert partial[:36] + partial[38:] == complete[:36] + complete[38:]


def test_ip_options_and_fragment_bits_stay() -> None:
    packet = tcp(content(150), ip={"options": b"\1\1\1\1", "flags": ""})
    header = TCP_HEADER._replace(csum_start=24)
    pieces = cut_packet(packet, header)
    assert [bytes(piece) for piece in pieces] == [redone(piece) for piece in pieces]
    assert all(piece[0] == 0x46 and piece[6] == 0 for piece in pieces)


@given(st.integers(1, 3000), st.integers(100, 1460), st.integers(0, 0xFFFF), st.booleans())
def test_every_segment_is_correct_by_scapy(
    size: int, cut_at: int, number: int, is_tcp: bool
) -> None:
    payload = content(size, number)
    packet = (tcp if is_tcp else udp)(payload, ip={"id": number})
    header = (TCP_HEADER if is_tcp else UDP_HEADER)._replace(gso_size=cut_at)
    pieces = cut_packet(packet, header)
    layout = gso_layout(header, packet, len(packet))
    assert layout is not None
    assert b"".join(piece[layout.payload :] for piece in pieces) == payload
    assert pieces == [redone(piece) for piece in pieces]


@pytest.mark.parametrize(
    ("name", "header", "packet"),
    [
        ("no such type", TCP_HEADER._replace(gso_type=4), tcp(content(9))),
        ("no size", TCP_HEADER._replace(gso_size=0), tcp(content(9))),
        ("a complete checksum", TCP_HEADER._replace(flags=0), tcp(content(9))),
        ("the checksum elsewhere", TCP_HEADER._replace(csum_start=24), tcp(content(9))),
        ("UDP said to be TCP", TCP_HEADER, udp(content(90))),
        ("a fragment", TCP_HEADER, tcp(content(9), ip={"flags": "MF"})),
        ("no payload", TCP_HEADER, tcp(b"")),
        ("cut in the header", TCP_HEADER, tcp(content(9))[:39]),
        ("cut after the IP header", UDP_HEADER, udp(content(9))[:20]),
        ("a data offset below 20", TCP_HEADER, tcp(content(9))[:32] + b"\x40" + bytes(28)),
        ("a data offset beyond it", TCP_HEADER, tcp(b"", options=[])[:32] + b"\xf0" + bytes(8)),
    ],
)
def test_packets_that_cannot_be_segmented(name: str, header: NetHeader, packet: bytes) -> None:
    assert gso_layout(header, packet, len(packet)) is None, name


def test_the_ecn_bit_of_the_type_is_no_type_of_its_own() -> None:
    header = TCP_HEADER._replace(gso_type=virtio_net.GSO_TCPV4 | virtio_net.GSO_ECN)
    packet = tcp(content(9))
    assert gso_layout(header, packet, len(packet)) == (0, 20, 52, 6)


def test_the_header_is_as_the_kernel_lays_it_out() -> None:
    header = NetHeader(1, 5, 28, 1400, 20, 6)
    assert virtio_net.pull(virtio_net.push(header)) == header
    assert virtio_net.push(NetHeader()) == virtio_net.PLAIN
    assert len(virtio_net.PLAIN) == virtio_net.LENGTH == 10
