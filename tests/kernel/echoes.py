# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo requests at a steady interval during an event: how many are lost, how long others wait."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from .namespaces import Namespace

INTERVAL = 0.005  # seconds
_SETTLING = 0.5  # seconds of echoes before and after
_ANSWER = re.compile(r"^\[([0-9.]+)\].* icmp_seq=(\d+) .*time=([0-9.]+) ms", re.MULTILINE)
_SENT = re.compile(r"(\d+) packets transmitted")


@dataclass(slots=True)
class Echoes:
    """The number of echo requests, of those without an answer, and the times in seconds."""

    interval: float = INTERVAL
    sent: int = 0
    lost: int = 0
    longest_silence: float = 0.0
    longest_round_trip: float = 0.0

    def read(self, text: str) -> None:
        """Parse the output of `ping -D`."""
        sent = _SENT.search(text)
        assert sent is not None, text
        self.sent = int(sent[1])
        found = _ANSWER.findall(text)
        # The last requests had no time to be answered.
        numbers = {int(number) for _at, number, _took in found}
        self.lost = max(numbers) - len(numbers)
        answers = [(float(at), float(took) / 1000) for at, _number, took in found]
        self.longest_silence = max(after - before for (before, _), (after, _) in pairwise(answers))
        self.longest_round_trip = max(took for _, took in answers)

    def __str__(self) -> str:
        return (
            f"{self.lost} of {self.sent} echo requests lost, one each {self.interval * 1000:g} ms; "
            f"longest silence {self.longest_silence * 1000:.0f} ms, "
            f"longest round trip {self.longest_round_trip * 1000:.0f} ms"
        )


@contextmanager
def echoes(
    source: Namespace, target: str, output: Path, interval: float = INTERVAL
) -> Iterator[Echoes]:
    """Ping `target` each `interval` seconds during the block; the figures are set after it.

    The socket of ping holds some 300 answers: after a longer silence, more are lost there, and a
    longer interval is needed.
    """
    figures = Echoes(interval)
    with output.open("wb") as sink:
        command = ("ping", "-n", "-D", "-i", str(interval), target)
        ping = source.spawn(*command, stdout=sink)
    time.sleep(_SETTLING)
    yield figures
    time.sleep(_SETTLING)
    ping.send_signal(signal.SIGINT)
    ping.wait(timeout=10)
    figures.read(output.read_text())
