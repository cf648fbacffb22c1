# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.device_counters import (
    DeviceCounters,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import RouteLookup
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.commands.peers import (
    peers_document,
    render_peers,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.terminal import Colouriser

from .host_facts import PEER, healthy

NOW = 1060.0
COUNTED = DeviceCounters(10, 1000, 1, 2, 20, 2000, 0, 3)


def test_the_userspace_datapath_counts_by_peer_and_by_reason() -> None:
    facts = replace(healthy(), counters={"flannel0": COUNTED})
    document = peers_document(facts)
    assert document["peers"] == [
        {
            "public_ip": "192.0.2.12",
            "subnet": "100.96.2.0/24",
            "backend": "udp",
            "device": "flannel0",
            "entries": True,
            "next_hop": "192.0.2.12",
            "neighbour": "reachable",
            "packets_in": 5,
            "bytes_in": 500,
            "packets_out": 6,
            "bytes_out": 600,
            "last_heard": 1000.0,
        }
    ]
    assert render_peers(document, Colouriser(), NOW).splitlines() == [
        "PEER        SUBNET         BACKEND  DEVICE    ENTRIES   NEXT HOP    NEIGHBOUR  "
        "PACKETS IN  PACKETS OUT  LAST PACKET",
        "192.0.2.12  100.96.2.0/24  udp      flannel0  complete  192.0.2.12  reachable  "
        "5           6            60 s ago",
        "",
        "flannel0: 10 packets in, 20 out; dropped 3 in, 3 out",
        "",
        "dropped by the datapath:",
        "  ipv6  4",
    ]


@pytest.mark.parametrize(("backend", "kernel"), [("vxlan", True), ("host-gw", False)])
def test_what_the_kernel_does_not_count_is_left_out(backend: str, kernel: bool) -> None:
    facts = replace(healthy(backend, kernel=kernel), counters={"eth0": COUNTED})
    document = peers_document(facts)
    (peer,) = document["peers"]
    assert peer["entries"] is True
    assert peer["packets_in"] is None
    assert peer["last_heard"] is None
    assert document["drops"] is None
    # The underlay's interface carries more than the overlay.
    assert document["devices"] == {}
    assert (
        render_peers(document, Colouriser(), NOW)
        .splitlines()[1]
        .endswith("-           -            -")
    )


@pytest.mark.parametrize("lost", ["routes", "neighbours", "fdb"])
def test_entries_that_the_kernel_lacks_are_reported(lost: str) -> None:
    facts = healthy("vxlan", kernel=True)
    document = peers_document(replace(facts, state=replace(facts.state, **{lost: frozenset()})))
    assert document["peers"][0]["entries"] is False
    assert "incomplete" in render_peers(document, Colouriser(), NOW)


def test_unreadable_entries_are_unknown() -> None:
    facts = replace(healthy(), unreadable={"state": "the kernel's tables cannot be read"})
    document = peers_document(facts)
    assert document["peers"][0]["entries"] is None
    assert "PROBLEM: the kernel's tables cannot be read" in render_peers(
        document, Colouriser(), NOW
    )


def test_a_peer_behind_a_gateway_is_known_by_that_neighbour() -> None:
    router = IPv4Address("192.0.2.1")
    facts = healthy()
    behind = replace(
        facts,
        routes={**facts.routes, PEER: RouteLookup("eth0", router)},
        neighbours={router: "stale"},
    )
    (peer,) = peers_document(behind)["peers"]
    assert (peer["next_hop"], peer["neighbour"]) == ("192.0.2.1", "stale")


def test_no_peers_and_no_drops() -> None:
    facts = healthy()
    assert facts.datapath is not None
    quiet = replace(
        facts,
        peers=(),
        datapath={**facts.datapath, "counters": {**facts.datapath["counters"], "drops": {}}},
    )
    assert render_peers(peers_document(quiet), Colouriser(), NOW) == (
        "no peers\n\ndropped by the datapath: none\n"
    )
