# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m bench.flood``: the cost of a flood of invalid datagrams for the receiving host.

The left host floods the right one's datapath with 64-byte datagrams: from an address that is no
peer's, which a socket filter drops in the kernel, and from its own address but another port, which
the datapath drops one by one. A TCP stream between the hosts is measured without a flood and during
each, interleaved. The flood itself takes a core of the machine that the hosts share: compare the
stream during the two floods, not with the stream without one.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench import cpu, iperf3
from bench.endpoint import Pair
from bench.errors import BenchError
from bench.lab_hosts import two_hosts
from bench.link import Mode, set_mode
from bench.overlay import Overlay
from bench.paths import weft
from bench.run import connect
from lab.errors import LabError

_PATH = weft.PATHS[0]
_UNIT = "bench-flooder"
_UNKNOWN_SENDER = "10.171.0.99"
_SECONDS = 3
_SETTLING = 2.5  # until the filter, updated once a second, is attached
_FLOOD = """
import contextlib, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.bind((sys.argv[1], 40000))
    sender.connect((sys.argv[2], int(sys.argv[3])))
    while True:
        with contextlib.suppress(OSError):
            sender.send(bytes(64))
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The rate and the CPU cost of the flood, and the throughput of the stream beside it."""

    packets_per_second: float
    cpu_per_million: float
    gbits: float


def main(argv: Sequence[str]) -> int:
    """Measure, print a line for each flood, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m bench.flood", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="of each flood (%(default)s)")
    arguments = parser.parse_args(argv)
    try:
        with two_hosts("trixie", _progress) as pair:
            _measure(pair, arguments.repeats)
    except (BenchError, LabError) as error:
        print(f"bench.flood: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(pair: Pair, repeats: int) -> None:
    targets, unavailable = connect(pair, [_PATH], _progress)
    if unavailable:
        raise BenchError("; ".join(unavailable.values()))
    set_mode(pair, Mode.W)
    pair.left.run(f"ip address add {_UNKNOWN_SENDER}/24 dev eth0")
    pair.right.start(iperf3.UNIT, *iperf3.SERVER)
    command = iperf3.tcp_command(targets[_PATH.name], _SECONDS, 1)

    def gbits() -> float:
        return iperf3.parse_tcp(iperf3.run(pair.left, command)).bits_per_second / 1e9

    floods = {
        "unknown sender, filtered": _UNKNOWN_SENDER,
        "peer, other port": str(pair.left.underlay),
    }
    quiet: list[float] = []
    samples: dict[str, list[Sample]] = {name: [] for name in floods}
    for _repeat in range(repeats):
        quiet.append(gbits())
        for name, source in floods.items():
            with _flooding(pair, source):
                samples[name].append(_sample(pair, gbits))
    base = statistics.median(quiet)
    print(f"{'no flood':20} {base:.2f} Gbit/s ({min(quiet):.2f} to {max(quiet):.2f})")
    for name, taken in samples.items():
        kept = [one.gbits for one in taken]
        print(
            f"{name:20} {statistics.median(kept):.2f} Gbit/s ({min(kept):.2f} to {max(kept):.2f}),"
            f" {statistics.median(kept) / base:.2f} of it;"
            f" {statistics.median(one.packets_per_second for one in taken) / 1e3:.0f}k junk/s,"
            f" {statistics.median(one.cpu_per_million for one in taken):.2f} CPU s a million"
        )


def _sample(pair: Pair, gbits: Callable[[], float]) -> Sample:
    time.sleep(_SETTLING)
    began, before, junk = time.monotonic(), cpu.seconds([pair.right.host]), _junk(pair)
    time.sleep(_SECONDS)
    taken, consumed = _junk(pair) - junk, cpu.seconds([pair.right.host]) - before
    if not taken:
        raise BenchError("no datagram of the flood was received")
    seconds = time.monotonic() - began
    return Sample(taken / seconds, consumed / taken * 1e6, gbits())


@contextmanager
def _flooding(pair: Pair, source: str) -> Iterator[None]:
    port = str(Overlay(0).port)
    pair.left.start(_UNIT, "python3", "-c", _FLOOD, source, str(pair.right.underlay), port)
    try:
        yield
    finally:
        pair.left.run(f"systemctl stop {_UNIT}")
        # The filter is detached, and the receive queue drains.
        time.sleep(_SETTLING)


def _junk(pair: Pair) -> int:
    """Return how many datagrams the datapath and its socket filter have dropped."""
    return int(sum(weft.status(_PATH.name, pair.right)["counters"]["drops"].values()))


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
