# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases of hosts that the inventory does not have, and how to release them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.lease_owners import (
    leases_to_release,
    ownerless_leases,
)


def lease(number: int, public_ip: str, *, reservation: bool = True) -> dict[str, Any]:
    return {
        "subnet": f"100.96.{number}.0/24",
        "public_ip": public_ip,
        "reservation": reservation,
    }


def host(name: str, **variables: Any) -> dict[str, Any]:
    return {"inventory_hostname": name, **variables}


LEASES = [lease(1, "192.0.2.11"), lease(2, "192.0.2.12"), lease(3, "192.0.2.13")]
HOSTS = [host("docker1", ansible_host="192.0.2.11"), host("192.0.2.12")]


def test_a_host_that_left_the_inventory_leaves_its_lease() -> None:
    found = ownerless_leases(LEASES, HOSTS, ["docker1", "192.0.2.12"])
    assert found == {"leases": [LEASES[2]], "unknown": []}


@pytest.mark.parametrize(
    "variables",
    [
        {"overlay_host": {"public_ip": "192.0.2.13"}},
        {"overlay_public_ip": "192.0.2.13"},
        {"ansible_facts": {"all_ipv4_addresses": ["10.0.0.9", "192.0.2.13"]}},
    ],
    ids=["of the run", "configured", "facts"],
)
def test_the_addresses_of_a_host_have_several_sources(variables: dict[str, Any]) -> None:
    renamed = host("renamed", ansible_host="renamed.example.org", **variables)
    found = ownerless_leases(LEASES, [*HOSTS, renamed], ["renamed"])
    assert found == {"leases": [], "unknown": []}


def test_a_host_whose_address_is_not_known_is_named() -> None:
    other = host("docker3", ansible_host="docker3.example.org")
    found = ownerless_leases(LEASES, [*HOSTS, other, host("monitor")], ["docker1", "docker3"])
    assert found == {"leases": [LEASES[2]], "unknown": ["docker3"]}


def test_a_lease_that_moves_with_its_host_and_one_that_expires_are_left_out() -> None:
    leases = [*LEASES, lease(4, "192.0.2.14", reservation=False)]
    assert ownerless_leases(leases, HOSTS, [], reserved=["100.96.3.0/24"])["leases"] == []


def test_a_lease_is_released_by_its_public_ip_or_its_subnet() -> None:
    by_address = leases_to_release(LEASES, ["192.0.2.13"], HOSTS)
    request = {"name": "192.0.2.13", "public_ip": "192.0.2.13"}
    identities = ["weft-host-192.0.2.13"]
    assert by_address == {"requests": [request], "identities": identities, "problems": []}
    by_subnet = leases_to_release(LEASES, ["100.96.3.0/24"], HOSTS)
    request = {"name": "100.96.3.0/24", "public_ip": "192.0.2.13", "subnet": "100.96.3.0/24"}
    assert by_subnet == {"requests": [request], "identities": identities, "problems": []}


def test_the_second_lease_of_a_host_is_released_by_its_subnet_and_its_user_stays() -> None:
    leases = [*LEASES, lease(4, "192.0.2.11")]
    found = leases_to_release(leases, ["100.96.4.0/24"], HOSTS)
    assert [request["subnet"] for request in found["requests"]] == ["100.96.4.0/24"]
    assert (found["identities"], found["problems"]) == ([], [])


@pytest.mark.parametrize("name", ["192.0.2.11", "100.96.1.0/24"])
def test_the_lease_that_a_host_of_the_inventory_uses_is_not_released(name: str) -> None:
    found = leases_to_release(LEASES, [name], HOSTS)
    assert found["requests"] == []
    assert found["problems"] == [f"{name} belongs to docker1 of the inventory: use that name"]


def test_an_address_without_a_lease_is_a_problem() -> None:
    found = leases_to_release(LEASES, ["192.0.2.99"], HOSTS)
    assert found["problems"] == ["no lease has the public IP or the subnet 192.0.2.99"]
