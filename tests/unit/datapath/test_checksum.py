# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scapy.utils import checksum as scapy_checksum

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.checksum import (
    internet_checksum,
)


def test_example_of_rfc_1071() -> None:
    # Section 3: the sum of these words is ddf2, the checksum its complement.
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF ^ 0xDDF2


def test_the_two_zeros_of_one_s_complement() -> None:
    assert internet_checksum(b"") == 0xFFFF
    assert internet_checksum(bytes(20)) == 0xFFFF
    assert internet_checksum(b"\xff\xff") == 0
    assert internet_checksum(b"\xff\xfe\x00\x01") == 0


@given(st.binary(max_size=2048))
def test_agrees_with_scapy(data: bytes) -> None:
    assert internet_checksum(data) == scapy_checksum(data)


@given(st.binary(min_size=2, max_size=256).filter(lambda data: len(data) % 2 == 0))
def test_data_with_its_own_checksum_sums_to_zero(data: bytes) -> None:
    assert internet_checksum(data + internet_checksum(data).to_bytes(2, "big")) == 0
