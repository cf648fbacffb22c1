# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check of the doctor on a healthy host, and on a host with its problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.settings import (
    LeaseSettings,
    Settings,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import (
    Link,
    LinkAddress,
    Links,
    RouteLookup,
    UnderlayRoute,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.network_conflicts import (
    ConflictKind,
    NetworkConflict,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import HostState
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import parse_backend
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import StoreFault
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import (
    StoreSettings,
    Tls,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.commands.doctor import (
    CHECKS,
    exit_status,
    findings_document,
    render_findings,
    run_checks,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.facts import HostFacts
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.finding import (
    Finding,
    Severity,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.firewall_rules import (
    parse_rulesets,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.terminal import Colouriser

from .host_facts import (
    PEER,
    RECORDED,
    REMOTE,
    datapath,
    healthy,
    lease,
    with_chain,
    with_docker,
    with_rule,
)

BY_NAME = {check.name: check for check in CHECKS}


def found(name: str, facts: HostFacts) -> list[Finding]:
    return run_checks([BY_NAME[name]], facts)


def bridge(facts: HostFacts, **changes: Any) -> HostFacts:
    """The facts with another docker0."""
    links = tuple(
        replace(link, **changes) if link.name == "docker0" else link for link in facts.links.links
    )
    return replace(facts, links=replace(facts.links, links=links))


def carrying(facts: HostFacts, **changes: Any) -> HostFacts:
    """The facts with another answer of the datapath."""
    table = facts.plan.datapath_table if facts.plan else None
    return replace(facts, datapath=datapath(**{"table": table or {}, **changes}))


def strict(facts: HostFacts, device: str) -> HostFacts:
    return replace(facts, sysctls={**facts.sysctls, f"ipv4/conf/{device}/rp_filter": 1})


def certified(facts: HostFacts, left: float) -> HostFacts:
    """The facts with a certificate that ends in so many seconds."""
    tls = Tls("/etc/weft/tls/ca.pem", "/etc/weft/tls/agent.pem", "/etc/weft/tls/agent.key")
    store = StoreSettings(("https://192.0.2.1:2379",), tls=tls)
    settings = replace(facts.settings, store=store)
    return replace(facts, settings=settings, certificate_expiry=facts.now + left)


def conflicting(facts: HostFacts, kind: ConflictKind) -> HostFacts:
    """The facts with another user of the overlay's network."""
    conflict = NetworkConflict(kind, "wt0 uses 100.64.0.0/10", "give wt0 another range")
    return replace(facts, network_conflicts=(conflict,))


def replied(facts: HostFacts, **changes: Any) -> HostFacts:
    """The facts with other replies of the peers."""
    replies = {peer: replace(found, **changes) for peer, found in facts.peer_replies.items()}
    return replace(facts, peer_replies=replies)


BROKEN: list[tuple[str, Callable[[HostFacts], HostFacts], Severity, str, str]] = [
    (
        "network-range",
        lambda facts: conflicting(facts, ConflictKind.RULE),
        Severity.FAULT,
        "wt0 uses 100.64.0.0/10",
        "give wt0 another range",
    ),
    (
        "network-range",
        lambda facts: conflicting(facts, ConflictKind.ROUTE),
        Severity.WARNING,
        "wt0 uses 100.64.0.0/10",
        "give wt0 another range",
    ),
    (
        "settings",
        lambda facts: replace(facts, unreadable={"underlay": "no interface fits eth7"}),
        Severity.FAULT,
        "no interface fits eth7",
        "weft.overlay.site --tags overlay",
    ),
    (
        "agent",
        lambda facts: replace(facts, agent={"running": False, "problems": ["process 7 is gone"]}),
        Severity.FAULT,
        "process 7 is gone",
        "systemctl enable --now weftd",
    ),
    (
        "agent",
        lambda facts: replace(facts, agent={"running": True, "problems": ["VNI 1 is taken"]}),
        Severity.FAULT,
        "VNI 1 is taken",
        "journalctl -u weftd",
    ),
    (
        "disk",
        lambda facts: replace(facts, free_space={"/var/lib/etcd": 0.0, "/run/weft": 0.9}),
        Severity.FAULT,
        "the file system of /var/lib/etcd has 0.0 % free space",
        "df -h /var/lib/etcd",
    ),
    (
        "disk",
        lambda facts: replace(facts, free_space={"/var/lib/weft": 0.04}),
        Severity.WARNING,
        "the file system of /var/lib/weft has 4.0 % free space",
        "df -h /var/lib/weft",
    ),
    (
        "clock",
        lambda facts: replace(facts, clock_synchronised=False),
        Severity.WARNING,
        "no service synchronises the clock",
        "timedatectl set-ntp true",
    ),
    (
        "clock",
        lambda facts: replace(facts, clock_synchronised=False, ntp_available=False),
        Severity.WARNING,
        "no service synchronises the clock",
        "apt-get install systemd-timesyncd; timedatectl set-ntp true",
    ),
    (
        "certificate",
        lambda facts: certified(facts, 20 * 86400),
        Severity.WARNING,
        "/etc/weft/tls/agent.pem expires at 1970-01-21 00:00:00 UTC, in 20 d",
        "weft.overlay.rotate",
    ),
    (
        "certificate",
        lambda facts: certified(facts, 0),
        Severity.FAULT,
        "/etc/weft/tls/agent.pem expired at 1970-01-01 00:00:00 UTC",
        "weft.overlay.rotate",
    ),
    (
        "certificate",
        lambda facts: replace(certified(facts, 9 * 86400), certificate_begin=facts.now + 86400),
        Severity.FAULT,
        "/etc/weft/tls/agent.pem is valid from 1970-01-02 00:00:00 UTC, but the clock of this host "
        "is at 1970-01-01 00:00:00 UTC",
        "timedatectl set-ntp true",
    ),
    (
        "store",
        lambda facts: replace(
            facts, store_problem="certificate is not yet valid", store_fault=StoreFault.CLOCK
        ),
        Severity.FAULT,
        "certificate is not yet valid",
        "timedatectl set-ntp true",
    ),
    (
        "certificate",
        lambda facts: replace(facts, unreadable={"certificate_expiry": "agent.pem cannot be read"}),
        Severity.FAULT,
        "agent.pem cannot be read",
        "weft.overlay.rotate",
    ),
    (
        "store",
        lambda facts: replace(
            facts, store_problem="no endpoint answered", store_fault=StoreFault.UNREACHABLE
        ),
        Severity.FAULT,
        "no endpoint answered",
        "systemctl status etcd; if it runs, allow TCP from this host to 127.0.0.1:2379",
    ),
    (
        "store",
        lambda facts: replace(
            facts, store_problem="certificate has expired", store_fault=StoreFault.TLS
        ),
        Severity.FAULT,
        "certificate has expired",
        "weft.overlay.site; if that changes nothing: weft.overlay.rotate",
    ),
    (
        "store",
        lambda facts: replace(
            facts, store_problem="permission denied", store_fault=StoreFault.REFUSED
        ),
        Severity.FAULT,
        "permission denied",
        "weft.overlay.site",
    ),
    (
        "lease",
        lambda facts: replace(facts, own_lease=None),
        Severity.FAULT,
        "192.0.2.11 holds no lease",
        "weft.overlay.site",
    ),
    (
        "public-ip",
        lambda facts: replace(facts, leases=(*facts.leases, replace(lease(9), public_ip=PEER))),
        Severity.FAULT,
        "192.0.2.12 holds 100.96.2.0/24 and 100.96.9.0/24",
        "overlay_public_ip",
    ),
    (
        "public-ip",
        lambda facts: replace(facts, conflicting_macs=frozenset({"52:54:00:12:34:56"})),
        Severity.FAULT,
        "another host on the link of eth0, 52:54:00:12:34:56, also has the address 192.0.2.11",
        "change the address of one of the two hosts, then on the controller:",
    ),
    (
        "bip",
        lambda facts: bridge(facts, addresses=(LinkAddress(IPv4Interface("172.17.0.1/16")),)),
        Severity.FAULT,
        "docker0 has 172.17.0.1/16 but the lease is 100.96.1.0/24 (bip 100.96.1.1/24)",
        "systemctl restart docker",
    ),
    (
        "bip",
        lambda facts: replace(bridge(facts, addresses=()), docker_config={}),
        Severity.FAULT,
        "docker0 has no address",
        "weft.overlay.site --tags docker",
    ),
    (
        "bip",
        lambda facts: replace(facts, links=Links(facts.links.links[:1])),
        Severity.FAULT,
        "docker0 does not exist",
        "systemctl start docker",
    ),
    (
        "mtu",
        lambda facts: replace(bridge(facts, mtu=1500), docker_config={"mtu": 1500}),
        Severity.FAULT,
        "Docker sets an MTU of 1500 on containers but the overlay has 1472",
        "weft.overlay.site --tags docker",
    ),
    (
        "mtu",
        lambda facts: replace(bridge(facts, mtu=1500), docker_config={}),
        Severity.WARNING,
        "docker0 has an MTU of 1500 but the overlay has 1472",
        "weft.overlay.site --tags docker",
    ),
    (
        "host-traffic",
        lambda facts: with_rule(facts, "-A INPUT -s 100.64.0.0/10 ! -i tailscale0 -j DROP"),
        Severity.FAULT,
        "-A INPUT -s 100.64.0.0/10 ! -i tailscale0 -j DROP drops the replies of containers",
        "iptables -I INPUT -s 100.96.0.0/16 -i flannel0 -j ACCEPT",
    ),
    (
        "bridge-route",
        lambda facts: replace(facts, links=replace(facts.links, routes=facts.links.routes[:1])),
        Severity.FAULT,
        "the route to 100.96.1.0/24 dev docker0 is missing",
        "ip route add 100.96.1.0/24 dev docker0",
    ),
    (
        "datapath",
        lambda facts: replace(facts, datapath=None, unreadable={"datapath": "no such socket"}),
        Severity.FAULT,
        "no such socket",
        "systemctl restart weft-datapath",
    ),
    (
        "datapath",
        lambda facts: carrying(facts, forwarding=False, problems=["port 8285 is taken"]),
        Severity.FAULT,
        "forwards no packets: port 8285 is taken",
        "systemctl restart weft-datapath",
    ),
    (
        "datapath",
        lambda facts: carrying(facts, table={}),
        Severity.FAULT,
        "forwarding table of the datapath differs",
        "systemctl restart weftd",
    ),
    (
        "kernel",
        lambda facts: replace(facts, state=replace(facts.state, routes=frozenset())),
        Severity.FAULT,
        "the kernel differs from the leases: add route 100.96.0.0/16",
        "systemctl restart weftd",
    ),
    (
        "docker-rules",
        lambda facts: with_chain(
            with_chain(facts, "nat", "PREROUTING", ()), "nat", "POSTROUTING", ()
        ),
        Severity.FAULT,
        "Docker's own rules are missing: publishing of ports (table nat); MASQUERADE",
        "systemctl restart docker   # stops all containers of this host",
    ),
    (
        "docker-rules",
        lambda facts: with_chain(facts, "filter", "FORWARD", ()),
        Severity.FAULT,
        "isolation of Docker's networks (table filter)",
        "systemctl restart docker",
    ),
    (
        "routes",
        lambda facts: replace(
            facts,
            links=replace(
                facts.links,
                routes=(UnderlayRoute(IPv4Network("100.96.2.0/25"), "eth0", IPv4Address(PEER)),),
            ),
        ),
        Severity.FAULT,
        "the route 100.96.2.0/25 via 192.0.2.12 dev eth0 takes packets to 100.96.2.0/24",
        "ip route del 100.96.2.0/25 via 192.0.2.12 dev eth0",
    ),
    (
        "routes",
        lambda facts: replace(
            facts, routes={**facts.routes, REMOTE - 1: RouteLookup("tailscale0")}
        ),
        Severity.FAULT,
        "to 100.96.2.0/24 of 192.0.2.12 by dev tailscale0, which belong on flannel0",
        "'ip rule' and 'ip route get 100.96.2.1'",
    ),
    (
        "ip-forward",
        lambda facts: replace(facts, sysctls={"ipv4/ip_forward": 0}),
        Severity.FAULT,
        "net.ipv4.ip_forward is 0",
        "sysctl -w net.ipv4.ip_forward=1",
    ),
    (
        "forward-policy",
        lambda facts: replace(
            facts, rulesets=parse_rulesets("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")
        ),
        Severity.FAULT,
        "the policy DROP of FORWARD drops packets from 100.96.2.2 to 100.96.1.2",
        "systemctl restart weftd",
    ),
    (
        "forward-policy",
        lambda facts: with_rule(facts, "-A FORWARD -i docker0 -o flannel0 -j REJECT"),
        Severity.FAULT,
        "-A FORWARD -i docker0 -o flannel0 -j REJECT drops",
        "iptables -t filter -I FORWARD -s 100.96.1.0/24 -d 100.96.0.0/16 -o flannel0 -j ACCEPT",
    ),
    (
        "forward-policy",
        lambda facts: with_rule(facts, "-A FORWARD -m limit --limit 5/sec -j DROP"),
        Severity.WARNING,
        "may apply to",
        "iptables -t filter -I FORWARD -s 100.96.0.0/16 -d 100.96.1.0/24 -i flannel0 -j ACCEPT",
    ),
    (
        "br-netfilter",
        lambda facts: with_rule(facts, "-A DOCKER-USER -i docker0 -o docker0 -j DROP"),
        Severity.WARNING,
        "drops packets between containers of this host",
        "sysctl -w net.bridge.bridge-nf-call-iptables=0",
    ),
    (
        "rp-filter",
        lambda facts: replace(
            strict(facts, "flannel0"),
            routes={**facts.routes, REMOTE - 1: RouteLookup("tailscale0")},
        ),
        Severity.FAULT,
        "the route to 100.96.2.0/24 is dev tailscale0",
        "sysctl -w net.ipv4.conf.flannel0.rp_filter=2",
    ),
    (
        "rp-filter",
        lambda facts: replace(
            strict(facts, "all"), routes={**facts.routes, PEER: RouteLookup("eth1")}
        ),
        Severity.FAULT,
        "rp_filter of eth0 is strict but the route to 192.0.2.12 is dev eth1",
        "sysctl -w net.ipv4.conf.eth0.rp_filter=2",
    ),
    (
        "rp-filter",
        lambda facts: replace(
            strict(facts, "flannel0"),
            settings=Settings(
                backends=(parse_backend({"Type": "udp"}), parse_backend({"Type": "host-gw"}))
            ),
        ),
        Severity.FAULT,
        "replies may leave by the device of the other backend",
        "rp_filter=2",
    ),
    (
        "port",
        lambda facts: with_rule(facts, "-A INPUT -p udp -m udp --dport 8000:9000 -j DROP"),
        Severity.FAULT,
        "--dport 8000:9000 -j DROP drops UDP 8285 from 192.0.2.12",
        "iptables -I INPUT -p udp --dport 8285 -s 192.0.2.12 -j ACCEPT",
    ),
    (
        "port",
        lambda facts: with_rule(facts, "-A OUTPUT -o eth0 -j REJECT"),
        Severity.FAULT,
        "drops UDP 8285 to 192.0.2.12",
        "iptables -I OUTPUT -p udp --dport 8285 -d 192.0.2.12 -j ACCEPT",
    ),
    (
        "offloads",
        lambda facts: replace(facts, udp_counters={"InDatagrams": 1000, "InCsumErrors": 40}),
        Severity.WARNING,
        "40 UDP packets had a wrong checksum",
        "ethtool -K eth0 tx-checksum-ip-generic off",
    ),
    (
        "drops",
        lambda facts: carrying(facts, counters={"drops": {"source-port": 3}}),
        Severity.WARNING,
        "3 packets came from a peer's address but from another UDP port",
        "iptables -t nat -S POSTROUTING",
    ),
    (
        "peers",
        lambda facts: replied(facts, overlay=False),
        Severity.FAULT,
        "192.0.2.12 replies to ping, but 100.96.2.1 does not reply through the overlay: UDP 8285",
        "on 192.0.2.12: weftctl doctor",
    ),
    (
        "peers",
        lambda facts: replied(facts, overlay=False, underlay=False),
        Severity.WARNING,
        "192.0.2.12 (100.96.2.0/24) replies to ping neither",
        "weft.overlay.remove_host -e remove_hosts=NAME",
    ),
    (
        "large-packets",
        lambda facts: replied(facts, largest=1392),
        Severity.FAULT,
        "192.0.2.12 replies through the overlay to packets of up to 1392 bytes, but not to packets "
        "of 1472 bytes",
        "set mtu: 1420 in overlay_backend",
    ),
    (
        "peer-forwarding",
        lambda facts: replied(facts, forwards=False),
        Severity.WARNING,
        "192.0.2.12 replies through the overlay, but forwards no packet from this host",
        "on 192.0.2.12: weftctl doctor",
    ),
]


@pytest.mark.parametrize(
    ("backend", "kernel"), [("udp", False), ("vxlan", True), ("host-gw", False)]
)
def test_a_healthy_has_no_problem(backend: str, kernel: bool) -> None:
    findings = run_checks(CHECKS, healthy(backend, kernel=kernel))
    assert [finding for finding in findings if finding.severity is not Severity.OK] == []
    assert [finding.check for finding in findings] == [check.name for check in CHECKS]
    assert exit_status(findings) == 0


@pytest.mark.parametrize(
    ("name", "break_it", "severity", "words", "fix"),
    BROKEN,
    ids=[f"{row[0]}: {row[3][:30]}" for row in BROKEN],
)
def test_each_problem_is_reported_with_its_fix(
    name: str,
    break_it: Callable[[HostFacts], HostFacts],
    severity: Severity,
    words: str,
    fix: str,
) -> None:
    finding = found(name, break_it(healthy()))[0]
    assert finding.severity is severity
    assert words in finding.text
    assert fix in (finding.fix or "")


@pytest.mark.parametrize("fault", StoreFault)
def test_no_store_problem_is_fixed_by_a_restart(fault: StoreFault) -> None:
    facts = replace(healthy(), store_problem="etcd is unreachable", store_fault=fault)
    (finding,) = found("store", facts)
    assert finding.fix
    assert "restart" not in finding.fix


def test_every_check_has_a_problem_in_this_file() -> None:
    assert {row[0] for row in BROKEN} == BY_NAME.keys()


def test_every_check_requires_existing_facts() -> None:
    names = {field.name for field in fields(HostFacts)}
    assert all(set(check.requires) <= names for check in CHECKS)


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if check.requires], ids=lambda c: c.name
)
def test_a_check_without_its_facts_is_unknown(check: Any) -> None:
    facts = HostFacts(unreadable=dict.fromkeys(check.requires, "not permitted"))
    (finding,) = run_checks([check], facts)
    assert finding.severity is Severity.UNKNOWN
    assert finding.text == "not checked: not permitted"


def test_a_certificate_valid_for_21_days_is_ok() -> None:
    assert found("certificate", certified(healthy(), 21 * 86400))[0].severity is Severity.OK


def test_a_bridge_mtu_of_1500_is_ok_if_containers_have_less() -> None:
    assert found("mtu", bridge(healthy(), mtu=1500))[0].severity is Severity.OK


def test_a_strict_filter_on_the_device_of_the_route_is_ok() -> None:
    facts = strict(strict(healthy(), "flannel0"), "eth0")
    assert found("rp-filter", facts)[0].severity is Severity.OK


def test_bridged_packets_without_br_netfilter_are_ok() -> None:
    facts = with_rule(healthy(), "-A DOCKER-USER -i docker0 -o docker0 -j DROP")
    off = replace(facts, sysctls={**facts.sysctls, "bridge/bridge-nf-call-iptables": 0})
    assert found("br-netfilter", off)[0].severity is Severity.OK


def test_a_container_isolated_by_docker_is_named() -> None:
    close = "-A PREROUTING -d 100.96.1.7/32 ! -i docker0 -j DROP\n"
    raw = f"*raw\n:PREROUTING ACCEPT [0:0]\n{close}COMMIT\n"
    facts = healthy()
    closed = replace(facts, rulesets={**facts.rulesets, **parse_rulesets(raw)})
    assert "to 100.96.1.7" in found("forward-policy", closed)[0].text
    opened = raw.replace(
        "-A PREROUTING", "-A PREROUTING -s 100.96.0.0/16 -i flannel0 -j ACCEPT\n-A PREROUTING", 1
    )
    facts = replace(facts, rulesets={**facts.rulesets, **parse_rulesets(opened)})
    assert found("forward-policy", facts)[0].severity is Severity.OK


@pytest.mark.parametrize(
    ("table", "chain", "rules"),
    [
        ("filter", "WEFT-FORWARD", ()),
        ("filter", "DOCKER-USER", ()),
        ("raw", "WEFT-PREROUTING", ()),
        ("raw", "PREROUTING", ("-d 100.96.1.2/32 ! -i docker0 -j DROP",)),
    ],
)
def test_rules_that_weft_lacks_are_fixed_by_the_agent(
    table: str, chain: str, rules: tuple[str, ...]
) -> None:
    facts = with_docker(healthy())
    assert found("forward-policy", facts)[0].severity is Severity.OK
    closed = with_chain(facts, table, chain, rules)
    for running, fix in ((True, "restart weftd"), (False, "enable --now weftd")):
        findings = found("forward-policy", replace(closed, agent={"running": running}))
        assert {finding.severity for finding in findings} == {Severity.FAULT}
        assert {finding.fix for finding in findings} == {f"systemctl {fix}"}


def test_without_weft_rules_each_fix_accepts_the_traffic() -> None:
    facts = with_docker(replace(healthy(), settings=Settings(firewall=False)))
    for table, chain in (("filter", "WEFT-FORWARD"), ("raw", "WEFT-PREROUTING")):
        facts = with_chain(facts, table, chain, ())
    fixes = []
    while (finding := found("forward-policy", facts)[0]).fix:
        fixes.append(finding.fix)
        _, _, table, _, chain, rule = finding.fix.split(" ", 5)
        facts = with_chain(facts, table, chain, (rule, *facts.rulesets[table].chains[chain]))
    inbound = "-s 100.96.0.0/16 -d 100.96.1.0/24 -i flannel0 -j ACCEPT"
    assert fixes == [
        f"iptables -t raw -I PREROUTING {inbound}",
        f"iptables -t filter -I DOCKER-USER {inbound}",
    ]


def test_the_file_that_disables_forwarding_is_named() -> None:
    facts = replace(
        healthy(),
        sysctls={"ipv4/ip_forward": 0},
        forwarding_file="/etc/sysctl.d/90-hardening.conf",
    )
    (finding,) = found("ip-forward", facts)
    assert "/etc/sysctl.d/90-hardening.conf sets it to 0" in finding.text
    assert finding.fix is not None
    assert finding.fix.startswith("sysctl -w net.ipv4.ip_forward=1")


def test_disabled_forwarding_of_one_device_is_found() -> None:
    sysctls = {"ipv4/ip_forward": 1, "ipv4/conf/docker0/forwarding": 0}
    (finding,) = found("ip-forward", replace(healthy(), sysctls=sysctls))
    assert finding.fix == "sysctl -w net.ipv4.conf.docker0.forwarding=1"


def test_a_missing_route_to_the_containers_is_found() -> None:
    facts = healthy()
    assert found("bridge-route", facts)[0].severity is Severity.OK
    lost = tuple(route for route in facts.links.routes if route.device != "docker0")
    (finding,) = found("bridge-route", replace(facts, links=replace(facts.links, routes=lost)))
    assert finding.severity is Severity.FAULT
    assert "no container of this host is reachable" in finding.text
    assert finding.fix == (
        "ip route add 100.96.1.0/24 dev docker0 proto kernel scope link src 100.96.1.1"
    )
    other = UnderlayRoute(IPv4Network("100.96.1.0/24"), "flannel.1", IPv4Address("100.96.1.0"))
    (finding,) = found(
        "bridge-route", replace(facts, links=replace(facts.links, routes=(*lost, other)))
    )
    assert "via 100.96.1.0 dev flannel.1 instead of dev docker0" in finding.text


def test_rules_that_cannot_be_read_are_not_ok() -> None:
    reason = "the rules of the nftables table inet fw cannot be read: install the package nftables"
    facts = replace(healthy(), unreadable={"nft_chains": reason})
    for check in ("port", "forward-policy", "host-traffic"):
        (finding,) = found(check, facts)
        assert finding.severity is Severity.UNKNOWN
        assert finding.text == f"not checked: {reason}"


def test_a_closed_host_firewall_does_not_count_as_dropped_replies() -> None:
    facts = with_rule(healthy(), "-A INPUT -j REJECT")
    facts = with_rule(facts, "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
    assert found("host-traffic", facts)[0].severity is Severity.OK


@pytest.mark.parametrize(
    ("mode", "severity"), [(0, Severity.OK), (1, Severity.WARNING), (2, Severity.OK)]
)
def test_a_strict_filter_of_a_second_network_is_found(mode: int, severity: Severity) -> None:
    facts = healthy()
    second = Link("br-0123456789ab", 9, 1500, up=True, kind="bridge")
    sysctls = {**facts.sysctls, "ipv4/conf/br-0123456789ab/rp_filter": mode}
    links = replace(facts.links, links=(*facts.links.links, second))
    (finding,) = found("rp-filter", replace(facts, links=links, sysctls=sysctls))
    assert finding.severity is severity
    if severity is Severity.WARNING:
        assert finding.fix == "sysctl -w net.ipv4.conf.br-0123456789ab.rp_filter=2"


def test_on_a_host_with_ufw_the_fix_uses_ufw() -> None:
    text = (RECORDED / "ufw-0.36.2.rules").read_text()
    facts = replace(healthy(), rulesets=parse_rulesets(text))
    (finding,) = found("port", facts)
    assert finding.severity is Severity.FAULT
    assert finding.text == "the policy DROP of INPUT drops UDP 8285 from 192.0.2.12"
    assert finding.fix == "ufw allow in proto udp from 192.0.2.12 to any port 8285"
    # ufw's chains come too late for this one.
    (finding,) = found("port", with_rule(facts, "-A INPUT -p udp -j DROP"))
    assert finding.fix == "iptables -I INPUT -p udp --dport 8285 -s 192.0.2.12 -j ACCEPT"
    allow = "-A ufw-user-input -s 192.0.2.12/32 -p udp -m udp --dport 8285 -j ACCEPT"
    facts = with_rule(facts, allow)
    assert found("port", facts)[0].severity is Severity.OK
    (finding,) = found("port", with_rule(facts, "-A ufw-user-output -p udp -j REJECT"))
    assert finding.fix == "ufw allow out proto udp to 192.0.2.12 port 8285"


def test_a_blocked_port_leads_to_the_network_between_and_not_only_to_the_other_host() -> None:
    (finding,) = found("peers", replied(healthy(), overlay=False))
    assert finding.fix is not None
    assert "the network between the hosts drops UDP 8285: allow it there" in finding.fix
    assert "another port or backend in overlay_backend" in finding.fix


def test_no_host_is_sent_to_itself() -> None:
    facts = replied(healthy(), overlay=False)
    both = bridge(
        facts,
        addresses=(
            LinkAddress(IPv4Interface("100.96.1.1/24")),
            LinkAddress(IPv4Interface(f"{PEER}/24")),
        ),
    )
    (finding,) = found("peers", both)
    assert "the lease 100.96.2.0/24 is registered for 192.0.2.12, which is an address" in (
        finding.text
    )
    assert "weftctl doctor" not in (finding.fix or "")
    assert "remove_hosts=192.0.2.12" in (finding.fix or "")


def test_peers_that_were_not_probed_are_not_reported() -> None:
    facts = replace(healthy(), unreadable={"peer_replies": "Operation not permitted"})
    for check in ("peers", "large-packets", "peer-forwarding"):
        (finding,) = found(check, facts)
        assert finding.text == "not checked: Operation not permitted"


def test_a_faulty_driver_matters_for_vxlan_only() -> None:
    assert found("offloads", replace(healthy(), driver="vmxnet3"))[0].severity is Severity.OK
    tunnelled = replace(healthy("vxlan", kernel=True), driver="vmxnet3")
    assert "vmxnet3 of eth0 may drop VXLAN" in found("offloads", tunnelled)[0].text


def test_many_changes_are_counted() -> None:
    facts = replace(healthy("vxlan", kernel=True), state=HostState())
    findings = found("kernel", facts)
    assert len(findings) == 6
    assert findings[-1].text == "1 more differences"


def test_a_reservation_that_has_become_an_expiring_lease_is_named() -> None:
    facts = healthy()
    assert facts.own_lease is not None
    expiring = replace(facts, own_lease=replace(facts.own_lease, lease_id=7))
    (finding,) = found("lease", expiring)
    assert finding.severity is Severity.WARNING
    assert "the lease 100.96.1.0/24 of 192.0.2.11 expires unless it is renewed" in finding.text
    assert "stop flanneld where it runs with --public-ip=192.0.2.11" in (finding.fix or "")
    own = replace(facts.settings, lease=LeaseSettings(reserve=True, ttl=86400))
    (finding,) = found("lease", replace(expiring, settings=own))
    assert finding.severity is Severity.OK


def test_an_overlapping_lease_is_named() -> None:
    facts = healthy()
    overlapping = replace(facts.leases[0], public_ip=IPv4Address("192.0.2.99"))
    findings = found("public-ip", replace(facts, leases=(*facts.leases, overlapping)))
    assert "192.0.2.99 holds 100.96.1.0/24, which overlaps" in findings[0].text


def test_the_exit_status_by_severity() -> None:
    def of(*severities: Severity) -> int:
        return exit_status([Finding("x", severity, "") for severity in severities])

    assert of(Severity.OK, Severity.WARNING) == 0
    assert of(Severity.UNKNOWN, Severity.OK) == 3
    assert of(Severity.UNKNOWN, Severity.FAULT) == 1


def test_fixes_that_a_reboot_reverts_are_listed_once() -> None:
    facts = replace(healthy(), sysctls={"ipv4/ip_forward": 0, "ipv4/conf/all/rp_filter": 1})
    facts = replace(facts, routes={**facts.routes, PEER: RouteLookup("eth1")})
    facts = with_rule(facts, "-A FORWARD -j DROP")
    findings = found("ip-forward", facts) + found("rp-filter", facts)
    last = render_findings(findings, Colouriser()).splitlines()[-2]
    assert last == "a reboot reverts sysctl -w (persistent: a line in /etc/sysctl.d)"
    last = render_findings(findings + found("forward-policy", facts), Colouriser()).splitlines()[-2]
    assert "iptables -I (persistent: the rules that your firewall loads at boot)" in last
    card = replace(facts, udp_counters={"InDatagrams": 1000, "InCsumErrors": 40})
    last = render_findings(found("offloads", card), Colouriser()).splitlines()[-2]
    assert last == "a reboot reverts ethtool -K (persistent: a .link file, systemd.link(5))"


def test_findings_as_text_and_as_values() -> None:
    findings = found("clock", replace(healthy(), clock_synchronised=False)) + found(
        "lease", healthy()
    )
    assert render_findings(findings, Colouriser()).splitlines() == [
        "warning  clock  no service synchronises the clock",
        "                fix: timedatectl set-ntp true",
        "ok       lease  this host holds a subnet",
        "",
        "1 ok, 1 warning",
    ]
    assert "\x1b[33mwarning\x1b[0m" in render_findings(findings, Colouriser(True))
    document = findings_document(findings)
    assert document["healthy"] is True
    assert document["findings"][1] == {
        "check": "lease",
        "severity": "ok",
        "text": "this host holds a subnet",
        "fix": None,
        "mend": None,
    }
