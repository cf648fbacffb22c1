# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that query a host for all others cannot end a diagnosis for the others.

Ansible removes all hosts from the play if a task with run_once fails, also where a rescue follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

_COLLECTION = Path(__file__).parents[3] / "collection"
_DIAGNOSES = sorted(
    [
        *(_COLLECTION / "playbooks/tasks/report").glob("*.yml"),
        *(_COLLECTION / "roles/verify/tasks").glob("*.yml"),
    ]
)


def queries(tasks: list[dict[str, Any]], outer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the tasks that run once for all hosts, on a host other than the controller."""
    for task in tasks:
        inherited = {**outer, **{key: task[key] for key in task if key in _KEYWORDS}}
        for part in ("block", "rescue", "always"):
            yield from queries(task.get(part, []), inherited)
        if (
            "block" not in task
            and inherited.get("run_once")
            and inherited.get("delegate_to", "localhost") != "localhost"
        ):
            yield {**inherited, **task}


_KEYWORDS = ("run_once", "delegate_to", "failed_when", "ignore_errors", "ignore_unreachable")


@pytest.mark.parametrize("path", _DIAGNOSES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_failed_query_leaves_the_other_hosts_in_the_play(path: Path) -> None:
    for task in queries(yaml.safe_load(path.read_text(encoding="utf-8")), {}):
        assert task.get("failed_when") is False or task.get("ignore_errors"), task["name"]
        assert task.get("ignore_unreachable"), task["name"]
