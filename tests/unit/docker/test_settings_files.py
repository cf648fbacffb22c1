# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings are carried once, and taken back no further than they were set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.docker.drop_in import (
    DropInError,
    render_drop_in,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.ownership import (
    Ownership,
    OwnershipError,
    parse_ownership,
    serialise_ownership,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.settings import parse_settings
from ansible_collections.weft.overlay.plugins.module_utils.docker.settings_files import (
    SettingsFileError,
    SettingsFiles,
    remove_settings,
    set_in_daemon_json,
    set_in_drop_in,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.invocation import Invocation
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.unit import Assignment

JSON, DROP_IN, RECORD = Path("daemon.json"), Path("50-weft-bip.conf"), Path("record.json")
FILES = SettingsFiles(JSON, DROP_IN, RECORD)
SETTINGS = parse_settings("100.96.1.1/24", 1472)
NOTHING: Mapping[Path, str | None] = {JSON: None, DROP_IN: None, RECORD: None}


def ownership_in(texts: Mapping[Path, str | None]) -> Ownership:
    text = texts[RECORD]
    assert text is not None
    return parse_ownership(text, RECORD)


def test_a_second_run_changes_nothing() -> None:
    first = {**NOTHING, **set_in_daemon_json(FILES, SETTINGS, None, NOTHING)}
    assert set_in_daemon_json(FILES, SETTINGS, ownership_in(first), first) == first


def test_a_file_that_weft_created_is_removed_with_its_options() -> None:
    first = set_in_daemon_json(FILES, SETTINGS, None, NOTHING)
    assert {**NOTHING, **remove_settings(FILES, ownership_in(first), first)} == NOTHING


def test_a_bare_file_that_was_there_stays() -> None:
    before = {**NOTHING, JSON: ""}
    first = set_in_daemon_json(FILES, SETTINGS, None, before)
    assert remove_settings(FILES, ownership_in(first), first)[JSON] == "{}\n"


def test_a_value_that_was_changed_since_is_kept() -> None:
    first = set_in_daemon_json(FILES, SETTINGS, None, NOTHING)
    edited = {**first, JSON: '{"bip": "10.0.0.1/24", "mtu": 1472}'}
    assert remove_settings(FILES, ownership_in(first), edited)[JSON] == '{"bip": "10.0.0.1/24"}'


def test_without_a_record_nothing_is_removed() -> None:
    before = {**NOTHING, JSON: '{"bip": "100.96.1.1/24"}'}
    assert {**before, **remove_settings(FILES, None, before)} == before


def test_an_mtu_no_longer_wanted_is_removed_unless_set_by_others() -> None:
    first = set_in_daemon_json(FILES, SETTINGS, None, NOTHING)
    without_mtu = replace(SETTINGS, mtu=None)
    second = set_in_daemon_json(FILES, without_mtu, ownership_in(first), first)
    assert json.loads(second[JSON] or "") == {"bip": "100.96.1.1/24"}
    foreign = {**NOTHING, JSON: '{"mtu": 9000}'}
    kept = set_in_daemon_json(FILES, without_mtu, None, foreign)
    assert json.loads(kept[JSON] or "") == {"mtu": 9000, "bip": "100.96.1.1/24"}


def test_only_one_file_has_the_options_after_each_move() -> None:
    before = {**NOTHING, JSON: '{"debug": true}'}
    in_json = set_in_daemon_json(FILES, SETTINGS, None, before)
    in_drop_in = set_in_drop_in(FILES, "text", ownership_in(in_json), in_json)
    assert in_drop_in == {JSON: '{"debug": true}', RECORD: None, DROP_IN: "text"}
    assert list(in_drop_in) == [JSON, RECORD, DROP_IN]  # the carrier that is left comes first
    back = set_in_daemon_json(FILES, SETTINGS, None, in_drop_in)
    assert back[DROP_IN] is None
    assert list(back) == [DROP_IN, JSON, RECORD]
    assert json.loads(back[JSON] or "")["bip"] == "100.96.1.1/24"


def test_another_path_moves_the_options() -> None:
    first = set_in_daemon_json(FILES, SETTINGS, None, NOTHING)
    moved = replace(FILES, daemon_json=Path("other.json"))
    before = {**first, Path("other.json"): None}
    second = set_in_daemon_json(moved, SETTINGS, ownership_in(first), before)
    assert second[JSON] is None
    assert ownership_in(second).path == Path("other.json")


def test_an_invalid_file_is_named_with_its_line() -> None:
    with pytest.raises(SettingsFileError, match=r"daemon\.json: line 2, column 1"):
        set_in_daemon_json(FILES, SETTINGS, None, {**NOTHING, JSON: '{"a": 1,\n}'})


def test_the_record_survives_the_round_trip() -> None:
    ownership = Ownership(JSON, {"bip": "100.96.1.1/24", "mtu": 1472}, created=True)
    assert parse_ownership(serialise_ownership(ownership), RECORD) == ownership


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"path": "x", "options": 1, "created": true}'])
def test_an_invalid_record_is_refused(text: str) -> None:
    with pytest.raises(OwnershipError, match=r"record\.json is not a valid record"):
        parse_ownership(text, RECORD)


def test_the_drop_in_repeats_the_units_command() -> None:
    command = Assignment(Path("docker.service"), '-/usr/sbin/dockerd -H fd:// "$A B"')
    assert render_drop_in(DROP_IN, Invocation(command, ()), SETTINGS).splitlines()[1:] == [
        "[Service]",
        "ExecStart=",
        'ExecStart=-/usr/sbin/dockerd -H fd:// "$A B" --bip=100.96.1.1/24 --mtu=1472',
    ]


def test_a_drop_in_that_would_be_overridden_is_refused() -> None:
    late = Invocation(Assignment(Path("x/60-late.conf"), "dockerd"), ())
    with pytest.raises(DropInError, match=r"60-late\.conf sets ExecStart after"):
        render_drop_in(DROP_IN, late, SETTINGS)
    early = Invocation(Assignment(Path("x/40-early.conf"), "dockerd"), ())
    assert "ExecStart=dockerd --bip" in render_drop_in(DROP_IN, early, SETTINGS)


def test_a_drop_in_needs_a_command() -> None:
    with pytest.raises(DropInError, match="install Docker first"):
        render_drop_in(DROP_IN, Invocation(None, ()), SETTINGS)
