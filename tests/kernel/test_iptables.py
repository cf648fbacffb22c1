# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall's rules through real iptables, of both kinds, in a namespace of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel import iptables
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import (
    OverlayTraffic,
    desired_chains,
    parse_rules,
)

from .namespaces import Namespace, Namespaces

TRAFFIC = OverlayTraffic(
    IPv4Network("100.96.0.0/16"),
    IPv4Network("100.96.2.0/24"),
    ("flannel0", "flannel.1"),
    masquerade=True,
)
# What Docker 26 does to the tables when it starts, and a rule of the operator's in each.
DOCKER = """\
*filter
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
-I FORWARD -j DOCKER-USER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
*nat
-I POSTROUTING -s 100.96.2.0/24 ! -o docker0 -j MASQUERADE
COMMIT
"""
# What Docker 28 does besides.
DOCKER_28 = f"""\
{DOCKER}*filter
:DOCKER - [0:0]
-A DOCKER ! -i docker0 -o docker0 -j DROP
COMMIT
*raw
-A PREROUTING -d 100.96.2.2/32 ! -i docker0 -j DROP
COMMIT
"""
OPERATOR = """\
*filter
-A INPUT -p udp -m udp --dport 8285 -m comment --comment "the -j of overlay" -j ACCEPT
-A FORWARD -s 203.0.113.0/24 -j DROP
COMMIT
*nat
-A POSTROUTING -o wg0 -j MASQUERADE
COMMIT
"""


class Host:
    """A namespace whose rules this thread reads and writes by one kind of iptables."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace

    def saved(self) -> dict[str, dict[str, tuple[str, ...]]]:
        return parse_rules(self._namespace.run("iptables-save").stdout)

    def restore(self, rules: str) -> None:
        self._namespace.run("iptables-restore", "--noflush", stdin=rules)

    def iptables(self, *arguments: str) -> None:
        self._namespace.run("iptables", *arguments)

    def is_well(self) -> bool:
        """Whether weft's chains have their content and are reached once, from the right place."""
        saved = self.saved()
        forward = "DOCKER-USER" if "DOCKER-USER" in saved["filter"] else "FORWARD"
        content = all(
            saved[table][chain] == rules
            for table, chains in desired_chains(TRAFFIC).items()
            for chain, rules in chains.items()
        )
        return (
            content
            and _places(saved["filter"], "-j WEFT-FORWARD") == [(forward, 0)]
            and _places(saved["nat"], "-j WEFT-POSTROUTING") == [("POSTROUTING", 0)]
        )


@pytest.fixture
def host(made: Namespaces, iptables_kind: str) -> Iterator[Host]:
    """A host inside a namespace, with the kind of iptables in front of the PATH."""
    namespace = made.add("host")
    with namespace.entered():
        yield Host(namespace)


def test_the_rules_are_made_once_and_read_as_they_were_written(host: Host) -> None:
    assert iptables.reconcile(TRAFFIC) is True
    assert host.is_well()
    assert iptables.reconcile(TRAFFIC) is False


@pytest.mark.parametrize(
    "damage",
    [
        "-F WEFT-FORWARD",
        "-t nat -F WEFT-POSTROUTING",
        "-t nat -D WEFT-POSTROUTING 1",
        "-F FORWARD",
        "-F",
        "-t nat -F",
        "-t nat -F POSTROUTING",
        "-t nat -I POSTROUTING -j WEFT-POSTROUTING",
        "-t nat -I POSTROUTING -s 100.96.2.0/24 ! -o docker0 -j MASQUERADE",
        "-t nat -I POSTROUTING -s 100.96.2.0/24 -j SNAT --to-source 192.0.2.1",
        "-I WEFT-FORWARD -s 100.96.9.0/24 -j DROP",
    ],
)
def test_damage_is_repaired_in_one_pass(host: Host, damage: str) -> None:
    iptables.reconcile(TRAFFIC)
    host.iptables(*damage.split())
    assert not host.is_well()
    assert iptables.reconcile(TRAFFIC) is True
    assert host.is_well()
    assert iptables.reconcile(TRAFFIC) is False


