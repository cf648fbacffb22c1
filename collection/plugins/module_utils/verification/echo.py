# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Round-trip times by ICMP echo (RFC 792), to many addresses in parallel over one socket."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.checksum import (
    internet_checksum,
)

_ECHO_REPLY, _UNREACHABLE, _ECHO_REQUEST = 0, 3, 8
# The codes of "destination unreachable" that mean the network (RFC 792, RFC 1812, 5.2.7.1); the
# others mean the host.
_NETWORK_CODES = (0, 6, 9, 11)
# Type, code, checksum, identifier, sequence number (RFC 792, page 14).
_HEADER = struct.Struct("!BBHHH")
_INTERVAL = 0.1  # seconds between two requests to one address
_SPACING = 0.001  # seconds between two addresses, so that no queue overflows
_LARGEST = 0xFFFF
_SEQUENCES = 1 << 16


@dataclass(slots=True)
class RoundTrips:
    """The number of requests sent to an address, and the round-trip times in seconds.

    error is the last ICMP or socket error, in the words of the C library.
    """

    sent: int = 0
    times: list[float] = field(default_factory=list)
    error: str = ""


def measure(addresses: Sequence[str], count: int, timeout: float) -> dict[str, RoundTrips]:
    """Send ``count`` requests to each address and return the results by address.

    ``timeout`` is the time in seconds to wait after the last request. Raises OSError if no raw
    socket can be opened, ValueError if there are more requests than sequence numbers.
    """
    if count * len(addresses) > _SEQUENCES:
        raise ValueError(
            f"{count} echo requests to {len(addresses)} hosts are more than 65536 sequence numbers"
        )
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.setblocking(False)
        return _Measurement(raw, addresses, count).run(timeout)


class _Measurement:
    def __init__(self, raw: socket.socket, addresses: Sequence[str], count: int) -> None:
        self.raw = raw
        self.identifier = os.getpid() % _SEQUENCES
        self.token = os.urandom(16)
        self.due = [
            (number * _INTERVAL + place * _SPACING, address)
            for number in range(count)
            for place, address in enumerate(addresses)
        ]
        self.due.sort()
        self.sent_at: dict[int, float] = {}
        self.results = {address: RoundTrips() for address in addresses}

    def run(self, timeout: float) -> dict[str, RoundTrips]:
        began = time.monotonic()
        next_request = 0
        end = began + timeout
        while True:
            now = time.monotonic()
            while next_request < len(self.due) and began + self.due[next_request][0] <= now:
                self.send(next_request)
                next_request += 1
                now = time.monotonic()
                end = now + timeout
            pending = next_request < len(self.due)
            if not pending and (not self.sent_at or now >= end):
                return self.results
            until = began + self.due[next_request][0] if pending else end
            if select.select([self.raw], [], [], max(0.0, until - now))[0]:
                self.receive()

    def send(self, sequence: int) -> None:
        address = self.due[sequence][1]
        packet = _HEADER.pack(_ECHO_REQUEST, 0, 0, self.identifier, sequence) + self.token
        packet = packet[:2] + struct.pack("!H", internet_checksum(packet)) + packet[4:]
        self.results[address].sent += 1
        self.sent_at[sequence] = time.monotonic()
        try:
            self.raw.sendto(packet, (address, 0))
        except OSError as error:
            del self.sent_at[sequence]
            self.results[address].error = os.strerror(error.errno or errno.EIO)

    def receive(self) -> None:
        packet, (source, _port) = self.raw.recvfrom(_LARGEST)
        arrived = time.monotonic()
        message = _payload(packet)
        if len(message) < _HEADER.size:
            return
        kind, code, _checksum, identifier, sequence = _HEADER.unpack_from(message)
        if kind == _UNREACHABLE:
            self.record_unreachable(code, message[_HEADER.size :])
        elif (kind, identifier, message[_HEADER.size :]) == (
            _ECHO_REPLY,
            self.identifier,
            self.token,
        ):
            sent_at = self.sent_at.get(sequence)
            if sent_at is not None and source == self.due[sequence][1]:
                del self.sent_at[sequence]
                self.results[source].times.append(arrived - sent_at)

    def record_unreachable(self, code: int, quoted: bytes) -> None:
        """Record the error of the request that the ICMP message quotes (RFC 792, page 4)."""
        request = _payload(quoted) if quoted else b""
        if len(request) < _HEADER.size:
            return
        kind, _code, _checksum, identifier, sequence = _HEADER.unpack_from(request)
        if (kind, identifier) == (_ECHO_REQUEST, self.identifier) and sequence in self.sent_at:
            del self.sent_at[sequence]
            reason = errno.ENETUNREACH if code in _NETWORK_CODES else errno.EHOSTUNREACH
            self.results[self.due[sequence][1]].error = os.strerror(reason)


def _payload(packet: bytes) -> bytes:
    """Return the payload of an IPv4 packet."""
    return packet[(packet[0] & 0x0F) * 4 :]
