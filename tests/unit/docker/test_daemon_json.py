# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of daemon.json leave the text of foreign keys alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.docker.daemon_json import (
    DaemonJsonError,
    parse_daemon_json,
)

FOREIGN = """\
{
    "log-driver": "journald",
    "log-opts": {"tag": "{{.Name}}",   "labels": "a,b"},

    "storage-opts": [ "x=1e3" ]
}
"""


@pytest.mark.parametrize("text", ["", "\n", " \t\n"])
def test_an_empty_file_is_an_empty_configuration(text: str) -> None:
    document = parse_daemon_json(text).with_value("bip", "100.96.1.1/24").with_value("mtu", 1472)
    assert document.text == '{\n  "bip": "100.96.1.1/24",\n  "mtu": 1472\n}\n'


def test_a_new_key_goes_last_and_takes_the_indentation() -> None:
    text = parse_daemon_json(FOREIGN).with_value("bip", "100.96.1.1/24").text
    assert text == FOREIGN.replace('[ "x=1e3" ]', '[ "x=1e3" ],\n    "bip": "100.96.1.1/24"')


def test_tabs_stay_tabs() -> None:
    text = parse_daemon_json('{\n\t"debug": true\n}').with_value("mtu", 1400).text
    assert text == '{\n\t"debug": true,\n\t"mtu": 1400\n}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{\n  "mtu": 1\n}'),
        ('{"a": 1}', '{"a": 1, "mtu": 1}'),
        ('{ "a": 1 }', '{ "a": 1, "mtu": 1 }'),
        ('{"a": 1,\n "b": 2}', '{"a": 1,\n "b": 2,\n "mtu": 1}'),
    ],
)
def test_the_style_of_the_file_is_kept(before: str, after: str) -> None:
    assert parse_daemon_json(before).with_value("mtu", 1).text == after


def test_a_key_that_is_there_changes_in_its_place() -> None:
    before = '{"mtu" :  1500, "debug": true}'
    assert parse_daemon_json(before).with_value("mtu", 1472).text == (
        '{"mtu" :  1472, "debug": true}'
    )


@pytest.mark.parametrize("value", [True, 1.0, "1"])
def test_a_value_of_another_type_is_another_value(value: object) -> None:
    document = parse_daemon_json(json.dumps({"mtu": value})).with_value("mtu", 1)
    assert document.text == '{"mtu": 1}'


def test_an_equal_value_leaves_the_text() -> None:
    document = parse_daemon_json('{"bip":"10.0.0.1\\/24"}')
    assert document.with_value("bip", "10.0.0.1/24") is document


@pytest.mark.parametrize(
    ("key", "after"),
    [
        ("a", '{"b": 2, "c": 3}'),
        ("b", '{"a": 1, "c": 3}'),
        ("c", '{"a": 1, "b": 2}'),
        ("d", '{"a": 1, "b": 2, "c": 3}'),
    ],
)
def test_a_key_is_cut_with_its_comma(key: str, after: str) -> None:
    assert parse_daemon_json('{"a": 1, "b": 2, "c": 3}').without(key).text == after


def test_setting_and_taking_back_restores_the_bytes() -> None:
    document = parse_daemon_json(FOREIGN).with_value("bip", "100.96.1.1/24").with_value("mtu", 1)
    assert document.without("bip").without("mtu").text == FOREIGN


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{\n  "debug": true,\n}', "line 3, column 1"),
        ('{\n  "debug": tru\n}', "line 2, column 12"),
        ("[]", "line 1, column 1"),
        ("\n null", "line 2, column 2"),
        ('{"a": [1,\n NaN]}', "line 2, column 2"),
        ('{"a": -Infinity}', "line 1, column 7"),
        ('{"bip": "x",\n "bip": "y"}', "line 2, column 2"),
        ('{"a": 1} {}', "line 1, column 10"),
        ("{'a': 1}", "line 1, column 2"),
        ("\ufeff{}", "line 1, column 1"),
    ],
)
def test_invalid_text_is_refused_by_line_and_column(text: str, where: str) -> None:
    with pytest.raises(DaemonJsonError, match=where):
        parse_daemon_json(text)


def test_words_in_strings_are_no_constants() -> None:
    document = parse_daemon_json('{"a": "NaN \\" Infinity"}')
    assert document.values() == {"a": 'NaN " Infinity'}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.text(), json_values, max_size=5),
    st.sampled_from([None, 0, 1, 4, "\t"]),
    st.booleans(),
)
def test_any_object_keeps_its_other_keys_and_their_order(
    values: dict[str, Any], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    document = parse_daemon_json(text).with_value("bip", "100.96.1.1/24")
    expected = {**values, "bip": "100.96.1.1/24"}
    assert json.loads(document.text) == expected
    assert list(json.loads(document.text)) == list(expected)
    rest = {key: value for key, value in values.items() if key != "bip"}
    assert json.loads(document.without("bip").text) == rest
