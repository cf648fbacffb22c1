# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m bench.soak``: the memory of both datapath processes under mixed traffic.

The resident set is read after a first round, in which buffers and caches fill, and at the end.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address

from bench import iperf3, ping
from bench.endpoint import Endpoint, Pair
from bench.errors import BenchError
from bench.lab_hosts import two_hosts
from bench.link import Mode, set_mode
from bench.paths import weft
from bench.run import connect
from lab.errors import LabError

_ROUND = 2  # seconds of each kind of traffic


def main(argv: Sequence[str]) -> int:
    """Measure, print a line for each path and host, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m bench.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180, help="of traffic (%(default)s)")
    arguments = parser.parse_args(argv)
    try:
        with two_hosts("trixie", _progress) as pair:
            _soak(pair, arguments.seconds)
    except (BenchError, LabError) as error:
        print(f"bench.soak: {error}", file=sys.stderr)
        return 1
    return 0


def _soak(pair: Pair, seconds: float) -> None:
    targets, unavailable = connect(pair, weft.PATHS, _progress)
    if unavailable:
        raise BenchError("; ".join(unavailable.values()))
    set_mode(pair, Mode.W)
    pair.right.start(iperf3.UNIT, *iperf3.SERVER)
    started = time.monotonic()
    _traffic(pair, targets.values())
    before = _memory(pair, targets)
    rounds = 1
    while time.monotonic() < started + seconds:
        _traffic(pair, targets.values())
        rounds += 1
    after = _memory(pair, targets)
    print(f"{rounds} rounds in {time.monotonic() - started:.0f} s")
    for (path, host), kib in before.items():
        print(f"{path:26}{host:8} RSS {kib} KiB at the start, {after[path, host]} KiB at the end")


def _traffic(pair: Pair, targets: Iterable[IPv4Address]) -> None:
    """Send every kind of traffic once over each path: streams, small and large datagrams, echoes.

    Raises:
        BenchError: a kind of traffic fails on a path.
    """
    for target in targets:
        iperf3.parse_tcp(iperf3.run(pair.left, iperf3.tcp_command(target, _ROUND, 4)))
        for size in (64, 1400, 8000):
            iperf3.parse_udp(iperf3.run(pair.left, iperf3.udp_command(target, _ROUND, size)))
        ping.parse_microseconds(pair.left.run(ping.command(target, 50, 0.002)), 50)


def _memory(pair: Pair, paths: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return the resident set of each path's process on each host, in KiB."""
    return {
        (path, endpoint.name): _resident(endpoint, path)
        for path, endpoint in itertools.product(paths, pair.both)
    }


def _resident(endpoint: Endpoint, path: str) -> int:
    line = f"cat /proc/$(systemctl show --property MainPID --value bench-{path})/status"
    return parse_resident(endpoint.run(line))


def parse_resident(status: str) -> int:
    """Read the resident set from a /proc/PID/status, in KiB."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "VmRSS":
            return int(value.split()[0])
    raise BenchError(f"/proc/PID/status has no VmRSS: {status[:80]!r}")


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
