# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fragmenting an IPv4 packet (RFC 791, 3.2) for a path that is narrower than the device."""

from __future__ import annotations

import struct

from . import ipv4
from .checksum import complete_field, word_sum

_WORD = struct.Struct("!H")
_UNIT = 8  # bytes: offsets count in these
_OPTION_END = 0
_OPTION_NO_OPERATION = 1
_OPTION_COPIED = 0x80


def fragments(packet: bytes, limit: int) -> list[bytes]:
    """Return `packet` in fragments of at most `limit` bytes; a fragment is fragmented further.

    The packet must be complete and without DF; `limit` must exceed its header by at least 8 bytes.
    """
    length = ipv4.header_length(packet)
    payload = packet[length:]
    (own,) = _WORD.unpack_from(packet, ipv4.FRAGMENT)
    first, later = packet[:length], _later_header(packet[:length])
    pieces: list[bytes] = []
    at = 0
    while at < len(payload):
        header = bytearray(later if at else first)
        space = (limit - len(header)) // _UNIT * _UNIT
        piece = payload[at : at + space]
        more = own & ipv4.MORE_FRAGMENTS or (
            ipv4.MORE_FRAGMENTS if at + len(piece) < len(payload) else 0
        )
        offset = (own & ipv4.FRAGMENT_OFFSET_MASK) + at // _UNIT
        _WORD.pack_into(header, ipv4.TOTAL_LENGTH, len(header) + len(piece))
        _WORD.pack_into(header, ipv4.FRAGMENT, more | offset)
        _WORD.pack_into(header, ipv4.CHECKSUM, 0)
        _WORD.pack_into(header, ipv4.CHECKSUM, complete_field(word_sum(header)))
        pieces.append(bytes(header) + piece)
        at += len(piece)
    return pieces


def _later_header(header: bytes) -> bytes:
    """Return the header of the fragments after the first, with the options to be copied only."""
    options, kept, at = header[ipv4.HEADER_LENGTH :], b"", 0
    while at < len(options) and options[at] != _OPTION_END:
        if options[at] == _OPTION_NO_OPERATION:
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if size < 2 or at + size > len(options):
            break
        if options[at] & _OPTION_COPIED:
            kept += options[at : at + size]
        at += size
    kept += bytes(-len(kept) % 4)
    version = 0x40 | (ipv4.HEADER_LENGTH + len(kept)) // 4
    return bytes([version]) + header[1 : ipv4.HEADER_LENGTH] + kept
