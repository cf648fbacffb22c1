# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import Plan
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import RouteLookup
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.facts import HostFacts
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.screen import Paint
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.trace import (
    render_trace,
    trace,
    trace_document,
)

from .host_facts import PEER, REMOTE, datapath, lease, well, with_chain, with_docker, with_rule

NOW = 1060.0
OWN = IPv4Address("100.96.1.2")


def lines(address: IPv4Address, facts: HostFacts) -> list[str]:
    return render_trace(trace(address, facts, NOW), Paint()).splitlines()


def test_the_whole_way_through_the_userspace_datapath() -> None:
    assert lines(REMOTE, well()) == [
        "ok  network   100.96.2.2 is in 100.96.0.0/16",
        "ok  lease     100.96.2.0/24 by 192.0.2.12, reservation",
        "ok  backend   udp, by flannel0",
        "ok  route     by flannel0",
        "ok  device    flannel0 is up, MTU 1472",
        "ok  datapath  weft's own, peer last heard 60 s ago, offloads udp-gso",
        "ok  firewall  -A WEFT-FORWARD -s 100.96.1.0/24 -d 100.96.0.0/16 -o flannel0 -j ACCEPT "
        "accepts it, and the way back is open",
        "ok  underlay  192.0.2.12 by eth0, 192.0.2.12 is reachable",
        "",
        "a packet to 100.96.2.2 would pass",
    ]


def test_the_way_through_the_kernel() -> None:
    vxlan = lines(REMOTE, well("vxlan", kernel=True))
    assert "ok  route     by flannel.1 via 100.96.2.0" in vxlan
    assert "ok  datapath  the kernel's VXLAN, 02:77:c0:00:02:0c at 192.0.2.12" in vxlan
    direct = lines(REMOTE, well("host-gw"))
    assert "ok  route     by eth0 via 192.0.2.12" in direct
    assert not [line for line in direct if "datapath" in line]


STOPPED: list[tuple[str, Callable[[HostFacts], HostFacts], str, str]] = [
    (
        "network",
        lambda facts: replace(facts, network=None, unread={"network": "no network is published"}),
        "no network is published",
        "weft.overlay.site",
    ),
    (
        "lease",
        lambda facts: replace(facts, leases=facts.leases[:1]),
        "no lease covers it, so no host has it",
        "weftctl leases",
    ),
    (
        "backend",
        lambda facts: replace(facts, plan=None, unread={"plan": "VNI is too large"}),
        "VNI is too large",
        "weftctl doctor",
    ),
    (
        "route",
        lambda facts: replace(facts, routes={}),
        "the kernel has no route to 100.96.2.2",
        "systemctl restart weftd",
    ),
    (
        "route",
        lambda facts: replace(facts, routes={REMOTE: RouteLookup("eth0", PEER)}),
        "the kernel sends it by eth0 via 192.0.2.12, and should by flannel0",
        "ip route show match 100.96.2.2",
    ),
    (
        "device",
        lambda facts: replace(
            facts,
            links=replace(
                facts.links, links=tuple(replace(link, up=False) for link in facts.links.links)
            ),
        ),
        "flannel0 is down",
        "systemctl restart weftd",
    ),
    (
        "datapath",
        lambda facts: replace(facts, datapath=None, unread={"datapath": "no socket"}),
        "no socket",
        "systemctl restart weft-datapath",
    ),
    (
        "datapath",
        lambda facts: replace(facts, datapath=datapath({}, forwarding=False, problems=["EPERM"])),
        "EPERM",
        "systemctl restart weft-datapath",
    ),
    (
        "datapath",
        lambda facts: replace(facts, datapath=datapath({}, peers=[])),
        "the datapath does not know 192.0.2.12 with 100.96.2.0/24",
        "systemctl restart weftd",
    ),
    (
        "firewall",
        lambda facts: replace(facts, sysctls={"ipv4/ip_forward": 0}),
        "the kernel forwards nothing",
        "sysctl -w net.ipv4.ip_forward=1",
    ),
    (
        "firewall",
        lambda facts: with_rule(facts, "-A FORWARD -i flannel0 -j DROP"),
        "back: -A FORWARD -i flannel0 -j DROP drops it",
        "iptables -t filter -I FORWARD -s 100.96.0.0/16 -d 100.96.1.0/24 -i flannel0 -j ACCEPT",
    ),
    (
        "underlay",
        lambda facts: replace(facts, neighbours={PEER: "failed"}),
        "192.0.2.12 does not answer there (failed)",
        "mend the link",
    ),
    (
        "underlay",
        lambda facts: replace(facts, routes={REMOTE: facts.routes[REMOTE]}),
        "the kernel has no route to 192.0.2.12",
        "ip route get 192.0.2.12",
    ),
    (
        "port",
        lambda facts: with_rule(facts, "-A INPUT -p udp -j DROP"),
        "-A INPUT -p udp -j DROP drops UDP 8285",
        "weftctl doctor",
    ),
]


