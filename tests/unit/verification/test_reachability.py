# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.weft.overlay.plugins.filter.reachability import FilterModule

PROBES = [
    {"name": "host1", "address": "100.96.1.2", "output": "100.96.2.2 100.96.1.2"},
    {"name": "host2", "address": "100.96.2.2", "output": "100.96.1.2 10.168.0.12"},
]


def reachability(probes: Any) -> dict[str, Any]:
    result: dict[str, Any] = FilterModule().filters()["reachability"](probes)
    return result


def test_the_filter_gives_the_matrix_the_problems_and_the_pairs() -> None:
    result = reachability(PROBES)
    assert set(result) == {"matrix", "problems", "pairs"}
    assert len(result["matrix"].splitlines()) == 3
    (problem,) = result["problems"]
    assert problem.startswith("host2 -> host1")
    assert result["pairs"] == [
        {"from": "host1", "to": "host2", "verdict": "ok", "answer": "100.96.1.2"},
        {"from": "host2", "to": "host1", "verdict": "source", "answer": "10.168.0.12"},
    ]


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        ({"name": "host3", "address": "100.96.3.2"}, "output"),
        ({"name": "host3", "address": "", "output": ""}, "'host3'.*Address cannot be empty"),
        ("host3", "name, address and output of each host"),
    ],
)
def test_a_probe_that_cannot_be_read_is_an_error_of_the_filter(probe: Any, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        reachability([*PROBES, probe])
