# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dockerd goes back to."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.docker.addresses import UsedRange
from ansible_collections.weft.overlay.plugins.module_utils.docker.config_files import Texts
from ansible_collections.weft.overlay.plugins.module_utils.docker.default_address import (
    DefaultAddressError,
    default_address,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.saved_files import (
    SavedFiles,
    SavedFilesError,
    parse_saved_files,
    save_before_change,
    serialise_saved_files,
)

JSON, DROP_IN, RECORD = Path("/daemon.json"), Path("/bip.conf"), Path("/fallback.json")
ORIGINAL: Texts = {JSON: "{}\n", DROP_IN: None}
FIRST: Texts = {JSON: '{"bip": "100.96.1.1/24"}'}
SECOND: Texts = {JSON: '{"bip": "100.96.2.1/24"}', DROP_IN: "[Service]"}


def test_saved_files_are_parsed_as_they_were_written() -> None:
    fallback = SavedFiles(ORIGINAL, SECOND)
    assert parse_saved_files(serialise_saved_files(fallback), RECORD) == fallback


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"before": {"/a": null}, "after": {}}'])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(SavedFilesError, match=r"/fallback\.json"):
        parse_saved_files(text, RECORD)


def test_a_change_on_top_of_an_unconfirmed_one_keeps_what_dockerd_started_with() -> None:
    first = save_before_change(None, ORIGINAL, FIRST)
    assert first == SavedFiles({JSON: "{}\n"}, FIRST)
    assert save_before_change(first, {**ORIGINAL, **FIRST}, SECOND) == SavedFiles(ORIGINAL, SECOND)


def test_a_change_by_another_program_replaces_the_saved_files() -> None:
    first = save_before_change(None, ORIGINAL, FIRST)
    edited: Texts = {JSON: '{"debug": true}', DROP_IN: None}
    assert first.changed_since(edited) == [JSON]
    assert save_before_change(first, edited, SECOND) == SavedFiles(edited, SECOND)


@pytest.mark.parametrize("text", ["{}\n", '{"bip": "100.96.1.1/24"}'])
def test_a_file_that_was_not_yet_or_already_written_is_weft_s(text: str) -> None:
    assert SavedFiles(ORIGINAL, FIRST).changed_since({JSON: text}) == []


def used(network: str, device: str = "eth0") -> UsedRange:
    return UsedRange(IPv4Network(network), device, "address")


def test_docker_uses_the_first_free_subnet_of_its_pools() -> None:
    def chosen(*networks: UsedRange) -> IPv4Interface:
        return default_address({}, networks, "docker0")

    assert chosen() == IPv4Interface("172.17.0.1/16")
    assert chosen(used("172.17.0.0/16", "docker0"), used("0.0.0.0/1")) == chosen()
    assert chosen(used("172.17.5.0/24")) == IPv4Interface("172.18.0.1/16")
    assert chosen(used("172.16.0.0/12")) == IPv4Interface("192.168.0.1/20")


def test_pools_of_the_users_come_first() -> None:
    pools = {
        "default-address-pools": [
            {"base": "fd00::/8", "size": 64},
            {"base": "10.9.0.0/16", "size": 24},
        ]
    }
    assert default_address(pools, [used("10.9.0.0/24")], "docker0") == IPv4Interface("10.9.1.1/24")
    with pytest.raises(DefaultAddressError, match="every subnet of Docker's address pools"):
        default_address(pools, [used("10.0.0.0/8")], "docker0")
    with pytest.raises(DefaultAddressError, match="is not valid"):
        default_address({"default-address-pools": [{}]}, [], "docker0")
