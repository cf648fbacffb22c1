# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP echo requests (RFC 792) of chosen sizes to many addresses at once, over one raw socket."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv4Address

from ..datapath.wire.checksum import internet_checksum
from ..system.closing import Closing

SMALL = 64
"""The size of a packet that every path forwards, in bytes with its headers."""

_REPLY, _UNREACHABLE, _REQUEST = 0, 3, 8
_HOST_UNREACHABLE = 1
_IP_HEADER = 20
# Type, code, checksum, identifier, sequence number (RFC 792, page 14).
_HEADER = struct.Struct("!BBHHH")
_SEQUENCES = 1 << 16
# ip(7) of Linux; the socket module lacks both. PROBE sets DF and ignores known path MTUs.
_IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE = 10, 3
_SPACING = 0.0005  # seconds between two packets, so that no queue overflows
_BUFFER = 0xFFFF


class EchoOutcome(Enum):
    """The result of an echo request."""

    REPLY = auto()
    NO_SUCH_HOST = auto()
    """A router reported that the address does not reply to ARP: it forwards packets to the link."""
    NOTHING = auto()
    """No reply, another ICMP error, or the kernel could not send the packet."""


@dataclass(frozen=True, slots=True)
class Echo:
    """A request to an address; `size` is that of the packet in bytes."""

    address: IPv4Address
    size: int = SMALL


def send_echoes(
    echoes: Collection[Echo], timeout: float, *, attempts: int = 2
) -> dict[Echo, EchoOutcome]:
    """Send each request, without an outcome again up to `attempts` times; return the outcomes.

    `timeout` in seconds is the longest time in total. Raises OSError, as without CAP_NET_RAW.
    """
    wanted = list(dict.fromkeys(echoes))
    found: dict[Echo, EchoOutcome] = {}
    for start in range(0, len(wanted), _SEQUENCES):
        with _EchoSocket(wanted[start : start + _SEQUENCES]) as echo_socket:
            found |= echo_socket.run(timeout, attempts)
    return {echo: found.get(echo, EchoOutcome.NOTHING) for echo in wanted}


class _EchoSocket(Closing):
    """A raw socket, and the requests that it sends: the sequence number is the position."""

    def __init__(self, echoes: Sequence[Echo]) -> None:
        self._echoes = echoes
        self._found: dict[Echo, EchoOutcome] = {}
        self._identifier = os.getpid() % _SEQUENCES
        self._token = os.urandom(16)
        self._raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._raw.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE)
        self._raw.setblocking(False)

    def close(self) -> None:
        self._raw.close()

    def run(self, timeout: float, attempts: int) -> dict[Echo, EchoOutcome]:
        for _attempt in range(attempts):
            end = time.monotonic() + timeout / attempts
            for sequence, echo in enumerate(self._echoes):
                if echo not in self._found:
                    self._send(sequence, echo)
                    self._receive(_SPACING)
            while len(self._found) < len(self._echoes) and time.monotonic() < end:
                self._receive(end - time.monotonic())
        return self._found

    def _send(self, sequence: int, echo: Echo) -> None:
        content = self._token.ljust(echo.size - _IP_HEADER - _HEADER.size, b"\0")
        packet = _HEADER.pack(_REQUEST, 0, 0, self._identifier, sequence) + content
        packet = packet[:2] + struct.pack("!H", internet_checksum(packet)) + packet[4:]
        try:
            self._raw.sendto(packet, (str(echo.address), 0))
        except OSError:
            return  # no route, or larger than the device's MTU: there will be no reply

    def _receive(self, seconds: float) -> None:
        if not select.select([self._raw], [], [], max(0.0, seconds))[0]:
            return
        packet, (source, _port) = self._raw.recvfrom(_BUFFER)
        message = _payload(packet)
        if len(message) < _HEADER.size:
            return
        kind, code, *_rest = _HEADER.unpack_from(message)
        content = message[_HEADER.size :]
        if kind == _REPLY and content.startswith(self._token):
            echo = self._echo_of(message)
            if echo is not None and str(echo.address) == source:
                self._found[echo] = EchoOutcome.REPLY
        elif (kind, code) == (_UNREACHABLE, _HOST_UNREACHABLE) and content:
            echo = self._echo_of(_payload(content))
            # This host's own kernel reports that it cannot reach the next hop: no router does.
            if echo is not None and not _is_local(source):
                self._found[echo] = EchoOutcome.NO_SUCH_HOST

    def _echo_of(self, message: bytes) -> Echo | None:
        if len(message) < _HEADER.size:
            return None
        _kind, _code, _checksum, identifier, sequence = _HEADER.unpack_from(message)
        known = identifier == self._identifier and sequence < len(self._echoes)
        return self._echoes[sequence] if known else None


def _is_local(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _payload(packet: bytes) -> bytes:
    """Return the payload of an IPv4 packet."""
    return packet[(packet[0] & 0x0F) * 4 :]
