# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.weft.overlay.plugins.plugin_utils.verification.results import read_results
from ansible_collections.weft.overlay.plugins.plugin_utils.verification.summary import summarise

from .returned import LOST, SILENCE, Faults, fleet, started, status

SLOW = {"round_trip_ms": {"min": 0.1, "median": 12.345, "max": 20.0}}
REWRITTEN = {"tcp": {"name": "host1", "source": "192.0.2.12", "error": ""}}


def test_rows_are_sources_and_columns_are_destinations() -> None:
    faults: Faults = {(1, 2): SLOW, (2, 1): REWRITTEN, (2, 3): {"path_mtu": 1372}}
    faults |= {(3, 1): {"tcp": LOST}, (3, 2): SILENCE}
    assert summarise(read_results(fleet(3, faults), 20)) == [
        "from \\ to              host1   host2     host3",
        "host1      100.96.1.2  -       ok 12.35  ok 0.40",
        "host2      100.96.2.2  source  -         mtu 1372",
        "host3      100.96.3.2  tcp     FAIL      -",
        "ok: reachable, source address unchanged; median round-trip time in ms",
        "round-trip time of 5 pairs: median 0.40 ms, longest 12.35 ms (host1 -> host2)",
        "host1, host2, host3: udp, userspace datapath; offloads: tun-gso",
    ]


def test_of_many_hosts_a_pair_is_one_character() -> None:
    faults: Faults = {(1, 11): SILENCE, (2, 1): REWRITTEN, (3, 1): {"path_mtu": 9}}
    faults[11, 10] = {"tcp": LOST}
    lines = summarise(read_results(fleet(12, faults), 20))
    assert lines[:14] == [
        "                   1",
        "          123456789012",
        " 1 host1  -.........X.",
        " 2 host2  s-..........",
        " 3 host3  m.-.........",
        " 4 host4  ...-........",
        " 5 host5  ....-.......",
        " 6 host6  .....-......",
        " 7 host7  ......-.....",
        " 8 host8  .......-....",
        " 9 host9  ........-...",
        "10 host10 .........-..",
        "11 host11 .........t-.",
        "12 host12 ...........-",
    ]
    assert lines[14] == "132 pairs: . 128 ok, s 1 source, m 1 mtu, t 1 tcp, X 1 fail"
    assert lines[16] == "12 hosts: udp, userspace datapath; offloads: tun-gso"


def test_one_host_is_a_matrix_too() -> None:
    assert summarise(read_results(fleet(1), 20))[:2] == [
        "from \\ to              host1",
        "host1      100.96.1.2  -",
    ]


def test_hosts_are_listed_by_datapath() -> None:
    given = [
        {"name": "one", "started": started(1, daemon=status(1, datapath="kernel"))},
        {"name": "two", "started": started(2, daemon=None)},
        {
            "name": "waiting",
            "started": started(
                3,
                daemon={
                    "agent": {"backend": None, "problems": ["no interface eth0.100"]},
                    "datapath": None,
                    "problems": [],
                },
            ),
        },
        {"name": "three", "started": {}},
    ]
    assert summarise(read_results(given, 20))[-4:] == [
        "one: udp, kernel datapath",
        "two: weftd does not run",
        "waiting: weftd is not ready: no interface eth0.100",
        "three: no container was started: see the play's output above, and verify again",
    ]


def test_figures_of_throughput_are_shown() -> None:
    given = fleet(3)
    given[0]["measured"] = {"throughput": [{"name": "host2", "mbit": 812.4, "error": ""}]}
    given[1]["measured"] = {"throughput": [{"name": "host3", "mbit": None, "error": "timed out"}]}
    assert summarise(read_results(given, 20))[-2:] == [
        "throughput host1 -> host2: 812 Mbit/s",
        "throughput host2 -> host3: not measured: timed out",
    ]
