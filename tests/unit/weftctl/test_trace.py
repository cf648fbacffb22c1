# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import Plan
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import (
    Links,
    RouteLookup,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.commands.trace import (
    path_document,
    render_path,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.facts import HostFacts
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.packet_path import (
    trace_packet,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.terminal import Colouriser

from .host_facts import (
    PEER,
    REMOTE,
    datapath,
    healthy,
    lease,
    link,
    with_chain,
    with_docker,
    with_rule,
)

NOW = 1060.0
OWN = IPv4Address("100.96.1.2")


def lines(address: IPv4Address, facts: HostFacts) -> list[str]:
    return render_path(trace_packet(address, facts, NOW), Colouriser(), NOW).splitlines()


def test_the_path_through_the_userspace_datapath() -> None:
    assert lines(REMOTE, healthy()) == [
        "ok  network   100.96.2.2 is in 100.96.0.0/16",
        "ok  lease     192.0.2.12 holds 100.96.2.0/24 (reservation)",
        "ok  bridge    docker0 has 100.96.1.1/24",
        "ok  backend   udp, device flannel0",
        "ok  route     route dev flannel0",
        "ok  device    flannel0 is up, MTU 1472",
        "ok  datapath  userspace, last packet from the peer 60 s ago, offloads udp-gso",
        "ok  firewall  -A WEFT-FORWARD -s 100.96.1.0/24 -d 100.96.0.0/16 -o flannel0 -j ACCEPT "
        "accepts the packet; replies are accepted",
        "ok  underlay  192.0.2.12 by route dev eth0, neighbour 192.0.2.12 is reachable",
        "",
        "nothing on this host stops a packet to 100.96.2.2",
        "the last packet from 192.0.2.12 arrived 60 s ago",
        "not checked: the network between the hosts; firewall, docker0 and the container on "
        "192.0.2.12 ('weftctl doctor' sends packets)",
    ]


def test_the_path_through_the_kernel() -> None:
    vxlan = lines(REMOTE, healthy("vxlan", kernel=True))
    assert "ok  route     route via 100.96.2.0 dev flannel.1" in vxlan
    assert "ok  datapath  kernel VXLAN, 02:77:c0:00:02:0c dst 192.0.2.12" in vxlan
    direct = lines(REMOTE, healthy("host-gw"))
    assert "ok  route     route via 192.0.2.12 dev eth0" in direct
    assert not [line for line in direct if "datapath" in line]


def with_link(facts: HostFacts, name: str, address: str, **more: Any) -> Links:
    """The links with another one of that name, or with another address of it."""
    others = (link for link in facts.links.links if link.name != name)
    return replace(facts.links, links=(*others, link(name, 9, address, **more)))


def test_a_network_of_docker_on_this_host_is_named() -> None:
    facts = healthy()
    facts = replace(facts, links=with_link(facts, "br-1f2e", "172.18.0.1/16", kind="bridge"))
    found = trace_packet(IPv4Address("172.18.0.5"), facts, NOW)
    assert found.passes is None
    assert "172.18.0.5 is in 172.18.0.0/16 of br-1f2e on this host" in found.steps[-1].text
    assert "user-defined network of Docker" in found.steps[-1].text
    # In the overlay's range, but in no lease.
    facts = replace(facts, links=with_link(facts, "br-1f2e", "100.96.9.1/24", kind="bridge"))
    assert "of br-1f2e" in trace_packet(IPv4Address("100.96.9.5"), facts, NOW).steps[-1].text


def test_what_a_trace_cannot_know_is_part_of_its_document() -> None:
    document = path_document(trace_packet(REMOTE, healthy(), NOW))
    assert document["last_heard"] == 1000.0
    assert "firewall, docker0 and the container on 192.0.2.12" in document["not_checked"]


STOPPED: list[tuple[str, Callable[[HostFacts], HostFacts], str, str]] = [
    (
        "network",
        lambda facts: replace(
            facts, network=None, unreadable={"network": "no network is published"}
        ),
        "no network is published",
        "weft.overlay.site",
    ),
    (
        "lease",
        lambda facts: replace(facts, leases=facts.leases[:1]),
        "no lease contains 100.96.2.2, so no host has this address",
        "weftctl leases",
    ),
    (
        "bridge",
        lambda facts: replace(facts, links=with_link(facts, "docker0", "172.17.0.1/16")),
        "docker0 has 172.17.0.1/16 but needs 100.96.1.1/24",
        "weftctl doctor",
    ),
    (
        "bridge",
        lambda facts: replace(facts, links=Links(facts.links.links[:1])),
        "docker0 does not exist",
        "systemctl start docker",
    ),
    (
        "backend",
        lambda facts: replace(facts, plan=None, unreadable={"plan": "VNI is too large"}),
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
        "the kernel has route via 192.0.2.12 dev eth0, expected route dev flannel0",
        "ip route show match 100.96.2.2",
    ),
    (
        "device",
        lambda facts: replace(
            facts,
            links=replace(
                facts.links,
                links=tuple(
                    replace(link, up=link.name != "flannel0") for link in facts.links.links
                ),
            ),
        ),
        "flannel0 is down",
        "systemctl restart weftd",
    ),
    (
        "datapath",
        lambda facts: replace(facts, datapath=None, unreadable={"datapath": "no socket"}),
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
        "the datapath has no peer 192.0.2.12 with 100.96.2.0/24",
        "systemctl restart weftd",
    ),
    (
        "firewall",
        lambda facts: replace(facts, sysctls={"ipv4/ip_forward": 0}),
        "the kernel forwards no packets",
        "sysctl -w net.ipv4.ip_forward=1",
    ),
    (
        "firewall",
        lambda facts: with_rule(facts, "-A FORWARD -i flannel0 -j DROP"),
        "-A FORWARD -i flannel0 -j DROP drops the reply",
        "iptables -t filter -I FORWARD -s 100.96.0.0/16 -d 100.96.1.0/24 -i flannel0 -j ACCEPT",
    ),
    (
        "underlay",
        lambda facts: replace(facts, neighbours={PEER: "failed"}),
        "192.0.2.12 does not reply to ARP (failed)",
        "repair the link",
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
    ("name", "break_it", "words", "fix"),
    STOPPED,
    ids=[f"{row[0]}: {row[2][:24]}" for row in STOPPED],
)
def test_the_first_step_that_fails_is_the_last(
    name: str, break_it: Callable[[HostFacts], HostFacts], words: str, fix: str
) -> None:
    found = trace_packet(REMOTE, break_it(healthy()), NOW)
    assert found.passes is False
    last = found.steps[-1]
    assert (last.name, last.passes) == (name, False)
    assert words in last.text
    assert fix in (last.fix or "")
    assert all(step.passes for step in found.steps[:-1])


def test_the_deprecated_field_mend_has_the_value_of_fix() -> None:
    found = trace_packet(REMOTE, replace(healthy(), routes={}), NOW)
    steps = path_document(found)["steps"]
    assert steps[-1]["fix"] == steps[-1]["mend"] == found.steps[-1].fix


def test_missing_kernel_entries_are_named() -> None:
    facts = healthy("vxlan", kernel=True)
    lost = replace(facts, state=replace(facts.state, neighbours=frozenset()))
    assert trace_packet(REMOTE, lost, NOW).steps[-1].text == "flannel.1 has no neighbour 100.96.2.0"
    lost = replace(facts, state=replace(facts.state, fdb=frozenset()))
    assert (
        "has no entry 02:77:c0:00:02:0c dst 192.0.2.12"
        in trace_packet(REMOTE, lost, NOW).steps[-1].text
    )


def test_an_unreadable_fact_makes_the_result_unknown() -> None:
    facts = replace(healthy(), unreadable={"rulesets": "iptables-save: Permission denied"})
    found = trace_packet(REMOTE, facts, NOW)
    assert found.passes is None
    assert "a packet to 100.96.2.2 may not pass: see the steps marked ?" in lines(REMOTE, facts)
    assert path_document(found)["passes"] is None


def test_containers_isolated_by_docker_are_fixed_by_the_agent() -> None:
    facts = with_docker(healthy())
    assert trace_packet(REMOTE, facts, NOW).passes is True
    last = trace_packet(REMOTE, with_chain(facts, "filter", "WEFT-FORWARD", ()), NOW).steps[-1]
    assert last.text == "-A DOCKER ! -i docker0 -o docker0 -j DROP drops the reply"
    assert last.fix == "systemctl restart weftd"


def test_an_uncertain_rule_is_reported_after_a_rule_that_drops() -> None:
    facts = with_rule(healthy(), "-A INPUT -m set --match-set bad src -j DROP")
    found = trace_packet(REMOTE, facts, NOW)
    last = found.steps[-1]
    assert (found.passes, last.name, last.passes) == (None, "port", None)
    assert last.text == "-A INPUT -m set --match-set bad src -j DROP may apply to UDP 8285"
    closed = trace_packet(REMOTE, with_rule(facts, "-A OUTPUT -p udp -j DROP"), NOW)
    assert closed.passes is False
    assert "-A OUTPUT -p udp -j DROP drops UDP 8285" in closed.steps[-1].text

    facts = with_rule(healthy(), "-A FORWARD -o flannel0 -m set --match-set bad src -j DROP")
    assert trace_packet(REMOTE, facts, NOW).passes is None
    closed = trace_packet(REMOTE, with_rule(facts, "-A FORWARD -i flannel0 -j DROP"), NOW)
    assert closed.steps[-1].text.startswith("-A FORWARD -i flannel0 -j DROP drops the reply")


def test_a_peer_of_another_backend_has_no_route() -> None:
    facts = healthy("vxlan", kernel=True)
    other = lease(2)
    other_backend = replace(facts, leases=(facts.leases[0], other), plan=replace_plan(facts))
    last = trace_packet(REMOTE, other_backend, NOW).steps[-1]
    assert last.text == "192.0.2.12 announces backend udp, but this host runs vxlan: no route"


def replace_plan(facts: HostFacts) -> Plan:
    """The plan without routes."""
    assert facts.plan is not None
    return replace(facts.plan, state=replace(facts.plan.state, routes=frozenset()))


def test_addresses_of_this_host_and_outside_the_overlay() -> None:
    facts = healthy()
    here = replace(facts, routes={OWN: RouteLookup("docker0")})
    assert "ok  bridge   docker0: a container of this host, if in use" in lines(OWN, here)
    bridge = replace(facts, routes={OWN: RouteLookup("lo", local=True)})
    assert "ok  bridge   docker0: the bridge itself" in lines(OWN, bridge)
    wrong_device = trace_packet(OWN, replace(facts, routes={OWN: RouteLookup("flannel0")}), NOW)
    assert "route dev flannel0, expected dev docker0" in wrong_device.steps[-1].text
    assert wrong_device.passes is False
    lost = trace_packet(OWN, replace(facts, routes={OWN: RouteLookup("flannel0")}), NOW).steps[-1]
    assert "the route 100.96.1.0/24 dev docker0 is missing or overridden" in lost.text
    assert lost.fix == "ip route replace 100.96.1.0/24 dev docker0 src 100.96.1.1"
    outside = IPv4Address("198.51.100.1")
    found = trace_packet(outside, replace(facts, routes={outside: RouteLookup("eth0")}), NOW)
    assert (
        found.steps[-1].text
        == "198.51.100.1 is outside the overlay network 100.96.0.0/16: route dev eth0"
    )
    assert found.passes is True
    assert trace_packet(outside, facts, NOW).passes is False
