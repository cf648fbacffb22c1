# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dockerd goes back to."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.docker.addresses import Occupied
from ansible_collections.weft.overlay.plugins.module_utils.docker.carrier import Texts
from ansible_collections.weft.overlay.plugins.module_utils.docker.fallback import (
    Fallback,
    FallbackError,
    begin_change,
    parse_fallback,
    serialise_fallback,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.own_address import (
    OwnAddressError,
    own_address,
)

JSON, DROP_IN, RECORD = Path("/daemon.json"), Path("/bip.conf"), Path("/fallback.json")
ORIGINAL: Texts = {JSON: "{}\n", DROP_IN: None}
FIRST: Texts = {JSON: '{"bip": "100.96.1.1/24"}'}
SECOND: Texts = {JSON: '{"bip": "100.96.2.1/24"}', DROP_IN: "[Service]"}


def test_it_is_read_as_it_was_written() -> None:
    fallback = Fallback(ORIGINAL, SECOND)
    assert parse_fallback(serialise_fallback(fallback), RECORD) == fallback


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"before": {"/a": null}, "after": {}}'])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(FallbackError, match=r"/fallback\.json"):
        parse_fallback(text, RECORD)


def test_a_change_on_top_of_an_unconfirmed_one_keeps_what_dockerd_started_with() -> None:
    first = begin_change(None, ORIGINAL, FIRST)
    assert first == Fallback({JSON: "{}\n"}, FIRST)
    assert begin_change(first, {**ORIGINAL, **FIRST}, SECOND) == Fallback(ORIGINAL, SECOND)


def test_a_change_on_top_of_somebody_elses_begins_anew() -> None:
    first = begin_change(None, ORIGINAL, FIRST)
    edited: Texts = {JSON: '{"debug": true}', DROP_IN: None}
    assert first.is_foreign(edited) == [JSON]
    assert begin_change(first, edited, SECOND) == Fallback(edited, SECOND)


@pytest.mark.parametrize("text", ["{}\n", '{"bip": "100.96.1.1/24"}'])
def test_a_file_that_was_not_yet_or_already_written_is_weft_s(text: str) -> None:
    assert Fallback(ORIGINAL, FIRST).is_foreign({JSON: text}) == []


def occupied(network: str, device: str = "eth0") -> Occupied:
    return Occupied(IPv4Network(network), device, "address")


def test_docker_takes_the_first_free_subnet_of_its_pools() -> None:
    def chosen(*networks: Occupied) -> IPv4Interface:
        return own_address({}, networks, "docker0")

    assert chosen() == IPv4Interface("172.17.0.1/16")
    assert chosen(occupied("172.17.0.0/16", "docker0"), occupied("0.0.0.0/1")) == chosen()
    assert chosen(occupied("172.17.5.0/24")) == IPv4Interface("172.18.0.1/16")
    assert chosen(occupied("172.16.0.0/12")) == IPv4Interface("192.168.0.1/20")


def test_pools_of_the_users_come_first() -> None:
    pools = {
        "default-address-pools": [
            {"base": "fd00::/8", "size": 64},
            {"base": "10.9.0.0/16", "size": 24},
        ]
    }
    assert own_address(pools, [occupied("10.9.0.0/24")], "docker0") == IPv4Interface("10.9.1.1/24")
    with pytest.raises(OwnAddressError, match="every subnet of Docker's address pools"):
        own_address(pools, [occupied("10.0.0.0/8")], "docker0")
    with pytest.raises(OwnAddressError, match="are no pools"):
        own_address({"default-address-pools": [{}]}, [], "docker0")
