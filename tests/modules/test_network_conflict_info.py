# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module network_conflict_info, against a real kernel's addresses, routes and rules."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.modules.namespace_host import NamespaceHost, namespace_host
from tests.playbook import ANSIBLE_PLAYBOOK, CHECKOUT

HOST = """\
ip link set lo up
ip link add eth0 type bridge
ip address add 192.0.2.11/24 dev eth0
ip link set eth0 up
ip tuntap add dev tailscale0 mode tun
ip address add 100.96.5.7/32 dev tailscale0
ip link set tailscale0 up
"""
RULES = """\
*filter
:ts-input - [0:0]
-A INPUT -j ts-input
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
COMMIT
"""


@pytest.fixture(scope="module")
def host() -> Iterator[NamespaceHost]:
    with namespace_host("conflict", HOST, RULES) as host:
        yield host


def test_a_new_fleet_outside_the_range_has_no_conflict(host: NamespaceHost) -> None:
    outcome = host.run("network_conflict_info", network="10.80.0.0/16", address="192.0.2.11")
    assert outcome["conflicts"] == []


def test_the_rule_and_the_address_of_another_vpn_are_found(
    host: NamespaceHost, tmp_path: Path
) -> None:
    options = {"network": "100.96.0.0/16", "address": "192.0.2.11"}
    absent = [str(tmp_path / "weftd.json")]
    outcome = host.run("network_conflict_info", member_files=absent, **options)
    rule, address = outcome["conflicts"]
    assert rule["fix"] == "iptables -I ts-input -s 100.96.0.0/16 ! -i eth0 -j ACCEPT"
    assert "tailscale0 has the address 100.96.5.7/32" in address["text"]
    assert outcome["member"] is False
    assert "[WARNING]" not in outcome.output


def test_a_host_of_a_running_fleet_gets_a_warning(host: NamespaceHost, tmp_path: Path) -> None:
    (tmp_path / "weftd.json").touch()
    outcome = host.run(
        "network_conflict_info",
        network="100.96.0.0/16",
        address="192.0.2.11",
        member_files=[str(tmp_path / "weftd.json")],
    )
    assert outcome["member"] is True
    assert "Fix: iptables -I ts-input" in " ".join(outcome.output.split())


PLAY = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: weft.overlay.overlay
        tasks_from: check_network
      vars:
        overlay_interface: [192.0.2.11]
        ansible_facts:
          eth0: {device: eth0, ipv4: {address: 192.0.2.11}}
    - ansible.builtin.debug:
        msg: the next task
"""


def _check(host: NamespaceHost, folder: Path, network: str) -> str:
    """Return the output of the role's check on a host without weft."""
    (folder / "play.yml").write_text(PLAY)
    return host.shell(
        f"cd {folder}; ANSIBLE_COLLECTIONS_PATH={CHECKOUT} ANSIBLE_NOCOLOR=1 {ANSIBLE_PLAYBOOK}"
        f" play.yml -i localhost, -c local -e overlay_network={network}"
        f" -e ansible_python_interpreter={sys.executable} || true"
    )


def test_the_role_refuses_a_new_host_with_a_conflict(host: NamespaceHost, tmp_path: Path) -> None:
    refused = " ".join(_check(host, tmp_path, "100.96.0.0/16").split())
    assert "-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP" in refused
    assert "For a new fleet, set overlay_network to a private range" in refused
    assert "the next task" not in refused
    assert "the next task" in _check(host, tmp_path, "10.80.0.0/16")


def test_the_operator_can_accept_a_conflict(host: NamespaceHost, tmp_path: Path) -> None:
    accepted = "100.96.0.0/16 -e overlay_network_conflicts=ignore"
    assert "the next task" in _check(host, tmp_path, accepted)
