# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles select the address of a host by its facts, and keep what an earlier run selected."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.underlay import (
    former_address,
    underlay_address,
    underlay_problem,
)


def facts(**local: Any) -> dict[str, Any]:
    """Facts of a host whose default route uses eth0, as ansible.builtin.setup names them."""
    return {
        "default_ipv4": {"address": "10.0.0.11", "interface": "eth0"},
        "eth0": {"device": "eth0", "ipv4": {"address": "10.0.0.11"}},
        "eth0.100": {
            "device": "eth0.100",
            "ipv4": {"address": "10.1.0.11"},
            "ipv4_secondaries": [{"address": "10.1.0.12"}],
        },
        "docker0": {"device": "docker0", "ipv4": {"address": "172.17.0.1"}},
        "eth9": {"device": "eth9"},
        "all_ipv4_addresses": ["10.0.0.11", "10.1.0.11", "10.1.0.12", "172.17.0.1"],
        "ansible_local": local,
    }


@pytest.mark.parametrize(
    ("local", "interfaces", "address"),
    [
        ({}, [], "10.0.0.11"),
        # A second default route has become the better one: the host keeps its address.
        ({"weft": {"configured_public_ip": "10.1.0.11"}}, [], "10.1.0.11"),
        # The facts of the release before.
        ({"weft": {"public_ip": "10.1.0.11"}}, [], "10.1.0.11"),
        # The address is gone, or that of a NAT gateway.
        ({"weft": {"configured_public_ip": "10.0.0.99"}}, [], "10.0.0.11"),
        ({"weft": "error loading facts"}, [], "10.0.0.11"),
        # The public IP follows the interface.
        ({"weft": {"configured_public_ip": "10.0.0.11"}}, ["eth0.100"], "10.1.0.11"),
        ({"weft": {"configured_public_ip": "10.1.0.12"}}, ["eth0.100"], "10.1.0.12"),
        ({}, ["eth9", "10.1.0.12"], "10.1.0.12"),
        ({}, ["ens9"], ""),
    ],
)
def test_the_address(local: dict[str, Any], interfaces: list[str], address: str) -> None:
    assert underlay_address(facts(**local), interfaces) == address


def test_etcd_keeps_its_own_address() -> None:
    local = {"weft": {"configured_public_ip": "10.1.0.11"}}
    assert underlay_address(facts(**local), record="weft_etcd") == "10.0.0.11"
    local = {"weft_etcd": {"address": "10.1.0.12"}}
    assert underlay_address(facts(**local), record="weft_etcd") == "10.1.0.12"


@pytest.mark.parametrize(
    ("interfaces", "public_ip", "problem"),
    [
        ([], "10.0.0.11", ""),
        (["eth0.100"], "10.1.0.12", ""),
        # The address of a NAT gateway.
        (["eth0.100"], "198.51.100.7", ""),
        (
            ["ens9"],
            "",
            "the host has no such interface with an IPv4 address: it has eth0 (10.0.0.11)",
        ),
        (["eth0.100"], "10.0.0.11", "an address of eth0, but overlay_interface selects"),
    ],
)
def test_a_mismatch_is_named(interfaces: list[str], public_ip: str, problem: str) -> None:
    found = underlay_problem(facts(), interfaces, public_ip)
    assert problem in found
    assert bool(found) == bool(problem)


def test_the_former_address_of_a_host_is_that_of_its_settings() -> None:
    moved = facts(weft={"configured_public_ip": "10.0.0.12"})
    other = {"inventory_hostname": "docker1", "ansible_host": "10.0.0.9"}
    assert former_address(moved, "10.0.0.22", [other]) == "10.0.0.12"
    assert former_address(moved, "10.0.0.12", [other]) == ""
    assert former_address(facts(), "10.0.0.22", [other]) == ""


@pytest.mark.parametrize(
    "original",
    [
        {"ansible_host": "10.0.0.12"},
        {"overlay_public_ip": "10.0.0.12"},
        {"ansible_facts": {"all_ipv4_addresses": ["10.0.0.12"]}},
    ],
)
def test_a_clone_does_not_take_the_lease_of_its_original(original: dict[str, Any]) -> None:
    clone = facts(weft={"configured_public_ip": "10.0.0.12"})
    others = [{"inventory_hostname": "docker2", **original}]
    assert former_address(clone, "10.0.0.22", others) == ""
