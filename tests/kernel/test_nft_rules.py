# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of nftables that nft has loaded and printed, as the checks of the doctor read them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.commands.doctor import (
    CHECKS,
    run_checks,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.facts import HostFacts
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.finding import (
    Finding,
    Severity,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.nft_rules import (
    parse_nft_chains,
)
from tests.unit.weftctl.host_facts import healthy

from .namespaces import Namespace, namespaces, unusable
from .overlay_hosts import PACKAGE_PARENT

# Chains with the names and the order of those of firewalld, shortened.
FIREWALLD = """
table inet firewalld {
  chain filter_INPUT { type filter hook input priority 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_POLICIES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD { type filter hook forward priority 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    ip6 daddr { ::/96, 2002::/24 } reject with icmpv6 addr-unreachable
    jump filter_FORWARD_POLICIES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_POLICIES {
    iifname "eth0" jump filter_IN_public
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public {
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
    OPEN
  }
  chain filter_FORWARD_POLICIES {
    iifname "docker0" jump filter_FWD_docker
    iifname "docker0" accept
    reject with icmpx admin-prohibited
  }
  chain filter_FWD_docker {
    return
  }
}
"""
INPUT_DROP = """
table inet own {
  chain input { type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol icmp accept
    tcp dport 22 accept
    RULE
  }
}
"""
TAILSCALE = """
table inet other {
  chain input { type filter hook input priority 0; policy accept;
    iifname != "tailscale0" ip saddr 100.64.0.0/10 drop
  }
}
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Namespace]:
    reason = unusable()
    if reason is not None:
        pytest.fail(reason)
    with namespaces() as made:
        yield made.add("nft")


def with_rules(host: Namespace, text: str) -> HostFacts:
    host.run("nft", "flush", "ruleset")
    host.run("nft", "-f", "-", stdin=text)
    chains = parse_nft_chains(json.loads(host.run("nft", "-j", "list", "ruleset").stdout))
    assert chains
    return replace(healthy(), nft_chains=chains)


def found(check: str, facts: HostFacts) -> list[Finding]:
    return [finding for finding in run_checks(CHECKS, facts) if finding.check == check]


def test_a_port_that_firewalld_does_not_open_is_found(host: Namespace) -> None:
    (finding,) = found("port", with_rules(host, FIREWALLD.replace("OPEN", "")))
    assert finding.severity is Severity.FAULT
    assert "of nft chain inet firewalld" in finding.text
    assert "drops UDP 8285 from 192.0.2.12" in finding.text
    assert finding.fix == "firewall-cmd --permanent --add-port=8285/udp && firewall-cmd --reload"


def test_forwarding_that_firewalld_rejects_is_found_when_its_port_is_open(host: Namespace) -> None:
    facts = with_rules(host, FIREWALLD.replace("OPEN", "udp dport { 8285, 9000-9010 } accept"))
    assert found("port", facts)[0].severity is Severity.OK
    (finding,) = found("forward-policy", facts)
    assert finding.severity is Severity.FAULT
    assert "of nft chain inet firewalld filter_FORWARD_POLICIES drops packets" in finding.text
    assert finding.fix == (
        "firewall-cmd --permanent --zone=trusted --add-source=100.96.0.0/16 && "
        "firewall-cmd --reload"
    )


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("", Severity.FAULT),
        ("udp dport 8285 ip saddr 10.0.0.0/8 accept", Severity.FAULT),
        ("udp dport 8285 ip saddr { 10.0.0.0/8, 192.0.2.12 } accept", Severity.OK),
        ("udp dport 8285 ip saddr != 10.0.0.0/8 accept", Severity.OK),
        ('iifname "eth*" accept', Severity.OK),
        ("udp dport vmap { 8285 : accept, 53 : drop }", Severity.OK),
        # Whether it holds is unknown.
        ("udp dport 8285 meta mark 7 accept", Severity.WARNING),
        ("udp dport 8285 limit rate 5/second accept", Severity.WARNING),
    ],
)
def test_a_policy_drop_counts_though_replies_pass(
    host: Namespace, rule: str, severity: Severity
) -> None:
    (finding,) = found("port", with_rules(host, INPUT_DROP.replace("RULE", rule)))
    assert finding.severity is severity, finding.text


def test_the_policy_and_the_command_are_those_of_nft(host: Namespace) -> None:
    (finding,) = found("port", with_rules(host, INPUT_DROP.replace("RULE", "")))
    assert "the policy drop of nft chain inet own input drops UDP 8285" in finding.text
    assert finding.fix is not None
    rule = finding.fix.removeprefix("nft insert rule inet own input ")
    host.run("nft", *finding.fix.removeprefix("nft ").split())
    assert rule == "ip saddr { 192.0.2.12 } udp dport 8285 accept"
    document = json.loads(host.run("nft", "-j", "list", "ruleset").stdout)
    (finding,) = found("port", replace(healthy(), nft_chains=parse_nft_chains(document)))
    assert finding.severity is Severity.OK


def test_a_rule_against_a_range_with_the_network_is_found(host: Namespace) -> None:
    facts = with_rules(host, TAILSCALE)
    findings = found("host-traffic", facts)
    assert {finding.severity for finding in findings} == {Severity.FAULT}
    assert "drops the replies of containers" in findings[0].text
    assert (
        found("host-traffic", with_rules(host, INPUT_DROP.replace("RULE", "")))[0].severity
        is Severity.OK
    )


def read_in(host: Namespace, path: str = "/usr/sbin:/usr/bin") -> str:
    """What read_foreign_rules returns in a namespace, by its length, or its error."""
    program = (
        "from weft.kernel.nft_tables import NftError, read_foreign_rules\n"
        "try:\n    print('objects', len(read_foreign_rules().get('nftables', ())))\n"
        "except NftError as error:\n    print(error)\n"
    )
    environment = ("env", f"PYTHONPATH={PACKAGE_PARENT}", f"PATH={path}")
    return host.run(*environment, sys.executable, "-c", program).stdout.strip()


def test_nft_is_needed_only_where_other_programs_have_tables(host: Namespace) -> None:
    host.run("nft", "flush", "ruleset")
    assert read_in(host, path="/nonexistent") == "objects 0"
    host.run("iptables", "-A", "INPUT", "-j", "ACCEPT")
    assert read_in(host, path="/nonexistent") == "objects 0"
    host.run("nft", "-f", "-", stdin=TAILSCALE)
    assert read_in(host, path="/nonexistent") == (
        "the rules of the nftables table inet other cannot be read: install the package nftables"
    )
    assert int(read_in(host).removeprefix("objects ")) > 0
