# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client URLs of etcd members: which address counts, and which hosts are omitted."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2.exceptions import UndefinedError

from ansible_collections.weft.overlay.plugins.filter.etcd_urls import etcd_urls


def facts(address: str) -> dict[str, Any]:
    return {"default_ipv4": {"address": address}}


def member(name: str, *urls: str) -> dict[str, Any]:
    return {"name": name, "client_urls": list(urls)}


MEMBERS = (member("a", "https://192.0.2.1:2379"), member("", "https://192.0.2.9:2379"))


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"etcd_address": "192.0.2.5", "ansible_facts": facts("192.0.2.6")}, "192.0.2.5:2379"),
        ({"ansible_facts": facts("192.0.2.6"), "ansible_host": "192.0.2.7"}, "192.0.2.6:2379"),
        ({"ansible_facts": facts("192.0.2.6"), "etcd_client_port": 4001}, "192.0.2.6:4001"),
        # Without facts, the member list counts more than the address that Ansible connects to.
        ({"ansible_host": "198.51.100.7", "etcd_client_port": 4001}, "192.0.2.1:2379"),
        ({"ansible_facts": {"default_ipv4": {}}}, "192.0.2.1:2379"),
    ],
)
def test_the_surest_address_counts(variables: dict[str, Any], url: str) -> None:
    hosts = [{"inventory_hostname": "a", **variables}]
    assert etcd_urls(hosts, "https", members=MEMBERS) == {"a": f"https://{url}"}


@pytest.mark.parametrize(
    ("name", "variables", "urls"),
    [
        ("b", {"ansible_host": "192.0.2.7"}, ["http://192.0.2.7:2400"]),
        ("192.0.2.8", {}, ["http://192.0.2.8:2400"]),
        ("b", {"ansible_host": "b.example.org"}, []),
        ("b", {"ansible_host": "2001:db8::7"}, []),
        ("b", {}, []),
    ],
)
def test_a_host_of_no_member_has_the_address_of_the_inventory_or_none(
    name: str, variables: dict[str, Any], urls: list[str]
) -> None:
    hosts = [{"inventory_hostname": name, **variables}]
    assert list(etcd_urls(hosts, "http", 2400, MEMBERS).values()) == urls


def test_the_order_is_that_of_the_inventory() -> None:
    hosts: list[dict[str, Any]] = [
        {"inventory_hostname": "b", "ansible_facts": facts("192.0.2.2")},
        {"inventory_hostname": "gone"},
        {"inventory_hostname": "a"},
    ]
    assert list(etcd_urls(hosts, "https", members=MEMBERS)) == ["b", "a"]


class _Templates(dict[str, Any]):
    """Variables as Ansible gives them: one made of facts that are not known raises."""

    def get(self, key: str, default: Any = None) -> Any:
        if key == "etcd_address":
            raise UndefinedError("object of type 'dict' has no attribute 'eth1'")
        return super().get(key, default)


def test_an_address_made_of_facts_that_are_not_known_counts_as_none() -> None:
    assert etcd_urls([_Templates(inventory_hostname="a")], "https", members=MEMBERS) == {
        "a": "https://192.0.2.1:2379"
    }
