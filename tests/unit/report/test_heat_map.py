# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.report.documents import read_fleet
from ansible_collections.weft.overlay.plugins.plugin_utils.report.fleet import Verdict
from ansible_collections.weft.overlay.plugins.plugin_utils.report.heat_map import (
    Cell,
    HeatMap,
    draw_heat_map,
)
from tests.report.fleets import gathered


def drawn(first_pair: dict[str, Any], count: int = 3) -> HeatMap:
    """The heat map of a fleet whose pairs all measure 1 ms, but for docker1 to docker2."""
    document = gathered(count)
    for pair in document["verification"]["pairs"]:
        pair["round_trip_ms"] = {"min": 1, "median": 1, "max": 1}
    document["verification"]["pairs"][0] |= first_pair
    return draw_heat_map(read_fleet(document))


def first(heat_map: HeatMap) -> Cell:
    cell = heat_map.rows[0].cells[1]
    assert cell is not None
    return cell


@pytest.mark.parametrize(
    ("median", "step", "text"),
    [
        (0.2, "0", "0.20"),
        (1.0, "0", "1.0"),
        (1.5, "1", "1.5"),
        (1.6, "2", "1.6"),
        (3.9, "3", "3.9"),
        (8.0, "4", "8.0"),
        (80.0, "5", "80"),
    ],
)
def test_latency_is_told_by_the_fleets_median(median: float, step: str, text: str) -> None:
    cell = first(drawn({"round_trip_ms": {"min": 0.1, "median": median, "max": 99}}))
    assert (cell.latency_step, cell.latency) == (step, text)


@pytest.mark.parametrize(
    ("path", "expected", "step"),
    [(1450, 1450, "0"), (1400, 1450, "5"), (8950, 1450, "2"), (1450, None, "0"), (None, 1450, "x")],
)
def test_a_path_mtu_is_told_by_the_expected_one(
    path: int | None, expected: int | None, step: str
) -> None:
    assert first(drawn({"path_mtu": path, "expected_mtu": expected})).mtu_step == step


@pytest.mark.parametrize(
    ("sent", "received", "step", "text"),
    [(5, 5, "0", "0"), (100, 99, "1", "1"), (5, 4, "3", "20"), (5, 0, "5", "100"), (0, 0, "x", "")],
)
def test_loss_is_a_share_of_the_probes(sent: int, received: int, step: str, text: str) -> None:
    cell = first(drawn({"sent": sent, "received": received}))
    assert (cell.loss_step, cell.loss) == (step, text)


def test_throughput_is_a_measure_where_it_was_measured() -> None:
    assert "rate" not in [measure.key for measure in drawn({}).measures]
    heat_map = drawn({"throughput_mbit": 812.4})
    assert heat_map.measures[-1].key == "rate"
    assert (first(heat_map).throughput, first(heat_map).throughput_step) == ("812", "0")


def test_a_host_has_no_cell_with_itself_and_one_with_each_other() -> None:
    heat_map = drawn({}, 5)
    for index, row in enumerate(heat_map.rows):
        assert [place for place, cell in enumerate(row.cells) if cell is None] == [index]


def test_a_pair_that_was_not_probed_is_unknown_and_not_faulty() -> None:
    heat_map = draw_heat_map(read_fleet({"hosts": [{"name": "a"}, {"name": "b"}]}))
    cell = first(heat_map)
    assert cell.verdict is Verdict.UNKNOWN
    assert (cell.latency_step, cell.mtu_step, cell.loss_step) == ("x", "x", "x")
    assert heat_map.faults == ()
    assert heat_map.measures[1].summary == "No round-trip time was measured"


def test_faults_are_listed_with_the_probe_results() -> None:
    (fault,) = drawn({"verdict": "source", "answer": "", "source_seen": "192.0.2.11"}).faults
    assert (fault.source, fault.destination) == ("docker1", "docker2")
    assert fault.details.startswith(
        "source changed (reachable, but with another source address), seen as 192.0.2.11, 1.0 ms"
    )


@pytest.mark.parametrize(
    ("count", "density"), [(14, "roomy"), (15, "medium"), (40, "medium"), (41, "dense")]
)
def test_cells_shrink_with_the_fleet(count: int, density: str) -> None:
    assert drawn({}, count).density == density


def test_a_faulty_pair_is_described_by_its_fault() -> None:
    lossy = {"verdict": "fail", "answer": "2 of 5 echo requests are lost", "received": 3}
    heat_map = drawn(lossy)
    assert first(heat_map).reason == "2 of 5 echo requests are lost"
    assert [fault.details for fault in heat_map.faults] == [
        "failed (2 of 5 echo requests are lost), 1.0 ms, path MTU 1450, 40 % lost"
    ]
    (fail,) = (step for step in heat_map.measures[0].scale if step.step == "fail")
    assert fail.text == "✕ failed"


def test_a_fault_without_a_description_has_the_meaning_of_its_verdict() -> None:
    assert first(drawn({"verdict": "fail", "answer": ""})).reason == (
        "unreachable, or another fault"
    )


@pytest.mark.parametrize("verdict", ["ok", "unknown"])
def test_a_pair_without_a_fault_has_no_reason(verdict: str) -> None:
    assert first(drawn({"verdict": verdict, "answer": "100.96.1.2"})).reason == ""
