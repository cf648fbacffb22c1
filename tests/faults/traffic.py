# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets between containers while a fault lasts, and what became of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from .faulted_fleet import Fleet

# Seconds between two echo requests.
INTERVAL = 0.02
# Each host sends to the next and answers the one before: all six directions are in use.
RING = ((1, 2), (2, 3), (3, 1))

# Pings that may go missing on a busy machine although nothing that carries them is touched.
UNTOUCHED = 5

_REPLY = re.compile(r"^\[(\d+\.\d+)\] \d+ bytes from .* icmp_seq=(\d+) ", re.MULTILINE)
_SENT = re.compile(r"^(\d+) packets transmitted", re.MULTILINE)
_PORT = 5201
# Seconds for a connection that was silent to be heard again, when the pauses of TCP have doubled.
_LONGEST_END = 200


@dataclass(frozen=True, slots=True)
class Loss:
    """Echo requests without an answer, and the longest time in seconds that passed without one."""

    sent: int
    lost: int
    longest: float


@dataclass(slots=True)
class Traffic:
    """What became of each stream of requests, by (from, to); filled when they end."""

    losses: dict[tuple[int, int], Loss] = field(default_factory=dict)

    @property
    def worst(self) -> Loss:
        """The stream that suffered most."""
        return max(self.losses.values(), key=lambda loss: (loss.lost, loss.longest))


@dataclass(slots=True)
class Stream:
    """What the receiver of one TCP connection saw, pauses in seconds; filled when it ends."""

    bytes: int = 0
    longest_pause: float = 0.0
    ended_in_order: bool = False


def parse_ping(text: str) -> Loss:
    """Read the output of `ping -D`. Raises ValueError where it was not ended in order."""
    sent = _SENT.search(text)
    # A request may be answered late, and out of order.
    replies = {int(number): float(moment) for moment, number in _REPLY.findall(text)}
    if sent is None or not replies:
        raise ValueError(f"ping says nothing that can be counted: {text[-500:]!r}")
    # The end of ping may cut the last request off from its answer.
    count = max(*replies, int(sent[1]) - 1)
    moments = sorted(replies.values())
    # What was asked before the first answer and after the last one is silence, too.
    silences = [(min(replies) - 1) * INTERVAL, (count - max(replies)) * INTERVAL]
    silences += [later - earlier for earlier, later in pairwise(moments)]
    return Loss(count, count - len(replies), max(silences))


@contextmanager
def pinging(fleet: Fleet, pairs: Sequence[tuple[int, int]] = RING) -> Iterator[Traffic]:
    """Let containers ping each other each 20 ms; the hosts that ping must stay up."""
    traffic = Traffic()
    started = []
    addresses = fleet.container_addresses()
    try:
        for source, target in pairs:
            ping = f"ping -D -n -i {INTERVAL} {addresses[target]}"
            _start(fleet, source, _unit("ping", target), f"{fleet.in_container} {ping}", "SIGINT")
            started.append((source, target))
        yield traffic
    finally:
        printed = {
            (source, target): _stop(fleet, source, _unit("ping", target))
            for source, target in started
        }
    traffic.losses |= {pair: parse_ping(text) for pair, text in printed.items()}


@contextmanager
def streaming(fleet: Fleet, source: int, target: int) -> Iterator[Stream]:
    """Keep one TCP connection busy from a host's container to another one's."""
    stream = Stream()
    program = fleet.script("tcp_stream")
    for number in (source, target):
        fleet.on(number, "cat >/run/tcp_stream.py", program)
    address = fleet.container_addresses()[target]
    run = f"{fleet.in_container} python3 /run/tcp_stream.py"
    receiver, sender = _unit("receive", source), _unit("send", target)
    _start(fleet, target, receiver, f"{run} receive {_PORT}", "SIGTERM")
    try:
        listening = f"{fleet.in_container} ss -Hltn 'sport = {_PORT}' | grep -q ."
        fleet.on(target, f"until {listening}; do sleep 0.1; done", timeout=20)
        _start(fleet, source, sender, f"{run} send {address} {_PORT}", "SIGTERM")
        try:
            flowing = f"ss -Htn state established 'dport = {_PORT}' | grep -q ."
            fleet.on(
                source, f"until {fleet.in_container} {flowing}; do sleep 0.1; done", timeout=20
            )
            yield stream
        finally:
            _stop(fleet, source, sender)
        # What is under way arrives, after TCP's pause at the longest, and the receiver ends.
        ended = f"while systemctl is-active -q {receiver}; do sleep 0.1; done"
        fleet.on(target, ended, timeout=_LONGEST_END)
    finally:
        text = _stop(fleet, target, receiver)
        fleet.on_each("rm -f /run/tcp_stream.py", hosts=(source, target))
    seen = json.loads(text)
    stream.bytes, stream.longest_pause = seen["bytes"], seen["longest_pause"]
    stream.ended_in_order = seen["ended_in_order"]


def _unit(what: str, other: int) -> str:
    return f"faults-{what}-{other}.service"


def _start(fleet: Fleet, number: int, unit: str, command: str, end: str) -> None:
    properties = (
        f"--property=KillSignal={end}",
        f"--property=TimeoutStopSec={_LONGEST_END}",
        f"--property=StandardOutput=truncate:/run/{unit}.out",
    )
    run = f"systemd-run --quiet --collect --unit={unit} {' '.join(properties)}"
    fleet.on(number, f"{run} {command}")


def _stop(fleet: Fleet, number: int, unit: str) -> str:
    """End a unit and return what it has printed; nothing of it stays."""
    ended = f"systemctl stop {unit} 2>/dev/null || true; systemctl reset-failed {unit} 2>/dev/null"
    printed = f"cat /run/{unit}.out; rm -f /run/{unit}.out"
    return fleet.on(number, f"{ended}; {printed}", timeout=_LONGEST_END + 30)
