# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.arp_probe import sender_mac

ADDRESS = IPv4Address("10.168.0.11")
MAC = bytes.fromhex("525400123456")
ETHERNET_IPV4 = bytes.fromhex("0001080006040002")
# An answer to a probe: 10.168.0.11 is at 52:54:00:12:34:56.
ANSWER = ETHERNET_IPV4 + MAC + ADDRESS.packed + bytes(10)


def test_an_answer_and_a_request_of_who_has_the_address_claim_it() -> None:
    assert sender_mac(ANSWER, ADDRESS) == MAC
    request = ANSWER[:7] + b"\x01" + ANSWER[8:]
    assert sender_mac(request, ADDRESS) == MAC
    # Frames are filled up to the least length of Ethernet.
    assert sender_mac(ANSWER + bytes(18), ADDRESS) == MAC


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        ANSWER[:-1],
        ETHERNET_IPV4 + MAC + IPv4Address("10.168.0.12").packed + bytes(6) + ADDRESS.packed,
        # A probe, such as our own.
        ETHERNET_IPV4 + MAC + bytes(10) + ADDRESS.packed,
        b"\x00\x06" + ANSWER[2:],
    ],
)
def test_what_says_nothing_of_the_address_claims_nothing(packet: bytes) -> None:
    assert sender_mac(packet, ADDRESS) is None
