# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's command line."""

from __future__ import annotations

import argparse
import datetime
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any

from bench import machine, plot, report
from bench.errors import BenchError
from bench.figures import Figure
from bench.lab_hosts import two_hosts
from bench.link import Mode
from bench.measurement import FULL, QUICK
from bench.paths import ALL
from bench.run import active_offloads, connect, measure
from bench.summary import Row, summarise
from lab.errors import LabError

_RESULTS = Path(__file__).parent / "results"
_SUITES = ("bookworm", "trixie")
_NAMES = tuple(path.name for path in ALL)


def main(argv: Sequence[str]) -> int:
    """Measure, and return the exit code; errors are one sentence on standard error."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        _measure(arguments)
    except (BenchError, LabError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    return 0


def _measure(arguments: argparse.Namespace) -> None:
    effort = QUICK if arguments.quick else FULL
    if arguments.repeats is not None:
        effort = replace(effort, repeats=arguments.repeats)
    paths = [path for path in ALL if path.name in arguments.paths]
    modes = [Mode(mode) for mode in arguments.modes]
    started = datetime.datetime.now(datetime.UTC)
    load = machine.load()
    with two_hosts(arguments.suite, _progress) as pair:
        targets, unavailable = connect(pair, paths, _progress)
        samples, failures = measure(pair, targets, modes, effort, _progress)
        packages = ("iperf3", *(name for path in paths for name in path.packages))
        offloads = active_offloads(pair, paths, targets)
        description = machine.describe(pair.left)
        installed = machine.versions(pair.left, packages)
    rows = summarise(samples)
    about = {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.datetime.now(datetime.UTC) - started).total_seconds()),
        "effort": asdict(effort),
        "load_before": load,
        "machine": description,
        "versions": installed,
        "active_offloads": offloads,
    }
    results = report.document(rows, failures, unavailable, paths, about)
    whole = not arguments.quick and len(paths) == len(ALL) and len(modes) == len(Mode)
    _write(results, rows, "latest" if whole else "partial")
    _show(results, rows, modes)


def _write(results: Mapping[str, Any], rows: Sequence[Row], name: str) -> None:
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
    if rows:
        caption = machine.caption(results["machine"], results["effort"]["repeats"])
        plot.draw(rows, caption, [_RESULTS / f"{name}.{suffix}" for suffix in ("svg", "png")])


def _show(results: Mapping[str, Any], rows: Sequence[Row], modes: Sequence[Mode]) -> None:
    tables = [report.table(rows, mode) for mode in modes]
    tables.append(report.shares(rows, Figure.TCP1, "kernel-vxlan"))
    print(*(table for table in tables if table), sep="\n\n", end="\n\n")
    for absent in results["unavailable"]:
        print(f"unavailable: {absent['path']}: {absent['reason']}")
    for failed in results["failed"]:
        print(
            f"failed: {failed['path']}, mode {failed['mode']}, {failed['figure']}: "
            f"{failed['reason']}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m bench",
        description="Measure overlays between two lab hosts, in one interleaved run. The results "
        "go to bench/results/latest.*, or partial.* if the run is quick or leaves something out.",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one short repeat without the loss search, under 4 minutes",
    )
    parser.add_argument("--repeats", type=_positive, help=f"visits to each path ({FULL.repeats})")
    parser.add_argument(
        "--paths", nargs="+", choices=_NAMES, default=_NAMES, metavar="PATH", help=", ".join(_NAMES)
    )
    parser.add_argument(
        "--modes", nargs="+", choices=tuple(Mode), default=tuple(Mode), help="modes of link (P W)"
    )
    parser.add_argument(
        "--suite", choices=_SUITES, default="trixie", help="Debian of the hosts (%(default)s)"
    )
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
    return value


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
