# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a host that is healthy, for tests to break."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any, cast

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.status import (
    Status,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.overlay_plan import (
    plan_overlay,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.settings import Settings
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.underlay import Underlay
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import (
    desired_chains,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import (
    Link,
    LinkAddress,
    Links,
    RouteLookup,
    UnderlayRoute,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import parse_network
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.facts import HostFacts
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.firewall_rules import (
    parse_rulesets,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.peer_replies import (
    PeerReplies,
)

RULES = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:WEFT-FORWARD - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-USER -j WEFT-FORWARD
-A DOCKER-USER -j RETURN
-A WEFT-FORWARD -s 100.96.0.0/16 -d 100.96.1.0/24 -i {device} -j ACCEPT
-A WEFT-FORWARD -s 100.96.1.0/24 -d 100.96.0.0/16 -o {device} -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 100.96.1.0/24 ! -o docker0 -j MASQUERADE
COMMIT
"""
RECORDED = Path(__file__).parents[2] / "kernel/recorded"
PEER = IPv4Address("192.0.2.12")
REMOTE = IPv4Address("100.96.2.2")


def link(name: str, index: int, address: str, mtu: int = 1500, **more: Any) -> Link:
    return Link(name, index, mtu, True, (LinkAddress(IPv4Interface(address)),), **more)


def lease(number: int, backend: str | None = None, **more: Any) -> Lease:
    return Lease(
        IPv4Network(f"100.96.{number}.0/24"),
        IPv4Address(f"192.0.2.{10 + number}"),
        backend_type=backend,
        **more,
    )


def vxlan_lease(number: int) -> Lease:
    mac = f"02:77:c0:00:02:{10 + number:02x}"
    return lease(number, "vxlan", backend_data={"VNI": 1, "VtepMAC": mac})


def healthy(backend: str = "udp", *, kernel: bool = False) -> HostFacts:
    """Host 192.0.2.11 with 100.96.1.0/24 and one peer, 192.0.2.12 with 100.96.2.0/24."""
    device = {"udp": "flannel0", "vxlan": "flannel.1", "host-gw": "eth0"}[backend]
    mtu = {"udp": 1472, "vxlan": 1450, "host-gw": 1500}[backend]
    network = parse_network(f'{{"Network": "100.96.0.0/16", "Backend": {{"Type": "{backend}"}}}}')
    leases = {
        "udp": (lease(1), lease(2)),
        "vxlan": (vxlan_lease(1), vxlan_lease(2)),
        "host-gw": (lease(1, "host-gw"), lease(2, "host-gw")),
    }[backend]
    links = Links(
        (
            link("eth0", 2, "192.0.2.11/24"),
            link("docker0", 3, "100.96.1.1/24", mtu),
            link("flannel0" if backend == "host-gw" else device, 4, "100.96.1.0/32", mtu),
        ),
        (
            UnderlayRoute(IPv4Network("192.0.2.0/24"), "eth0"),
            UnderlayRoute(IPv4Network("100.96.1.0/24"), "docker0"),
        ),
    )
    address = IPv4Address("192.0.2.11")
    underlay = Underlay("eth0", address, address, 1500)
    own, peers, offloads = leases[0], leases[1:], {"udp-gso": "active"}
    plan = plan_overlay(
        Settings(),
        network,
        own,
        peers,
        links=links,
        underlay=underlay,
        kernel_vxlan=kernel,
        offloads=offloads,
    )
    gateway = next(iter(plan.state.routes)).gateway
    towards = RouteLookup(device, gateway)
    return HostFacts(
        agent={"problems": [], "running": True, "backend": backend},
        links=links,
        underlay=underlay,
        network=network,
        leases=leases,
        own_lease=own,
        peers=peers,
        datapath=datapath(plan.datapath_table) if plan.datapath_table else None,
        plan=plan,
        state=plan.state,
        routes={PEER: RouteLookup("eth0"), REMOTE: towards, REMOTE - 1: towards},
        neighbours={PEER: "reachable"},
        rulesets=parse_rulesets(RULES.format(device=device)),
        sysctls={"ipv4/ip_forward": 1, "bridge/bridge-nf-call-iptables": 1},
        udp_counters={"InDatagrams": 1000, "InCsumErrors": 0},
        docker_config={"bip": "100.96.1.1/24", "mtu": mtu},
        peer_replies={peer: PeerReplies(True, True, True, plan.mtu) for peer in peers},
    )


def with_docker(facts: HostFacts) -> HostFacts:
    """The facts with the rules of Docker 28, which isolates its containers, and those of weft."""
    text = (RECORDED / "docker-28.5.rules").read_text().replace("100.96.2.", "100.96.1.")
    rulesets = parse_rulesets(text)
    parents = {"filter": "DOCKER-USER", "raw": "PREROUTING", "nat": "POSTROUTING"}
    assert facts.plan is not None
    for table, own in desired_chains(facts.plan.traffic, direct_access_dropped=True).items():
        found, parent = rulesets[table], parents[table]
        jumps = (*(f"-j {chain}" for chain in own), *found.chains[parent])
        chains = {**found.chains, **own, parent: jumps}
        rulesets[table] = replace(found, chains=chains)
    return replace(facts, rulesets=rulesets)


def with_chain(facts: HostFacts, table: str, chain: str, rules: tuple[str, ...]) -> HostFacts:
    """The facts with other rules in a chain."""
    ruleset = facts.rulesets[table]
    changed = replace(ruleset, chains={**ruleset.chains, chain: rules})
    return replace(facts, rulesets={**facts.rulesets, table: changed})


def datapath(table: dict[str, Any], **changes: Any) -> Status:
    """The status of a datapath with a forwarding table."""
    status = {
        "table": table,
        "forwarding": True,
        "problems": [],
        "offloads": {"udp-gso": "active"},
        "counters": {"drops": {"stranger": 0, "source-port": 0, "ipv6": 4}},
        "peers": [
            {
                "subnet": "100.96.2.0/24",
                "public_ip": str(PEER),
                "packets_in": 5,
                "bytes_in": 500,
                "packets_out": 6,
                "bytes_out": 600,
                "last_heard": 1000.0,
            }
        ],
        **changes,
    }
    return cast(Status, status)


def with_rule(facts: HostFacts, rule: str, *, first: bool = True) -> HostFacts:
    """The facts with a rule of the table filter, such as `-A INPUT -j DROP`."""
    _append, chain, text = rule.split(" ", 2)
    ruleset = facts.rulesets["filter"]
    rules = ruleset.chains.get(chain, ())
    chains = {**ruleset.chains, chain: (text, *rules) if first else (*rules, text)}
    return replace(facts, rulesets={**facts.rulesets, "filter": replace(ruleset, chains=chains)})
