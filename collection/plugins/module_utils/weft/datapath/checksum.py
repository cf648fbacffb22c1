# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Internet checksum (RFC 1071)."""

from __future__ import annotations


def internet_checksum(data: bytes | bytearray | memoryview) -> int:
    """Return the 16-bit checksum of `data`; an odd last byte is padded with zero (RFC 1071, 1)."""
    value = int.from_bytes(data, "big") << (8 * (len(data) % 2))
    # 65536 = 1 (mod 65535), so the remainder of the whole number is the one's complement sum.
    remainder = value % 0xFFFF
    # Only data that is all zero sums to 0; every other multiple of 65535 is the other zero, 0xffff.
    total = remainder or (0xFFFF if value else 0)
    return total ^ 0xFFFF
