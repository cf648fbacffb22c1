# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.compiled_table import (
    Traffic,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import (
    ACTIVE,
    IDLE,
    Offloads,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.policy import Drop
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.statistics import (
    Counters,
    Statistics,
    sum_statistics,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import parse_table

from .packets import document

ONE, OTHER = parse_table(document()).peers


def counters(factor: int, **drops: int) -> Counters:
    counted = Counters(factor, 2 * factor, 3 * factor, 4 * factor, 5 * factor, 6 * factor)
    for name, count in drops.items():
        counted.drops[Drop[name]] = count
    return counted


def test_every_counter_is_summed_with_the_past() -> None:
    whole = sum_statistics(
        Statistics(counters(100, UNKNOWN_SENDER=7)),
        [Statistics(counters(1, UNKNOWN_SENDER=1, TOO_BIG=2)), Statistics(counters(10, TOO_BIG=3))],
        (),
    )
    assert whole.counters == counters(111, UNKNOWN_SENDER=8, TOO_BIG=5)


def test_a_peer_is_summed_over_the_queues_that_have_it() -> None:
    past = Statistics(traffic={ONE.key: Traffic(1000, 1000, 1000, 1000, 30.0)})
    queues = [
        Statistics(traffic={ONE.key: Traffic(1, 2, 3, 4, 50.0), OTHER.key: Traffic()}),
        Statistics(
            traffic={ONE.key: Traffic(10, 20, 30, 40), OTHER.key: Traffic(5, 6, 7, 8, 40.0)}
        ),
    ]
    assert sum_statistics(past, queues, (ONE, OTHER)).traffic == {
        ONE.key: Traffic(1011, 1022, 1033, 1044, 50.0),
        OTHER.key: Traffic(5, 6, 7, 8, 40.0),
    }


def test_a_removed_peer_is_dropped_and_a_new_one_starts_at_zero() -> None:
    past = Statistics(traffic={ONE.key: Traffic(1, 1, 1, 1, 1.0)})
    assert sum_statistics(past, (), (OTHER,)).traffic == {OTHER.key: Traffic()}


def test_a_peer_with_another_announcement_keeps_its_counters() -> None:
    counted = Traffic(1, 2, 3, 4, 5.0)
    for changed in (
        replace(ONE, partial_checksum=True),
        replace(ONE, vtep_mac="02:00:00:00:00:01"),
    ):
        whole = sum_statistics(Statistics(), [Statistics(traffic={ONE.key: counted})], (changed,))
        assert whole.traffic == {changed.key: counted}
    moved = replace(ONE, public_ip=OTHER.public_ip)
    assert sum_statistics(Statistics(traffic={ONE.key: counted}), (), (moved,)).traffic == {
        moved.key: Traffic()
    }


def test_the_parts_are_not_changed() -> None:
    part = Statistics(counters(1), {ONE.key: Traffic(1)}, Offloads().status())
    whole = sum_statistics(Statistics(), [part], (ONE,))
    whole.counters.packets_in += 1
    whole.counters.drops[0] += 1
    assert part == Statistics(counters(1), {ONE.key: Traffic(1)}, Offloads().status())


def test_an_offload_is_active_if_every_queue_has_it_active() -> None:
    queues = [
        Statistics(offloads={"udp-gso": ACTIVE, "udp-gro": ACTIVE, "tun-tso": IDLE}),
        Statistics(offloads={"udp-gso": "refused: no", "udp-gro": ACTIVE, "tun-tso": IDLE}),
    ]
    expected = {"udp-gso": "refused: no", "udp-gro": ACTIVE, "tun-tso": IDLE}
    assert sum_statistics(Statistics(), queues, ()).offloads == expected
    # Without queues, the states are those of before.
    assert sum_statistics(queues[0], (), ()).offloads == queues[0].offloads
