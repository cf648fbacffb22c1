# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets that the datapath may output, by the wire formats alone: the oracle of the fuzzing.

It shares no code with the datapath: RFC 791 and 9293, and the kernel's contract of virtio-net.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

NET_HEADER = struct.Struct("=BBHHHH")
CHECKSUMS = {6: 16, 17: 6}


@dataclass(frozen=True, slots=True)
class Packet:
    """An inner packet as bytes, cut to its total length."""

    data: bytes

    @property
    def header(self) -> int:
        return (self.data[0] & 15) * 4

    @property
    def keeps_its_number(self) -> bool:
        """Without DF the identification counts."""
        return not self.data[6] & 0x40

    def is_fragment(self) -> bool:
        return bool(int.from_bytes(self.data[6:8], "big") & 0x3FFF)

    def finished(self) -> Packet:
        """The packet as a kernel finishes it, if its checksum is the pseudo-header's sum."""
        offset = CHECKSUMS.get(self.data[9])
        at = self.header + (offset or 0)
        least = {6: 20, 17: 8}.get(self.data[9], 0)
        if offset is None or self.is_fragment() or self.header + least > len(self.data):
            return self
        partial = folded(self.pseudo())
        if int.from_bytes(self.data[at : at + 2], "big") != partial:
            return self
        total = 0xFFFF ^ folded(words(self.data[self.header :]))
        return Packet(self.data[:at] + self.filled(total) + self.data[at + 2 :])

    def pseudo(self) -> int:
        return words(self.data[12:20]) + self.data[9] + len(self.data) - self.header

    def filled(self, checksum: int) -> bytes:
        return (checksum or (0xFFFF if self.data[9] == 17 else 0)).to_bytes(2, "big")

    def same_flow_form(self) -> bytes:
        """The bytes that coalescing keeps: with DF, not the identification and IP checksum."""
        if self.keeps_its_number:
            return self.data
        return self.data[:4] + bytes(2) + self.data[6:10] + bytes(2) + self.data[12:]

    def has_right_header_sum(self) -> bool:
        return folded(words(self.data[: self.header])) == 0xFFFF


def words(data: bytes) -> int:
    return sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))


def folded(total: int) -> int:
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def inner_packet(
    data: bytes, prefix: bytes, sources: IPv4Network, own: IPv4Network
) -> bytes | None:
    """The inner packet of a datagram whose sender holds `sources`, or None.

    Of `prefix`, the VNI flag, the VNI, the destination and the EtherType must be those.
    """
    if prefix:
        if len(data) < len(prefix) or not data[0] & 8:
            return None
        if any(data[a:b] != prefix[a:b] for a, b in ((4, 7), (8, 14), (20, 22))):
            return None
        data = data[len(prefix) :]
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    total = int.from_bytes(data[2:4], "big")
    if not 20 <= (data[0] & 15) * 4 <= total <= len(data):
        return None
    source, destination = (IPv4Address(data[at : at + 4]) for at in (12, 16))
    return data[:total] if source in sources and destination in own else None


def cut(written: bytes) -> list[Packet]:
    """The packets that the kernel makes of what was written, checksums finished."""
    flags, gso_type, _hint, size, start, offset = NET_HEADER.unpack_from(written)
    data = written[NET_HEADER.size :]
    if not flags:
        assert written[: NET_HEADER.size] == bytes(NET_HEADER.size)
        return [Packet(data)]
    packet = Packet(data)
    assert flags == 1
    assert start == packet.header
    assert offset == CHECKSUMS[data[9]]
    at = start + offset
    assert int.from_bytes(data[at : at + 2], "big") == folded(packet.pseudo())
    if not gso_type:
        return [packet.finished()]
    assert gso_type & 0x7F == {6: 1, 17: 5}[data[9]]
    assert size > 0
    headers = start + ((data[start + 12] >> 4) * 4 if data[9] == 6 else 8)
    payload = data[headers:]
    count = -(-len(payload) // size)
    return [_segment(data, headers, index, index == count - 1, size) for index in range(count)]


def _segment(data: bytes, headers: int, index: int, last: bool, size: int) -> Packet:
    start = (data[0] & 15) * 4
    piece = data[headers + index * size : headers + (index + 1) * size]
    header = bytearray(data[:headers])
    struct.pack_into("!H", header, 2, headers + len(piece))
    number = (int.from_bytes(data[4:6], "big") + index) % 65536
    struct.pack_into("!H", header, 4, number)
    header[10:12] = bytes(2)
    struct.pack_into("!H", header, 10, 0xFFFF ^ folded(words(bytes(header[:start]))))
    if data[9] == 6:
        sequence = int.from_bytes(data[start + 4 : start + 8], "big")
        struct.pack_into("!I", header, start + 4, (sequence + index * size) % (1 << 32))
        if not last:
            header[start + 13] &= ~0x09
        if index:
            header[start + 13] &= ~0x80
    else:
        struct.pack_into("!H", header, start + 4, 8 + len(piece))
    at = start + CHECKSUMS[data[9]]
    header[at : at + 2] = bytes(2)
    whole = Packet(bytes(header) + piece)
    checksum = 0xFFFF ^ folded(words(whole.data[start:]) + whole.pseudo())
    return Packet(whole.data[:at] + whole.filled(checksum) + whole.data[at + 2 :])
