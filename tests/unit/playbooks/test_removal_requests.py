# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.filter.removal_requests import removal_requests


@pytest.mark.parametrize(
    ("variables", "public_ip"),
    [
        ({"overlay_host": {"public_ip": "192.0.2.1"}, "ansible_host": "192.0.2.9"}, "192.0.2.1"),
        ({"overlay_public_ip": "192.0.2.2", "ansible_host": "192.0.2.9"}, "192.0.2.2"),
        ({"ansible_host": "192.0.2.3"}, "192.0.2.3"),
        ({}, "web1"),
    ],
    ids=["fact", "overlay_public_ip", "ansible_host", "name"],
)
def test_the_public_ip_has_several_sources(variables: dict[str, Any], public_ip: str) -> None:
    removed = removal_requests([{"inventory_hostname": "web1"} | variables])
    assert removed["requests"] == [{"name": "web1", "public_ip": public_ip}]


@pytest.mark.parametrize(
    ("variables", "identity"),
    [
        ({"overlay_identity_name": "a", "overlay_identity": "b"}, "a"),
        ({"overlay_identity": "b"}, "b"),
        ({}, "weft-host-192.0.2.1"),
    ],
)
def test_the_etcd_user_has_the_identity_or_the_default(
    variables: dict[str, Any], identity: str
) -> None:
    host = {"inventory_hostname": "web1", "ansible_host": "192.0.2.1"} | variables
    assert removal_requests([host])["identities"] == [identity]


def test_an_unreachable_host_without_a_configured_address_needs_confirmation() -> None:
    hosts = [
        {"inventory_hostname": "reached"},
        {"inventory_hostname": "configured", "overlay_public_ip": "192.0.2.2"},
        {"inventory_hostname": "guessed", "ansible_host": "192.0.2.3"},
    ]
    removed = removal_requests(hosts, unreachable=["configured", "guessed"])
    assert removed["unconfirmed"] == [{"name": "guessed", "public_ip": "192.0.2.3"}]
