# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results' document and tables."""

from __future__ import annotations

import json
from ipaddress import IPv4Address

import pytest

from bench import report
from bench.endpoint import Pair
from bench.figures import Figure
from bench.link import Mode
from bench.overlay import Overlay
from bench.paths.path import MeasuredPath
from bench.summary import Failure, Sample, summarise


def _connect(pair: Pair, overlay: Overlay) -> IPv4Address:
    raise AssertionError("no test brings a path up")


PATHS = [MeasuredPath(name, f"how {name} runs", _connect) for name in ("none", "tinc", "nebula")]
ROWS = summarise(
    Sample("none", mode, figure, value)
    for mode in Mode
    for figure, value in ((Figure.TCP1, 6.5), (Figure.UDP64, 74_000.0), (Figure.TCP1, 7.5))
)
FAILURES = [
    Failure("none", Mode.W, "udp64", "nothing was sent"),
    Failure("tinc", Mode.P, "latency", "0 of 400 requests were answered"),
    Failure("tinc", Mode.P, "tcp1", "unable to connect"),
]


def test_document_survives_json_and_names_every_absent_path_with_its_reason() -> None:
    results = report.document(ROWS, FAILURES, {"nebula": "no tun"}, PATHS, {"started": "now"})
    assert json.loads(json.dumps(results)) == results
    assert results["started"] == "now"
    assert results["paths"]["tinc"] == "how tinc runs"
    assert results["unavailable"] == [
        {"path": "nebula", "reason": "no tun"},
        {"path": "tinc", "reason": "latency: 0 of 400 requests were answered"},
    ]
    assert len(results["failed"]) == len(FAILURES)
    assert {row["path"] for row in results["rows"]} == {"none"}
    assert set(results["rows"][0]) == {"path", "mode", "figure", "unit", "median", "min", "max"}


def test_table_has_one_line_a_path_and_only_what_was_measured() -> None:
    heading, units, line = report.table(ROWS, Mode.W).splitlines()
    assert heading.split() == ["mode", "W", "tcp1", "udp64"]
    assert units.split() == ["Gbit/s", "datagrams/s"]
    assert line.split() == ["none", "7.00", "±7%", "74k", "±0%"]


def test_table_shows_where_a_value_is_missing() -> None:
    more = (*ROWS, *summarise([Sample("tinc", Mode.W, Figure.TCP1, 0.5)]))
    assert report.table(more, Mode.W).splitlines()[-1].split() == ["tinc", "0.50", "±0%", "-"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.456, "0.46"), (14.23, "14.2"), (144.4, "144"), (74_336, "74k")]
)
def test_magnitudes_have_three_digits(value: float, text: str) -> None:
    assert report.magnitude(value) == text


def test_shares_are_of_the_reference_in_the_same_mode() -> None:
    values = {("kernel-vxlan", Mode.P): 8.0, ("kernel-vxlan", Mode.W): 4.0, ("tinc", Mode.W): 1.0}
    rows = summarise(
        Sample(path, mode, Figure.TCP1, value) for (path, mode), value in values.items()
    )
    heading, reference, tinc = report.shares(rows, Figure.TCP1, "kernel-vxlan").splitlines()
    assert heading.split() == ["tcp1", "/", "kernel-vxlan", "P", "W"]
    assert reference.split() == ["kernel-vxlan", "1.00", "1.00"]
    assert tinc.split() == ["tinc", "-", "0.25"]


def test_without_the_reference_there_are_no_shares() -> None:
    assert report.shares(ROWS, Figure.TCP1, "kernel-vxlan") == ""
