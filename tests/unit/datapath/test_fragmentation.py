# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, IPOption, IPOption_RR, defragment

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.fragmentation import (
    fragments,
)

from .flows import content, redone, udp

RECORD_ROUTE = IPOption_RR(length=7, pointer=4, routers=["0.0.0.0"])
COPIED = IPOption(copy_flag=1, option=9, length=4, value=b"\1\2")


@given(st.integers(100, 5000), st.integers(68, 1472))
def test_scapy_puts_the_fragments_together(size: int, limit: int) -> None:
    packet = udp(content(size), ip={"flags": "", "id": 77})
    pieces = fragments(packet, limit)
    assert all(len(piece) <= limit and is_correct(piece) for piece in pieces)
    assert all((len(piece) - 20) % 8 == 0 for piece in pieces[:-1])
    whole = defragment([IP(piece) for piece in pieces])
    assert [redone(bytes(one)) for one in whole] == [redone(packet)]


def is_correct(piece: bytes) -> bool:
    header = IP(piece[:20], len=len(piece))
    del header.chksum
    return bytes(header)[:20] == piece[:20]


def test_only_options_to_be_copied_are_in_later_fragments() -> None:
    packet = udp(content(200), ip={"flags": "", "options": [RECORD_ROUTE, COPIED]})
    first, *later = (IP(piece) for piece in fragments(packet, 100))
    assert bytes(first)[20 : first.ihl * 4] == packet[20 : IP(packet).ihl * 4]
    assert len(later) > 1
    assert all(bytes(piece)[20:24] == bytes(COPIED) and piece.ihl == 6 for piece in later)


@pytest.mark.parametrize("more", [True, False])
def test_a_fragment_is_cut_further(more: bool) -> None:
    packet = udp(content(200), ip={"flags": "MF" if more else "", "frag": 10})
    pieces = [IP(piece) for piece in fragments(packet, 100)]
    assert [piece.frag for piece in pieces] == [10, 20, 30]
    assert [bool(piece.flags.MF) for piece in pieces] == [True, True, more]


def test_options_that_lie_do_not_break_it() -> None:
    packet = bytearray(udp(content(200), ip={"flags": "", "options": [RECORD_ROUTE]}))
    packet[21] = 99
    assert b"".join(IP(piece).payload.original for piece in fragments(bytes(packet), 100))
