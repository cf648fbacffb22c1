# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The word sums of all packets of a batch, by one call if NumPy is installed.

A checksum in pure Python costs a call and a long division for each packet. NumPy sums all packets
of a batch by one call, some fifteen times as fast. It is optional, and not used for small batches.
"""

from __future__ import annotations

import sys
from typing import Any

from .checksum import Data, word_sum

numpy: Any
try:
    import numpy
except ImportError:
    numpy = None

# Whether complete checksums are so cheap that segmenting GSO packets pays off with them, too.
VECTORISED = numpy is not None
# From this many packets on, one call of NumPy is cheaper.
_FEW = 4
_SWAPPED = sys.byteorder == "little"


def word_sums(data: Data, start: int, stride: int, length: int, count: int) -> list[int]:
    """Return the `word_sum` of `count` slices of `length` bytes, `stride` apart from `start` on."""
    if count < _FEW or not VECTORISED or length % 2:
        ends = range(start + length, start + length + count * stride, stride)
        return [word_sum(data[end - length : end]) for end in ends]
    # The byte order of the words only swaps the bytes of their sum (RFC 1071, 2 B), and words of
    # four bytes have the same sum modulo 65535.
    width = 2 if length % 4 else 4
    words = numpy.ndarray((count, length // width), f"=u{width}", data, start, (stride, width))
    sums: list[int] = (words.sum(axis=1, dtype=numpy.uint64) % 0xFFFF).tolist()
    if _SWAPPED:
        return [(total & 0xFF) << 8 | total >> 8 for total in sums]
    return sums
