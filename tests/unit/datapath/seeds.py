# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The corpus that the fuzzing starts from: named datagrams, and named packets of the device.

Each seed of `DATAGRAMS` is a batch as a peer sends it, without the VXLAN prefix, which the tests
add; each of `DEVICE_PACKETS` a virtio-net header and a packet as the kernel hands them out.
"""

from __future__ import annotations

from collections.abc import Mapping

from scapy.layers.inet import ICMP, IP, UDP
from scapy.packet import Raw

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import virtio_net
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.virtio_net import (
    FLAG_NEEDS_CSUM,
    GSO_ECN,
    GSO_TCPV4,
    GSO_UDP_L4,
    PLAIN,
    NetHeader,
)

from .flows import DESTINATION, SOURCE, content, flow, tcp, udp

TO_THE_PEER = {"src": DESTINATION, "dst": SOURCE}


def _left_partial(packet: bytes, offset: int) -> bytes:
    """The packet, without IP options, with its checksum as the kernel leaves it."""
    data = bytearray(packet)
    words = (data[at] << 8 | data[at + 1] for at in range(12, 20, 2))
    total = sum(words) + data[9] + len(data) - 20
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    data[20 + offset : 22 + offset] = total.to_bytes(2, "big")
    return bytes(data)


def _with_wrong_checksum(packet: bytes) -> bytes:
    return packet[:-1] + bytes([packet[-1] ^ 1])


_FRAGMENT = bytes(IP(src=SOURCE, dst=DESTINATION, flags="MF", proto=17) / Raw(bytes(64)))

DATAGRAMS: Mapping[str, list[bytes]] = {
    "nothing": [b""],
    "one byte": [b"\x45"],
    "zeros": [bytes(60)],
    "IPv6": [b"\x60" + bytes(59)],
    "an echo request": [bytes(IP(src=SOURCE, dst=DESTINATION) / ICMP() / Raw(bytes(56)))],
    "a TCP batch with a shorter last segment": flow([700, 700, 700, 33]),
    "a TCP batch that ends with PSH": [*flow([300] * 3), tcp(content(300), 1900, "PA")],
    "TCP segments out of order": flow([200] * 4)[::-1],
    "a TCP handshake": [tcp(b"", flags="S"), tcp(b"", flags="A"), tcp(b"", flags="FA")],
    "TCP marked ECE and CWR": [tcp(content(90), flags="AEC"), tcp(content(90), 1090, "AE")],
    "TCP without options": flow([64] * 5, options=[]),
    "a UDP batch": [udp(content(120, seed), ip={"id": 1 + seed}) for seed in range(6)],
    "UDP without DF": [udp(content(50, at), ip={"flags": "", "id": 7 + at}) for at in range(3)],
    "UDP without a checksum": [udp(content(50), chksum=0)] * 3,
    "a wrong checksum in a batch": [
        *(udp(content(40)) for _ in range(2)),
        _with_wrong_checksum(udp(content(40))),
    ],
    "a fragment": [_FRAGMENT, _FRAGMENT],
    "IP options": [
        bytes(
            IP(src=SOURCE, dst=DESTINATION, options=b"\x07\x07\x04\0\0\0\0\0") / UDP() / Raw(b"x")
        )
    ],
    "partial TCP": [_left_partial(packet, 16) for packet in flow([500, 500, 9])],
    "partial UDP": [_left_partial(udp(content(77)), 6)],
    "a GSO packet left partial": [_left_partial(tcp(content(9000)), 16)],
    "padding behind the packet": [udp(content(20)) + bytes(11)],
    "a source of another peer": [udp(content(20), ip={"src": "100.96.3.2"})],
    "a destination that is not ours": [udp(content(20), ip={"dst": "192.0.2.1"})],
    "the largest datagram": [udp(content(65507 - 28))],
}


def _gso(packet: bytes, gso_type: int, size: int, headers: int) -> tuple[bytes, bytes]:
    offset = 16 if gso_type & ~GSO_ECN == GSO_TCPV4 else 6
    header = NetHeader(FLAG_NEEDS_CSUM, gso_type, headers, size, 20, offset)
    return virtio_net.push(header), _left_partial(packet, offset)


DEVICE_PACKETS: Mapping[str, tuple[bytes, bytes]] = {
    "an echo request": (PLAIN, bytes(IP(**TO_THE_PEER) / ICMP() / Raw(bytes(56)))),
    "complete TCP": (PLAIN, tcp(content(500), ip=TO_THE_PEER)),
    "partial TCP": (
        virtio_net.push(NetHeader(FLAG_NEEDS_CSUM, 0, 0, 0, 20, 16)),
        _left_partial(tcp(content(500), ip=TO_THE_PEER), 16),
    ),
    "partial UDP": (
        virtio_net.push(NetHeader(FLAG_NEEDS_CSUM, 0, 0, 0, 20, 6)),
        _left_partial(udp(content(55), ip=TO_THE_PEER), 6),
    ),
    "a TCP GSO packet": _gso(tcp(content(5000), ip=TO_THE_PEER), GSO_TCPV4, 1400, 52),
    "a TCP GSO packet with CWR": _gso(
        tcp(content(3000), flags="APEC", ip=TO_THE_PEER), GSO_TCPV4 | GSO_ECN, 1000, 52
    ),
    "a UDP GSO packet": _gso(udp(content(4000), ip=TO_THE_PEER), GSO_UDP_L4, 1000, 28),
    "a fragment": (PLAIN, bytes(IP(**TO_THE_PEER, flags="MF", proto=17) / Raw(bytes(64)))),
    "no route": (PLAIN, udp(content(9), ip={"src": DESTINATION, "dst": "100.96.9.9"})),
    "IPv6": (PLAIN, b"\x60" + bytes(59)),
    "nothing": (PLAIN, b""),
}

# Lines for the control socket.
REQUESTS: Mapping[str, bytes] = {
    "status": b'{"command": "status"}',
    "an unknown command": b'{"command": "reboot"}',
    "no object": b"[1, 2, 3]",
    "a number": b"1e400",
    "NaN": b"NaN",
    "an empty line": b"",
    "no UTF-8": b"\xff\xfe\x00",
    "a lone surrogate": b'{"command": "\\ud800"}',
    "a number without end": b"9" * 5000,
    "half an object": b'{"command": "status"',
    "a key twice": b'{"command": "remove", "command": "status"}',
}
