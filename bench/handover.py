# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m bench.handover``: packet loss and delay while the datapath process is replaced.

An echo request is sent each 5 ms while the unit of the left host is reloaded, which hands over to
a new process, restarted, or killed with SIGKILL.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench import machine, ping
from bench.endpoint import Pair
from bench.errors import BenchError
from bench.lab_hosts import two_hosts
from bench.paths import weft
from bench.ping import Interruption
from bench.run import connect
from lab.errors import LabError

_PATHS = [
    *(path for path in weft.PATHS if path.name in {"weft-udp", "weft-vxlan-userspace"}),
    weft.TWO_QUEUES,
]
_INTERVAL = 0.005  # seconds
_REQUESTS = 1200
_BEFORE = 2.0  # seconds of requests before the event
_EVENTS = {
    "hand-over": "systemctl reload",
    "restart": "systemctl restart",
    "kill -9": "systemctl kill --signal=KILL",
}


def main(argv: Sequence[str]) -> int:
    """Measure, print a line for each path and event, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m bench.handover", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of each event (%(default)s)")
    parser.add_argument("--suite", default="trixie", help="Debian of the hosts (%(default)s)")
    arguments = parser.parse_args(argv)
    try:
        with two_hosts(arguments.suite, _progress) as pair:
            _measure(pair, arguments.repeats)
    except (BenchError, LabError) as error:
        print(f"bench.handover: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(pair: Pair, repeats: int) -> None:
    targets, unavailable = connect(pair, _PATHS, _progress)
    if unavailable:
        raise BenchError("; ".join(unavailable.values()))
    print(f"load {machine.load()}; medians of {repeats}, with the greatest; ms")
    for name, target in targets.items():
        command = ping.command(target, _REQUESTS, _INTERVAL)
        for event, verb in _EVENTS.items():
            taken = [
                _interrupted(pair, command, f"{verb} {weft.unit(name)}") for _turn in range(repeats)
            ]
            print(
                f"{name:22}{event:11}"
                f"lost {_spread(taken, lambda one: one.lost)}  "
                f"silence {_spread(taken, lambda one: one.silence)}  "
                f"longest round trip {_spread(taken, lambda one: one.round_trip)}"
            )


def _interrupted(pair: Pair, command: str, event: str) -> Interruption:
    with ThreadPoolExecutor(1) as background:
        pinging = background.submit(pair.left.run, command)
        time.sleep(_BEFORE)
        pair.left.run(event)
        return ping.parse_interruption(pinging.result())


def _spread(taken: Sequence[Interruption], figure: Callable[[Interruption], float]) -> str:
    figures = [figure(one) for one in taken]
    return f"{statistics.median(figures):6.0f} ({max(figures):.0f})"


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