def test_chains_that_were_deleted_whole_come_back(host: Host) -> None:
    iptables.reconcile(TRAFFIC)
    for table, parent, chain in (
        ("filter", "FORWARD", "WEFT-FORWARD"),
        ("nat", "POSTROUTING", "WEFT-POSTROUTING"),
    ):
        for command in (("-D", parent, "-j", chain), ("-F", chain), ("-X", chain)):
            host.iptables("-t", table, *command)
    assert iptables.reconcile(TRAFFIC) is True
    assert host.is_well()


def test_docker_starts_after_weft_and_again(host: Host) -> None:
    iptables.reconcile(TRAFFIC)
    for _ in range(2):
        host.restore(DOCKER)
        assert not host.is_well()
        assert iptables.reconcile(TRAFFIC) is True
        assert host.is_well()
        assert iptables.reconcile(TRAFFIC) is False


def test_after_a_downgrade_of_docker_the_chain_in_raw_goes(host: Host) -> None:
    host.restore(DOCKER_28)
    iptables.reconcile(TRAFFIC)
    assert "WEFT-PREROUTING" in host.saved()["raw"]
    host.iptables("-F", "DOCKER")
    host.iptables("-t", "raw", "-F", "PREROUTING")
    host.iptables("-t", "raw", "-A", "PREROUTING", "-j", "WEFT-PREROUTING")
    assert iptables.reconcile(TRAFFIC) is True
    assert host.saved()["raw"]["PREROUTING"] == ()
    assert "WEFT-PREROUTING" not in host.saved()["raw"]
    assert host.is_well()
    assert iptables.reconcile(TRAFFIC) is False


def test_when_docker_is_purged_the_jump_goes_back_to_forward(host: Host) -> None:
    host.restore(DOCKER)
    iptables.reconcile(TRAFFIC)
    host.iptables("-D", "FORWARD", "-j", "DOCKER-USER")
    host.iptables("-F", "DOCKER-USER")
    host.iptables("-X", "DOCKER-USER")
    assert iptables.reconcile(TRAFFIC) is True
    assert host.is_well()


def test_a_changed_subnet_replaces_the_rules_of_the_former(host: Host) -> None:
    iptables.reconcile(replace(TRAFFIC, subnet=IPv4Network("100.96.7.0/24"), masquerade=False))
    assert iptables.reconcile(TRAFFIC) is True
    assert host.is_well()


@pytest.mark.parametrize("before", [OPERATOR, DOCKER + OPERATOR, DOCKER_28 + OPERATOR])
def test_the_removal_leaves_what_there_was(host: Host, before: str) -> None:
    host.restore(before)
    former = host.saved()
    iptables.reconcile(TRAFFIC)
    assert host.saved() != former
    assert iptables.remove() is True
    # Reading a table of legacy iptables makes it.
    untouched = {"raw": {"PREROUTING": (), "OUTPUT": ()}}
    assert untouched | host.saved() == untouched | former
    assert iptables.remove() is False


def test_the_kernel_tells_of_changes_with_nf_tables_only(host: Host, iptables_kind: str) -> None:
    assert iptables.has_change_events() is (iptables_kind == "nft")


def test_an_error_of_iptables_has_its_output(host: Host) -> None:
    too_long = replace(TRAFFIC, devices=("a-device-name-too-long",))
    with pytest.raises(
        iptables.FirewallError, match=r"iptables-restore failed with exit status \d: .*device"
    ):
        iptables.reconcile(too_long)
    # A transaction: nothing of the table came.
    assert "WEFT-FORWARD" not in host.saved().get("filter", {})


def test_iptables_that_is_missing_is_told_with_the_package(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(
        iptables.FirewallError, match=r"iptables-save is missing: install .*iptables"
    ):
        iptables.reconcile(TRAFFIC)


def _places(chains: dict[str, tuple[str, ...]], rule: str) -> list[tuple[str, int]]:
    return [
        (chain, position)
        for chain, rules in chains.items()
        for position, one in enumerate(rules)
        if one == rule
    ]
