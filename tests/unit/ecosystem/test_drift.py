# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the results of tasks tell of drift, and how it is listed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.drift import (
    Drift,
    document,
    drifts_in,
    render,
)

HOSTS = ("docker1", "docker2")


@pytest.mark.parametrize(
    ("result", "drifts"),
    [
        pytest.param(
            {"diff": [{"before": "a\nb\n", "after": "a\nc\n", "before_header": "/etc/x"}]},
            [Drift("docker1", "Write (/etc/x)", "b", "c")],
            id="only lines that differ, and the file",
        ),
        pytest.param(
            {"diff": {"before": {"mode": "0600", "path": "/x"}, "after": {"mode": "0644"}}},
            [Drift("docker1", "Write", '  "mode": "0600",\n  "path": "/x"', '  "mode": "0644"')],
            id="mappings as JSON",
        ),
        pytest.param(
            {"diff": [{"before": "", "after": "new\n"}]},
            [Drift("docker1", "Write", None, "new")],
            id="a file that is missing",
        ),
        pytest.param(
            {"diff": [{"before": {"bip": "a"}, "after": {}}]},
            [Drift("docker1", "Write", '{\n  "bip": "a"\n}', None)],
            id="what is to go",
        ),
        pytest.param(
            {
                "diff": {
                    "before": {"docker1": {"subnet": "a"}},
                    "after": {"docker1": {"subnet": "a"}, "docker2": {"subnet": "b"}},
                }
            },
            [Drift("docker2", "Write", None, '{\n  "subnet": "b"\n}')],
            id="told by host",
        ),
        pytest.param(
            {"diff": {"prepared": "Installing etcd\n"}},
            [Drift("docker1", "Write", None, "Installing etcd")],
            id="prepared by the module",
        ),
        pytest.param(
            {"diff": [{"before": "same", "after": "same"}, {}], "msg": ["one", "two"]},
            [Drift("docker1", "Write", "one; two", None)],
            id="the message, where no difference is told",
        ),
        pytest.param(
            {"censored": "no_log"}, [Drift("docker1", "Write", None, None)], id="censored"
        ),
    ],
)
def test_what_a_result_tells(result: dict[str, Any], drifts: list[Drift]) -> None:
    assert drifts_in("docker1", "Write", result, HOSTS) == drifts


def test_the_list_goes_by_host_and_is_short() -> None:
    long = "\n".join(map(str, range(20)))
    drifts = [Drift("docker2", "Write", long, "x"), Drift("docker1", "Start", None, None)]
    lines = render(drifts, {"docker9"})
    assert lines[:3] == [
        "docker9: unreachable, not checked",
        "docker1: Start",
        "docker2: Write",
    ]
    assert lines[-2:] == ["    - ... 8 more lines", "    + x"]


def test_a_quiet_fleet_has_one_line() -> None:
    assert render([], ()) == ["no drift"]


def test_the_document_has_its_format() -> None:
    began = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
    assert document(began, [Drift("docker1", "Write", "b", None)], {"docker9"}) == {
        "format": 1,
        "began": "2026-11-28T17:00:00Z",
        "drifts": [{"host": "docker1", "what": "Write", "before": "b", "after": None}],
        "unreachable": ["docker9"],
    }
