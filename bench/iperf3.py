# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iperf3: its command lines and its JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from bench.endpoint import Endpoint
from bench.errors import BenchError

UNIT = "bench-iperf3"
SERVER = ("iperf3", "--server")
# How much longer than its test a client may take before it is ended, in seconds.
_GRACE = 8


@dataclass(frozen=True, slots=True)
class Stream:
    """What a TCP test moved."""

    bits_per_second: float
    received_bytes: int


@dataclass(frozen=True, slots=True)
class Datagrams:
    """What a UDP test moved, in datagrams."""

    sent: int
    received: int
    seconds: float

    @property
    def loss(self) -> float:
        """The share of the sent ones that was lost."""
        return 1 - self.received / self.sent

    @property
    def received_per_second(self) -> float:
        """The rate at which the receiver's socket handed them out."""
        return self.received / self.seconds

    @property
    def sent_per_second(self) -> float:
        """The rate at which the sender's socket took them."""
        return self.sent / self.seconds


def tcp_command(server: IPv4Address, seconds: int, streams: int) -> str:
    """Return the client's command for a TCP test."""
    return (
        f"timeout {seconds + _GRACE} "
        f"iperf3 --client {server} --time {seconds} --parallel {streams} --json"
    )


def udp_command(server: IPv4Address, seconds: int, size: int, per_second: float = 0) -> str:
    """Return the client's command for datagrams of `size` bytes, by default without a bound."""
    return (
        f"timeout {seconds + _GRACE} iperf3 --client {server} --time {seconds} --udp "
        f"--length {size} --bitrate {round(per_second * size * 8)} --json"
    )


def parse_tcp(text: str) -> Stream:
    """Read the JSON of a TCP test; raise BenchError if it reports an error or nothing arrived."""
    received = _end(text, "sum_received")
    if not received["bytes"]:
        raise BenchError("iperf3: nothing arrived")
    return Stream(received["bits_per_second"], received["bytes"])


def run(client: Endpoint, command: str) -> str:
    """Run a client and return its JSON, which says what went wrong better than its exit status."""
    return client.run(f"{command} || true")


def parse_udp(text: str) -> Datagrams:
    """Read the JSON of a UDP test; raise BenchError if it reports an error or nothing was sent.

    The receiver's `packets` are those numbered by the sender, the lost ones among them.
    """
    total = _end(text, "sum")
    sent = total["packets"]
    if not sent or not total["seconds"]:
        raise BenchError("iperf3: nothing was sent")
    return Datagrams(sent, sent - total["lost_packets"], total["seconds"])


def _end(text: str, part: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
        if "error" in document:
            raise BenchError(f"iperf3: {document['error']}")
        end: dict[str, Any] = document["end"][part]
    except (ValueError, KeyError, TypeError) as error:
        raise BenchError(f"iperf3 printed no result: {text[:200]!r}") from error
    return end
