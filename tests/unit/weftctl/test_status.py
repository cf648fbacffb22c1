# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.screen import Paint
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.status import render_status

NOW = 1_800_000_000.0
PLAIN = Paint()


def shown(
    agent: dict[str, Any] | None,
    datapath: dict[str, Any] | None,
    problems: list[str],
    paint: Paint = PLAIN,
) -> str:
    return render_status(agent, datapath, problems, paint, NOW)


def agent(**changes: Any) -> dict[str, Any]:
    return {
        "pid": 7,
        "ready": True,
        "release": "0123abcd",
        "since": NOW - 150,
        "store": {"connected": True, "revision": 12, "problem": None},
        "interface": "eth0",
        "address": "10.168.0.11",
        "network": "100.96.0.0/16",
        "backend": "udp",
        "mtu": 1472,
        "lease": {
            "subnet": "100.96.1.0/24",
            "bip": "100.96.1.1/24",
            "public_ip": "10.168.0.11",
            "expires": False,
        },
        "peers": 2,
        "problems": [],
        **changes,
    }


def datapath(**changes: Any) -> dict[str, Any]:
    return {
        "forwarding": True,
        "workers": [],
        "since": NOW - 3 * 86400,
        "counters": {
            "packets_in": 5,
            "bytes_in": 500,
            "packets_out": 6,
            "bytes_out": 600,
            "drops": {"stranger": 3, "ipv6": 0, "truncated": 1},
        },
        "offloads": {"udp-gso": "active", "udp-gro": "active", "tun-uso": "off by the table"},
        "peers": [
            {
                "public_ip": "10.168.0.12",
                "subnet": "100.96.2.0/24",
                "packets_in": 5,
                "packets_out": 6,
                "last_heard": NOW - 4,
            },
            {
                "public_ip": "10.168.0.13",
                "subnet": "100.96.3.0/24",
                "packets_in": 0,
                "packets_out": 0,
                "last_heard": None,
            },
        ],
        **changes,
    }


def test_the_whole_screen() -> None:
    assert shown(agent(), datapath(), []).splitlines() == [
        "agent      ready, up 2 min; keeps this host as the store says",
        "release    0123abcd",
        "store      connected, revision 12",
        "network    100.96.0.0/16 by udp",
        "underlay   eth0 10.168.0.11",
        "subnet     100.96.1.0/24 (reservation of 10.168.0.11)",
        "bip        100.96.1.1/24",
        "mtu        1472 bytes",
        "peers      2",
        "datapath   forwarding, up 3 d; carries the packets",
        "in         5 packets, 500 bytes",
        "out        6 packets, 600 bytes",
        "dropped    3 stranger, 1 truncated",
        "offloads   udp-gso, udp-gro; tun-uso off by the table",
        "",
        "PEER         SUBNET         PACKETS IN  PACKETS OUT  LAST HEARD",
        "10.168.0.12  100.96.2.0/24  5           6            4 s ago",
        "10.168.0.13  100.96.3.0/24  0           0            never",
    ]


def test_workers_are_counted() -> None:
    screen = shown(None, datapath(workers=[8, 9]), [])
    assert "datapath   forwarding by 2 workers, up 3 d;" in screen


def test_an_agent_that_knows_nothing_yet() -> None:
    store = {"connected": False, "revision": None, "problem": None}
    fresh = agent(
        **{"ready": False, "store": store, "interface": None, "network": None, "lease": None}
    )
    assert shown(fresh, None, []).splitlines() == [
        "agent      NOT READY, up 2 min; keeps this host as the store says",
        "release    0123abcd",
        "store      away: not reached yet, revision none",
        "peers      2",
    ]


def test_the_last_words_of_an_agent_that_ended_are_told_as_such() -> None:
    ended = agent(ready=False, since=NOW - 10 * 86400, problems=["iptables failed"])
    screen = render_status(ended, None, ["process 7 is not running"], PLAIN, NOW, running=False)
    lines = screen.splitlines()
    assert lines[0] == "agent      NOT RUNNING; what follows of it is what it said last"
    assert lines[2] == "store      was connected, revision 12"
    assert lines[-3:-1] == [
        "PROBLEM: process 7 is not running",
        "PROBLEM: it said last: iptables failed",
    ]
    assert "10 d" not in screen
    away = {"connected": False, "revision": None, "problem": "etcd1: refused"}
    ended = agent(ready=False, store=away)
    screen = render_status(ended, None, [], PLAIN, NOW, running=False)
    assert "store      was away: etcd1: refused, revision none" in screen


def test_problems_of_reading_and_those_told_are_shown() -> None:
    told = agent(ready=False, problems=["iptables failed"])
    lines = shown(told, None, ["the datapath: refused"]).splitlines()
    assert lines[-4:] == [
        "",
        "PROBLEM: the datapath: refused",
        "PROBLEM: iptables failed",
        "'weftctl doctor' looks for causes, and names what mends them",
    ]


def test_a_store_that_is_away_and_a_lease_that_expires_are_said() -> None:
    store = {"connected": False, "revision": 12, "problem": "etcd1: refused"}
    screen = shown(agent(store=store, lease={**agent()["lease"], "expires": True}), None, [])
    assert "away: etcd1: refused, revision 12" in screen
    assert "(lease that expires of 10.168.0.11)" in screen


def test_an_idle_datapath_without_drops_or_peers() -> None:
    counters = {**datapath()["counters"], "drops": {"stranger": 0}}
    lines = shown(None, datapath(forwarding=False, counters=counters, peers=[]), [])
    assert "datapath   idle, up 3 d;" in lines
    assert "dropped    nothing\n" in lines


@pytest.mark.parametrize(
    ("age", "text"),
    [(0, "0 s"), (-5, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_ages_are_in_the_unit_that_reads_best(age: float, text: str) -> None:
    assert f"ready, up {text};" in shown(agent(since=NOW - age), None, [])


def test_more_peers_than_fit_are_counted() -> None:
    (peer, _other) = datapath()["peers"]
    screen = shown(None, datapath(peers=[peer] * 13), [])
    assert screen.count("10.168.0.12") == 10
    assert screen.endswith("and 3 more: 'weftctl peers'\n")


@pytest.mark.parametrize(
    ("left", "line"),
    [
        (300 * 86400, "certificate ends at 2027-11-11 08:00:00 UTC, in 300 d"),
        (20 * 86400, "<33>certificate ends at 2027-02-04 08:00:00 UTC, in 20 d<0>"),
        (-1, "<33>certificate ended at 2027-01-15 07:59:59 UTC<0>"),
    ],
)
def test_the_end_of_the_certificate_is_shown_and_marked_when_it_is_near(
    left: int, line: str
) -> None:
    screen = shown(agent(certificate_expiry=NOW + left), None, [], Paint(True))
    screen = screen.replace("\x1b[33m", "<33>").replace("\x1b[0m", "<0>")
    assert f"identity   {line}\n" in screen


def test_the_metrics_are_shown_where_the_agent_tells_of_them() -> None:
    assert "metrics    http://127.0.0.1:9/metrics\n" in shown(
        agent(metrics="http://127.0.0.1:9/metrics"), None, []
    )


def test_colours_are_added_and_nothing_else() -> None:
    plain = shown(agent(ready=False), datapath(), ["refused"])
    coloured = shown(agent(ready=False), datapath(), ["refused"], Paint(True))
    assert re.sub("\x1b\\[[0-9]+m", "", coloured) == plain
    assert "\x1b[31mNOT READY\x1b[0m" in coloured
    assert "\x1b[31mPROBLEM: refused\x1b[0m" in coloured
