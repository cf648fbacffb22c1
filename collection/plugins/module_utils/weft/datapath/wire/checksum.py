# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Internet checksum (RFC 1071), complete and partial.

65536 = 1 (mod 65535), so the one's complement sum of 16-bit words is the remainder by 65535 of
the number that the bytes spell; of its two zeros only data that is all zero sums to 0x0000.
"""

from __future__ import annotations

from typing import TypeAlias

Data: TypeAlias = "bytes | bytearray | memoryview"

# Halving a long number costs less than dividing all of it; a multiple of 16 bits keeps the words.
_HALF = 5760
_HALF_MASK = (1 << _HALF) - 1
_QUARTER = 2880
_QUARTER_MASK = (1 << _QUARTER) - 1


def internet_checksum(data: Data) -> int:
    """Return the 16-bit checksum of `data`; an odd last byte is padded with zero (RFC 1071, 1)."""
    value = int.from_bytes(data, "big") << (8 * (len(data) % 2))
    total = value % 0xFFFF or (0xFFFF if value else 0)
    return total ^ 0xFFFF


def word_sum(data: Data) -> int:
    """Return the sum of the 16-bit words of `data` modulo 65535, the odd byte padded with zero."""
    value = int.from_bytes(data, "big")
    if len(data) & 1:
        value <<= 8
    if value > _HALF_MASK:
        value = (value >> _HALF) + (value & _HALF_MASK)
        value = (value >> _QUARTER) + (value & _QUARTER_MASK)
    return value % 0xFFFF


def partial_field(pseudo_sum: int) -> int:
    """Return the checksum field of a packet whose checksum is partial.

    It is the folded sum of the pseudo-header, not inverted (CHECKSUM_PARTIAL, linux/skbuff.h).
    """
    return pseudo_sum % 0xFFFF or 0xFFFF


def complete_field(total: int) -> int:
    """Return the checksum of words whose sum, without the checksum field, is `total`."""
    return -total % 0xFFFF
