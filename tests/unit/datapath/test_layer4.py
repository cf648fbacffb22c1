# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.checksum import (
    internet_checksum,
    word_sum,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.layer4 import (
    finish_checksum,
    is_correct,
    is_hidden_error,
    is_partial,
)

from .flows import content, tcp, udp


@given(st.binary(max_size=3000))
def test_word_sum_is_the_naive_sum(data: bytes) -> None:
    padded = data + bytes(len(data) % 2)
    naive = sum(int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2))
    assert word_sum(data) == naive % 0xFFFF


def as_partial(packet: bytes) -> bytes:
    """The packet with the pseudo-header's sum in place of its transport checksum."""
    length = len(packet) - 20
    pseudo = packet[12:20] + bytes([0, packet[9]]) + length.to_bytes(2, "big")
    field = 0xFFFF ^ internet_checksum(pseudo)
    position = 36 if packet[9] == 6 else 26
    return packet[:position] + field.to_bytes(2, "big") + packet[position + 2 :]


@pytest.mark.parametrize(
    ("partial", "packet"),
    [
        (False, tcp(content(9))),
        (False, udp(content(9))),
        (False, tcp(content(9), chksum=1)),
        (True, as_partial(tcp(content(9)))),
        (True, as_partial(udp(content(9)))),
        (False, udp(content(9), chksum=0)),
        (False, as_partial(tcp(content(9), ip={"flags": "MF"}))),
        (False, as_partial(tcp(content(9)))[:9] + b"\1" + as_partial(tcp(content(9)))[10:]),
        (False, as_partial(tcp(content(9)))[:39]),
    ],
)
def test_is_partial(partial: bool, packet: bytes) -> None:
    assert is_partial(packet, len(packet)) is partial


def test_is_correct() -> None:
    for packet in (tcp(content(9)), udp(content(9))):
        assert is_correct(packet, len(packet))
    for packet in (tcp(content(9), chksum=1), udp(content(9), chksum=1)):
        assert not is_correct(packet, len(packet))


@given(st.binary(max_size=1500), st.booleans())
def test_a_partial_checksum_is_finished_as_scapy_would(payload: bytes, is_tcp: bool) -> None:
    packet = (tcp if is_tcp else udp)(payload)
    finished = bytearray(as_partial(packet))
    finish_checksum(finished, 20, 16 if is_tcp else 6, len(finished))
    assert bytes(finished) == packet


def test_udp_zero_is_sent_as_ffff() -> None:
    checksum = int.from_bytes(udp(b"\0\0ab")[26:28], "big")
    packet = bytearray(as_partial(udp(checksum.to_bytes(2, "big") + b"ab")))
    finish_checksum(packet, 20, 6, len(packet))
    assert packet[26:28] == b"\xff\xff"


def test_the_coincidence_that_would_launder() -> None:
    """A wrong complete checksum that a peer would take for a partial one."""
    wrong = as_partial(tcp(content(9)))
    assert is_hidden_error(wrong, len(wrong))
    assert not is_hidden_error(tcp(content(9)), 61)
    # A payload whose correct checksum equals the sum of the pseudo-header: it is not dropped.
    empty = as_partial(tcp(b"\0\0"))
    pseudo, rest = int.from_bytes(empty[36:38], "big"), word_sum(empty[20:36] + empty[38:])
    word = -(2 * pseudo + rest) % 0xFFFF
    right = tcp(word.to_bytes(2, "big"))
    assert right == as_partial(right)
    assert not is_hidden_error(right, len(right))