@pytest.mark.parametrize(
    ("name", "break_it", "words", "mend"),
    STOPPED,
    ids=[f"{row[0]}: {row[2][:24]}" for row in STOPPED],
)
def test_the_first_thing_that_stops_it_is_the_last_step(
    name: str, break_it: Callable[[HostFacts], HostFacts], words: str, mend: str
) -> None:
    found = trace(REMOTE, break_it(well()), NOW)
    assert found.passes is False
    last = found.steps[-1]
    assert (last.name, last.passes) == (name, False)
    assert words in last.text
    assert mend in (last.mend or "")
    assert all(step.passes for step in found.steps[:-1])


def test_the_kernels_entries_are_looked_at() -> None:
    facts = well("vxlan", kernel=True)
    lost = replace(facts, state=replace(facts.state, neighbours=frozenset()))
    assert trace(REMOTE, lost, NOW).steps[-1].text == "flannel.1 has no neighbour 100.96.2.0"
    lost = replace(facts, state=replace(facts.state, fdb=frozenset()))
    assert "has not 02:77:c0:00:02:0c at 192.0.2.12" in trace(REMOTE, lost, NOW).steps[-1].text


def test_what_cannot_be_read_leaves_a_doubt() -> None:
    facts = replace(well(), unread={"rulesets": "iptables-save: Permission denied"})
    found = trace(REMOTE, facts, NOW)
    assert found.passes is None
    assert lines(REMOTE, facts)[-1] == "a packet to 100.96.2.2 may pass"
    assert trace_document(found)["passes"] is None


def test_what_docker_closes_is_the_agents_to_open() -> None:
    facts = with_docker(well())
    assert trace(REMOTE, facts, NOW).passes is True
    last = trace(REMOTE, with_chain(facts, "filter", "WEFT-FORWARD", ()), NOW).steps[-1]
    assert last.text == "back: -A DOCKER ! -i docker0 -o docker0 -j DROP drops it"
    assert last.mend == "systemctl restart weftd"


def test_a_rule_that_may_decide_leaves_a_doubt_and_one_that_does_comes_first() -> None:
    facts = with_rule(well(), "-A INPUT -m set --match-set bad src -j DROP")
    found = trace(REMOTE, facts, NOW)
    last = found.steps[-1]
    assert (found.passes, last.name, last.passes) == (None, "port", None)
    assert last.text == "-A INPUT -m set --match-set bad src -j DROP may decide on UDP 8285"
    closed = trace(REMOTE, with_rule(facts, "-A OUTPUT -p udp -j DROP"), NOW)
    assert closed.passes is False
    assert "-A OUTPUT -p udp -j DROP drops UDP 8285" in closed.steps[-1].text

    facts = with_rule(well(), "-A FORWARD -o flannel0 -m set --match-set bad src -j DROP")
    assert trace(REMOTE, facts, NOW).passes is None
    closed = trace(REMOTE, with_rule(facts, "-A FORWARD -i flannel0 -j DROP"), NOW)
    assert closed.steps[-1].text.startswith("back: -A FORWARD -i flannel0 -j DROP drops")


def test_a_peer_of_another_backend_has_no_route() -> None:
    facts = well("vxlan", kernel=True)
    other = lease(2)
    stranger = replace(facts, leases=(facts.leases[0], other), plan=replace_plan(facts))
    last = trace(REMOTE, stranger, NOW).steps[-1]
    assert last.text == "192.0.2.12 announces udp, and vxlan makes no route to it"


def replace_plan(facts: HostFacts) -> Plan:
    """The plan without routes."""
    assert facts.plan is not None
    return replace(facts.plan, state=replace(facts.plan.state, routes=frozenset()))


def test_addresses_that_are_not_another_hosts() -> None:
    facts = well()
    here = replace(facts, routes={OWN: RouteLookup("docker0")})
    assert "ok  bridge   docker0: a container of this host, if any" in lines(OWN, here)
    bridge = replace(facts, routes={OWN: RouteLookup("lo", local=True)})
    assert "ok  bridge   docker0: the bridge itself" in lines(OWN, bridge)
    astray = trace(OWN, replace(facts, routes={OWN: RouteLookup("flannel0")}), NOW)
    assert "sends it by flannel0, and not to docker0" in astray.steps[-1].text
    assert astray.passes is False
    outside = IPv4Address("198.51.100.1")
    found = trace(outside, replace(facts, routes={outside: RouteLookup("eth0")}), NOW)
    assert found.steps[-1].text == "198.51.100.1 is no container's: the kernel sends it by eth0"
    assert found.passes is True
    assert trace(outside, facts, NOW).passes is False
