# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, IPOption_NOP
from scapy.packet import Raw

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.icmp import (
    Unreachable,
    destination_unreachable,
    may_report,
)

from .packets import packet


@given(
    size=st.integers(0, 1444),
    options=st.integers(0, 10),
    code=st.sampled_from(Unreachable),
)
def test_scapy_reads_what_was_meant(size: int, options: int, code: Unreachable) -> None:
    offending = packet(
        "100.96.1.2", "100.96.9.9", size, options=[IPOption_NOP()] * (4 * options), id=77
    )
    answer = destination_unreachable(offending, code)
    read = IP(answer)
    assert (read.src, read.dst, read.proto, read.len) == (
        "100.96.9.9",
        "100.96.1.2",
        1,
        len(answer),
    )
    assert (read.tos, read.frag, read.ihl) == (0xC0, 0, 5)
    assert (read[ICMP].type, read[ICMP].code) == (3, code)
    # RFC 1812, 4.3.2.3: as much of the original as fits into 576 bytes.
    assert answer[28:] == offending[: 576 - 28]
    rebuilt = read.copy()
    del rebuilt.chksum, rebuilt[ICMP].chksum
    assert bytes(rebuilt)[10:12] == answer[10:12], "header checksum"
    assert bytes(rebuilt)[22:24] == answer[22:24], "message checksum"


def ip(**fields: Any) -> Any:
    return IP(src="100.96.1.2", **{"dst": "100.96.9.9", **fields})


@pytest.mark.parametrize(
    ("name", "offending", "expected"),
    [
        ("UDP", packet("100.96.1.2", "100.96.9.9"), True),
        ("TCP", ip() / TCP(), True),
        ("echo request", ip() / ICMP(type=8), True),
        ("echo reply", ip() / ICMP(type=0), True),
        ("destination unreachable", ip() / ICMP(type=3), False),
        ("source quench", ip() / ICMP(type=4), False),
        ("redirect", ip() / ICMP(type=5), False),
        ("time exceeded", ip() / ICMP(type=11), False),
        ("parameter problem", ip() / ICMP(type=12), False),
        ("error behind options", ip(options=[IPOption_NOP()] * 4) / ICMP(type=3), False),
        ("echo behind options", ip(options=[IPOption_NOP()] * 4) / ICMP(type=8), True),
        ("ICMP without a message", ip(proto=1), False),
        ("first fragment", ip(flags="MF") / TCP(), True),
        ("later fragment", ip(flags="MF", frag=1, proto=17) / Raw(b"x" * 8), False),
        ("last fragment", ip(frag=8191, proto=17) / Raw(b"x" * 8), False),
        ("do not fragment", ip(flags="DF") / TCP(), True),
        ("multicast", ip(dst="224.0.0.5") / TCP(), False),
        ("broadcast", ip(dst="255.255.255.255") / TCP(), False),
        ("from nowhere", IP(src="0.0.0.0", dst="100.96.9.9") / TCP(), False),
        ("from this network", IP(src="0.1.2.3", dst="100.96.9.9") / TCP(), False),
        ("from loopback", IP(src="127.0.0.1", dst="100.96.9.9") / TCP(), False),
        ("from multicast", IP(src="224.0.0.1", dst="100.96.9.9") / TCP(), False),
        ("from class E", IP(src="240.0.0.1", dst="100.96.9.9") / TCP(), False),
        ("from broadcast", IP(src="255.255.255.255", dst="100.96.9.9") / TCP(), False),
    ],
)
def test_may_report(name: str, offending: Any, expected: bool) -> None:
    assert may_report(bytes(offending)) is expected, name


def test_never_about_its_own_messages() -> None:
    answer = destination_unreachable(packet("100.96.1.2", "100.96.9.9"), Unreachable.NET)
    assert not may_report(answer)
