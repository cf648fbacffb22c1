# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m bench.play``: what a converge of a fleet costs, its first run and a quiet one.

For each number of hosts a lab is raised, site.yml runs twice, and the lab is removed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from bench import machine
from bench.errors import BenchError
from bench.play import report
from bench.play.cost import Cost
from bench.play.run import Fleet, ansible_version, converge
from lab import fleet as labs
from lab import inventory, preflight, state
from lab.errors import LabError
from lab.settings import Lab, Settings, plan

_RESULTS = Path(__file__).resolve().parents[1] / "results/play.json"


def main(argv: Sequence[str]) -> int:
    """Measure, write the results, and return the exit code."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        costs = _of_lab(arguments.lab) if arguments.lab else _of_fleets(arguments)
    except (BenchError, LabError) as error:
        print(f"bench.play: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench.play: interrupted", file=sys.stderr)
        return 130
    print(report.table(costs))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m bench.play", description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[3, 8], help="(3 8)")
    parser.add_argument("--name", default="play", help="of the lab (%(default)s)")
    parser.add_argument("--underlay", default="10.177.0.0/24", help="(%(default)s)")
    parser.add_argument("--lab", metavar="NAME", help="measure one run on this lab, which is up")
    parser.add_argument("--tasks", action="store_true", help="print every task of every run")
    return parser


def _of_fleets(arguments: argparse.Namespace) -> list[Cost]:
    started = datetime.datetime.now(datetime.UTC)
    costs: list[Cost] = []
    for hosts in arguments.hosts:
        settings = Settings.parse(arguments.name, underlay=arguments.underlay)
        with _raised(plan(settings, ("trixie",) * hosts)) as lab:
            costs.extend(_runs(lab, ("first", "quiet"), arguments.tasks))
    document = {
        "started": started.isoformat(timespec="seconds"),
        "machine": machine.describe_machine(),
        "ansible": ansible_version(),
        "runs": [cost.to_document() for cost in costs],
    }
    _RESULTS.write_text(f"{json.dumps(document, indent=2)}\n", encoding="utf-8")
    return costs


def _of_lab(name: str) -> list[Cost]:
    return list(_runs(state.require(name), ("single",), tasks=True))


def _runs(lab: Lab, runs: Sequence[str], tasks: bool) -> Iterator[Cost]:
    with TemporaryDirectory(prefix="weft-play-") as folder:
        hosts = Path(folder) / "hosts.yml"
        hosts.write_text(inventory.render(lab, 1), encoding="utf-8")
        names = {str(host.address): host.name for host in lab.hosts}
        for run in runs:
            _progress(f"{len(lab.hosts)} hosts: the {run} run")
            cost, done = converge(Fleet(hosts, names), run)
            if tasks:
                print(report.tasks(done))
            if run == "quiet" and cost.changed:
                raise BenchError(f"the quiet run changed something, {cost.changed} times")
            yield cost


@contextmanager
def _raised(wanted: Lab) -> Iterator[Lab]:
    preflight.check()
    if state.load(wanted.name) is not None:
        raise LabError(f"lab {wanted.name!r} is up; run: python3 -m lab down --name {wanted.name}")
    lab = labs.up(wanted, _progress)
    try:
        yield lab
    finally:
        labs.down(wanted.name, _progress)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
