# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.counters import (
    Counters,
    Drop,
    Traffic,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import (
    ACTIVE,
    IDLE,
    Offloads,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import parse_table
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.tally import Tally, total

from .packets import document

ONE, OTHER = parse_table(document()).peers


def counters(factor: int, **drops: int) -> Counters:
    counted = Counters(factor, 2 * factor, 3 * factor, 4 * factor, 5 * factor, 6 * factor)
    for name, count in drops.items():
        counted.drops[Drop[name]] = count
    return counted


def test_every_count_is_summed_with_what_was_before() -> None:
    whole = total(
        Tally(counters(100, STRANGER=7)),
        [Tally(counters(1, STRANGER=1, TOO_BIG=2)), Tally(counters(10, TOO_BIG=3))],
        (),
    )
    assert whole.counters == counters(111, STRANGER=8, TOO_BIG=5)


def test_a_peer_is_summed_over_the_queues_that_know_it() -> None:
    past = Tally(traffic={ONE.key: Traffic(1000, 1000, 1000, 1000, 30.0)})
    queues = [
        Tally(traffic={ONE.key: Traffic(1, 2, 3, 4, 50.0), OTHER.key: Traffic()}),
        Tally(traffic={ONE.key: Traffic(10, 20, 30, 40), OTHER.key: Traffic(5, 6, 7, 8, 40.0)}),
    ]
    assert total(past, queues, (ONE, OTHER)).traffic == {
        ONE.key: Traffic(1011, 1022, 1033, 1044, 50.0),
        OTHER.key: Traffic(5, 6, 7, 8, 40.0),
    }


def test_a_peer_that_left_is_forgotten_and_a_new_one_begins_at_nothing() -> None:
    past = Tally(traffic={ONE.key: Traffic(1, 1, 1, 1, 1.0)})
    assert total(past, (), (OTHER,)).traffic == {OTHER.key: Traffic()}


def test_a_peer_that_announces_something_else_keeps_its_counts() -> None:
    counted = Traffic(1, 2, 3, 4, 5.0)
    for changed in (
        replace(ONE, partial_checksum=True),
        replace(ONE, vtep_mac="02:00:00:00:00:01"),
    ):
        whole = total(Tally(), [Tally(traffic={ONE.key: counted})], (changed,))
        assert whole.traffic == {changed.key: counted}
    moved = replace(ONE, public_ip=OTHER.public_ip)
    assert total(Tally(traffic={ONE.key: counted}), (), (moved,)).traffic == {moved.key: Traffic()}


def test_the_parts_are_left_as_they_are() -> None:
    part = Tally(counters(1), {ONE.key: Traffic(1)}, Offloads().status())
    whole = total(Tally(), [part], (ONE,))
    whole.counters.packets_in += 1
    whole.counters.drops[0] += 1
    assert part == Tally(counters(1), {ONE.key: Traffic(1)}, Offloads().status())


def test_an_offload_is_active_where_it_is_in_every_queue() -> None:
    queues = [
        Tally(offloads={"udp-gso": ACTIVE, "udp-gro": ACTIVE, "tun-tso": IDLE}),
        Tally(offloads={"udp-gso": "refused: no", "udp-gro": ACTIVE, "tun-tso": IDLE}),
    ]
    expected = {"udp-gso": "refused: no", "udp-gro": ACTIVE, "tun-tso": IDLE}
    assert total(Tally(), queues, ()).offloads == expected
    # What nobody carries now is as it was.
    assert total(queues[0], (), ()).offloads == queues[0].offloads
