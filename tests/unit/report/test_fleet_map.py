# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.report.documents import read_fleet
from ansible_collections.weft.overlay.plugins.plugin_utils.report.fleet import Verdict
from ansible_collections.weft.overlay.plugins.plugin_utils.report.fleet_map import (
    MOST_CARDS,
    FleetMap,
    draw_map,
)
from tests.report.fleets import gathered


def drawn(count: int, troubled: bool = False) -> FleetMap:
    return draw_map(read_fleet(gathered(count, troubled=troubled)))


@pytest.mark.parametrize("count", range(1, MOST_CARDS + 1))
def test_cards_lie_within_the_drawing_and_not_on_each_other(count: int) -> None:
    fleet_map = drawn(count)
    assert fleet_map.cards
    for node in fleet_map.nodes:
        assert fleet_map.card_width / 2 <= node.x <= fleet_map.width - fleet_map.card_width / 2
        assert fleet_map.card_height / 2 <= node.y <= fleet_map.height - fleet_map.card_height / 2
    for one, other in combinations(fleet_map.nodes, 2):
        apart = abs(one.x - other.x) >= fleet_map.card_width
        assert apart or abs(one.y - other.y) >= fleet_map.card_height


@pytest.mark.parametrize("count", [MOST_CARDS + 1, 30, 100, 250])
def test_marks_on_the_circle_leave_room_for_a_line_of_text(count: int) -> None:
    fleet_map = drawn(count)
    assert not fleet_map.cards
    nodes = fleet_map.nodes
    for one, other in pairwise(nodes):
        assert ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5 >= 17


def test_text_on_the_left_is_not_upside_down() -> None:
    for node in drawn(40).nodes:
        turned = node.angle % 360
        assert turned <= 90 or turned >= 270


def test_all_links_without_a_fault_are_one_path_for_each_backend() -> None:
    fleet_map = drawn(30)
    assert [bundle.backend for bundle in fleet_map.bundles] == ["vxlan"]
    assert fleet_map.bundles[0].path.count("M") == 30 * 29 // 2
    assert fleet_map.faulty == ()


def test_a_link_has_the_worse_verdict_of_its_directions() -> None:
    document = gathered(3)
    document["verification"]["pairs"][0] |= {"verdict": "mtu", "answer": "lost"}
    (link,) = draw_map(read_fleet(document)).faulty
    assert link.verdict is Verdict.MTU
    assert "docker1 → docker2: small path MTU (lost)" in link.tip
    assert "docker2 → docker1: reachable" in link.tip


def test_links_of_hosts_with_different_backends_are_mixed() -> None:
    document = gathered(3)
    document["verification"]["hosts"][0]["backend"] = "udp"
    fleet_map = draw_map(read_fleet(document))
    assert {bundle.backend for bundle in fleet_map.bundles} == {"mixed", "vxlan"}
    assert [entry.text for entry in fleet_map.legend] == ["mixed: 4 pairs", "vxlan: 2 pairs"]


def test_a_small_fleet_has_the_slower_way_beside_each_link() -> None:
    document = gathered(2)
    for pair, median in zip(document["verification"]["pairs"], (0.5, 0.75), strict=True):
        pair["round_trip_ms"] = {"min": 0.1, "median": median, "max": 2}
    assert [label.text for label in draw_map(read_fleet(document)).labels] == ["vxlan · 0.75 ms"]


def test_a_fleet_without_hosts_is_an_empty_drawing() -> None:
    assert draw_map(read_fleet({"hosts": []})).nodes == ()
