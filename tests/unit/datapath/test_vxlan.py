# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vxlan import VXLAN

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.policy import (
    Drop,
    vxlan_drop,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import vxlan
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.vxlan import (
    MacError,
    parse_mac,
)

OWN, PEER = "02:77:0a:a8:00:0b", "c6:d2:32:6f:8f:6e"
OTHER = "02:77:0a:a8:00:63"
VNIS = st.integers(0, vxlan.VNI_MAX)
MACS = st.binary(min_size=6, max_size=6)
# Written out by RFC 7348, 5: VNI 1, from c6:d2:32:6f:8f:6e to 02:77:0a:a8:00:0b.
HEADERS = bytes.fromhex("0800000000000100 02770aa8000b c6d2326f8f6e 0800")


def frame(ethertype: int = 0x0800, destination: str = OWN, **header: object) -> bytes:
    fields = {"flags": "Instance", "vni": 1, **header}
    return bytes(VXLAN(**fields) / Ether(dst=destination, src=PEER, type=ethertype) / IP())


def drop(datagram: bytes, vni: int = 1) -> Drop | None:
    return vxlan_drop(datagram, vni, parse_mac(OWN))


def test_the_headers_are_those_of_the_rfc() -> None:
    assert vxlan.push(1, parse_mac(OWN), parse_mac(PEER)) == HEADERS
    assert drop(HEADERS) is None
    assert len(HEADERS) == vxlan.LENGTH == 50 - 28


@given(VNIS, MACS, MACS)
def test_the_headers_are_those_of_scapy(vni: int, destination: bytes, source: bytes) -> None:
    data = vxlan.push(vni, destination, source)
    parsed = VXLAN(data)
    assert (parsed.flags, parsed.vni, data[1:4], data[7]) == ("Instance", vni, bytes(3), 0)
    ethernet = parsed[Ether]
    assert (parse(ethernet.dst), parse(ethernet.src), ethernet.type) == (
        destination,
        source,
        0x0800,
    )


def parse(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


@given(VNIS, VNIS, MACS, MACS)
def test_only_the_own_vni_and_end_are_taken(vni: int, other: int, mac: bytes, to: bytes) -> None:
    data = vxlan.push(other, to, mac)
    expected = Drop.OTHER_VNI if other != vni else Drop.INNER_MAC if to != mac else None
    assert vxlan_drop(data, vni, mac) is expected


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (frame(), None),
        (frame(flags="Instance+G", reserved0=0), None),  # flannel's GBP
        (frame(reserved2=7), None),
        (frame(flags=0), Drop.NO_VNI),
        (frame(vni=2), Drop.OTHER_VNI),
        (frame(vni=1 << 16), Drop.OTHER_VNI),
        (frame(destination=OTHER), Drop.INNER_MAC),
        (frame(destination="ff:ff:ff:ff:ff:ff"), Drop.INNER_MAC),
        (frame(0x86DD), Drop.NOT_IPV4),
        (frame(0x8100), Drop.NOT_IPV4),
        (
            bytes(VXLAN(vni=1) / Ether(dst="ff:ff:ff:ff:ff:ff", src=PEER) / ARP()),
            Drop.NOT_IPV4,
        ),
    ],
)
def test_each_flaw_has_its_reason(datagram: bytes, reason: Drop | None) -> None:
    assert drop(datagram) is reason


@given(st.binary(max_size=60))
def test_any_bytes_have_an_answer(datagram: bytes) -> None:
    found = drop(datagram)
    assert (found is Drop.TRUNCATED) == (len(datagram) < vxlan.LENGTH)
    assert drop(HEADERS[: len(datagram)]) is (None if len(datagram) >= 22 else Drop.TRUNCATED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "02:77",
        "02-77-0a-a8-00-0b",
        "02:77:0a:a8:00:0g",
        "02:77:0a:a8:00:0b:00",
        "02:77:0a:a8:00:0b\n",
    ],
)
def test_a_text_that_is_no_mac(text: str) -> None:
    with pytest.raises(MacError, match="is not a MAC address"):
        parse_mac(text)


@pytest.mark.parametrize("text", ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:00:00:00:00"])
def test_an_address_of_no_single_station(text: str) -> None:
    with pytest.raises(MacError, match="not a unicast MAC address"):
        parse_mac(text)
