# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows for the tests of segmentation and coalescing, built and summed by scapy."""

from __future__ import annotations

from typing import Any

from scapy.layers.inet import IP, TCP, UDP
from scapy.packet import Raw

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import virtio_net
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.coalescing import (
    Batch,
    merged_header,
    runs,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.segmentation import (
    Layout,
    complete,
    gso_layout,
    stamp,
)

SOURCE, DESTINATION = "100.96.2.2", "100.96.1.2"
TIMESTAMPS = [("NOP", None), ("NOP", None), ("Timestamp", (7, 9))]


def content(size: int, seed: int = 0) -> bytes:
    return bytes((index * 31 + seed) % 256 for index in range(size))


def tcp(
    payload: bytes, seq: int = 1000, flags: str = "A", ip: dict[str, Any] | None = None, **tcp: Any
) -> bytes:
    """A complete TCP segment; DF is set unless `ip` says otherwise."""
    fields = {"src": SOURCE, "dst": DESTINATION, "flags": "DF", "id": 1, **(ip or {})}
    tcp = {"sport": 40000, "dport": 5001, "ack": 5, "options": TIMESTAMPS, **tcp}
    return bytes(IP(**fields) / TCP(seq=seq, flags=flags, **tcp) / Raw(payload))


def udp(payload: bytes, ip: dict[str, Any] | None = None, **udp: Any) -> bytes:
    fields = {"src": SOURCE, "dst": DESTINATION, "flags": "DF", "id": 1, **(ip or {})}
    return bytes(IP(**fields) / UDP(**{"sport": 40000, "dport": 5002, **udp}) / Raw(payload))


def flow(sizes: list[int], **fields: Any) -> list[bytes]:
    """Consecutive TCP segments with payloads of `sizes`."""
    seq, packets = fields.pop("seq", 1000), []
    for index, size in enumerate(sizes):
        packets.append(tcp(content(size, index), seq, ip={"id": 1 + index}, **fields))
        seq = (seq + size) % (1 << 32)
    return packets


def laid_out(packets: list[bytes], ip: int = 0) -> tuple[bytearray, Batch]:
    """A buffer with a batch of datagrams as they are received, and the batch."""
    stride = len(packets[0]) + ip
    assert all(len(packet) + ip == stride for packet in packets[:-1])
    assert len(packets[-1]) + ip <= stride
    data = bytearray().join(bytes(ip) + packet for packet in packets)
    return data + bytes(100), Batch(ip, stride, len(packets), len(packets[-1]) + ip)


def joined(packets: list[bytes], ip: int = 0) -> list[int]:
    """The number of packets in each run of the batch of `packets`."""
    data, batch = laid_out(packets, ip)
    found = runs(data, memoryview(data), batch)
    assert [run.first for run in found] == [
        sum(run.packets for run in found[:index]) for index in range(len(found))
    ]
    return [run.packets for run in found]


def merged(packets: list[bytes]) -> bytes:
    """The bytes written for a batch that is one run, the virtio-net header first."""
    data, batch = laid_out(packets)
    (run,) = runs(data, memoryview(data), batch)
    payloads = [packet[run.layout.payload :] for packet in packets]
    return merged_header(data, batch, run) + b"".join(payloads)


def cut(written: bytes, full: bool = True) -> list[bytes]:
    """The segments of a GSO packet with its virtio-net header."""
    header, packet = virtio_net.pull(written), written[virtio_net.LENGTH :]
    layout = gso_layout(header, packet, len(packet))
    assert layout is not None
    return cut_by(packet, layout, header.gso_size, full)


def cut_by(packet: bytes, layout: Layout, size: int, full: bool) -> list[bytes]:
    payload = packet[layout.payload :]
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
    block = stamp(packet[: layout.payload], layout, len(pieces), size, len(pieces[-1]))
    if full:
        complete(block, layout, memoryview(payload), size)
    return [
        bytes(block[index * layout.payload : (index + 1) * layout.payload]) + piece
        for index, piece in enumerate(pieces)
    ]


def redone(packet: bytes) -> bytes:
    """The packet with every length and checksum recomputed by scapy."""
    parsed = IP(packet)
    for layer in (parsed, parsed.payload):
        for field in {"len", "chksum"} & layer.fields.keys():
            layer.delfieldval(field)
    return bytes(parsed)
