# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.agent_status import (
    AgentStatus,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.commands.status import (
    render_status,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.terminal import Colouriser

NOW = 1_800_000_000.0
PLAIN = Colouriser()
PACKAGE_PARENT = Path(__file__).parents[3] / "collection/plugins/module_utils"


def shown(
    agent: dict[str, Any] | None,
    datapath: dict[str, Any] | None,
    problems: list[str],
    colour: Colouriser = PLAIN,
) -> str:
    return render_status(AgentStatus(agent), datapath, problems, colour, NOW)


def stopped(agent: dict[str, Any], problems: list[str]) -> str:
    status = AgentStatus(agent, ("process 7 is not running",))
    return render_status(status, None, problems, PLAIN, NOW)


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
        "agent      ready, up 2 min; in sync with etcd",
        "release    0123abcd",
        "etcd       connected, revision 12",
        "network    100.96.0.0/16, backend udp",
        "underlay   eth0 10.168.0.11",
        "subnet     100.96.1.0/24 (reservation of 10.168.0.11)",
        "bip        100.96.1.1/24",
        "mtu        1472 bytes",
        "peers      2",
        "datapath   forwarding, up 3 d",
        "in         5 packets, 500 bytes",
        "out        6 packets, 600 bytes",
        "dropped    3 stranger, 1 truncated",
        "offloads   udp-gso, udp-gro; tun-uso off by the table",
        "",
        "PEER         SUBNET         PACKETS IN  PACKETS OUT  LAST PACKET",
        "10.168.0.12  100.96.2.0/24  5           6            4 s ago",
        "10.168.0.13  100.96.3.0/24  0           0            never",
    ]


def test_workers_are_counted() -> None:
    screen = shown(None, datapath(workers=[8, 9]), [])
    assert "datapath   forwarding, 2 workers, up 3 d" in screen


def test_an_agent_before_its_first_pass() -> None:
    store = {"connected": False, "revision": None, "problem": None}
    fresh = agent(
        **{"ready": False, "store": store, "interface": None, "network": None, "lease": None}
    )
    assert shown(fresh, None, []).splitlines() == [
        "agent      NOT READY, up 2 min",
        "release    0123abcd",
        "etcd       unreachable: no connection yet, revision none",
        "peers      2",
    ]


def test_the_last_status_of_a_stopped_agent_is_marked() -> None:
    ended = agent(ready=False, since=NOW - 10 * 86400, problems=["iptables failed"])
    screen = stopped(ended, ["process 7 is not running"])
    lines = screen.splitlines()
    assert lines[0] == "agent      NOT RUNNING; showing its last status"
    assert lines[2] == "etcd       was connected, revision 12"
    assert lines[-3:-1] == [
        "PROBLEM: process 7 is not running",
        "PROBLEM: last reported: iptables failed",
    ]
    assert "10 d" not in screen
    unreachable = {"connected": False, "revision": None, "problem": "etcd1: refused"}
    ended = agent(ready=False, store=unreachable)
    screen = stopped(ended, [])
    assert "etcd       was unreachable: etcd1: refused, revision none" in screen


def test_problems_of_reading_and_of_the_agent_are_shown() -> None:
    told = agent(ready=False, problems=["iptables failed"])
    lines = shown(told, None, ["datapath: refused"]).splitlines()
    assert lines[-4:] == [
        "",
        "PROBLEM: datapath: refused",
        "PROBLEM: iptables failed",
        "Run 'weftctl doctor' to find the cause and the fix.",
    ]


def test_an_unreachable_etcd_and_an_expiring_lease_are_shown() -> None:
    store = {"connected": False, "revision": 12, "problem": "etcd1: refused"}
    screen = shown(agent(store=store, lease={**agent()["lease"], "expires": True}), None, [])
    assert "unreachable: etcd1: refused, revision 12" in screen
    assert "up 2 min; continues with the last known leases" in screen
    assert "(expiring lease of 10.168.0.11)" in screen


def test_an_idle_datapath_without_drops_or_peers() -> None:
    counters = {**datapath()["counters"], "drops": {"stranger": 0}}
    lines = shown(None, datapath(forwarding=False, counters=counters, peers=[]), [])
    assert "datapath   idle, up 3 d\n" in lines
    assert "dropped    none\n" in lines


@pytest.mark.parametrize(
    ("age", "text"),
    [(0, "0 s"), (-5, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_durations_have_a_suitable_unit(age: float, text: str) -> None:
    assert f"ready, up {text};" in shown(agent(since=NOW - age), None, [])


def test_more_peers_than_fit_are_counted() -> None:
    (peer, _other) = datapath()["peers"]
    screen = shown(None, datapath(peers=[peer] * 13), [])
    assert screen.count("10.168.0.12") == 10
    assert screen.endswith("and 3 more: run 'weftctl peers'\n")


@pytest.mark.parametrize(
    ("left", "line"),
    [
        (300 * 86400, "certificate expires at 2027-11-11 08:00:00 UTC, in 300 d"),
        (20 * 86400, "<33>certificate expires at 2027-02-04 08:00:00 UTC, in 20 d<0>"),
        (-1, "<33>certificate expired at 2027-01-15 07:59:59 UTC<0>"),
    ],
)
def test_the_end_of_the_certificate_is_shown_and_marked_when_it_is_near(
    left: int, line: str
) -> None:
    screen = shown(agent(certificate_expiry=NOW + left), None, [], Colouriser(True))
    screen = screen.replace("\x1b[33m", "<33>").replace("\x1b[0m", "<0>")
    assert f"tls        {line}\n" in screen


def test_the_metrics_address_is_shown() -> None:
    assert "metrics    http://127.0.0.1:9/metrics\n" in shown(
        agent(metrics="http://127.0.0.1:9/metrics"), None, []
    )


def test_colours_are_added_and_nothing_else() -> None:
    plain = shown(agent(ready=False), datapath(), ["refused"])
    coloured = shown(agent(ready=False), datapath(), ["refused"], Colouriser(True))
    assert re.sub("\x1b\\[[0-9]+m", "", coloured) == plain
    assert "\x1b[31mNOT READY\x1b[0m" in coloured
    assert "\x1b[31mPROBLEM: refused\x1b[0m" in coloured


def test_status_loads_no_library(tmp_path: Path) -> None:
    """`weftctl status` is run often, by people and by plays: gRPC alone takes half a second."""
    program = (
        "import sys; from pathlib import Path; from weft.weftctl.paths import HostPaths; "
        "from weft.weftctl.program import main; folder = Path(sys.argv[1]); "
        "main(['status'], HostPaths(status=folder / 'status', control=folder / 'socket')); "
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE_PARENT)},
        text=True,
    )
    assert "PROBLEM: datapath: " in done.stdout
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert not loaded & {"etcd3", "grpc", "pyroute2", "prometheus_client"}
