# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of a run."""

from __future__ import annotations

from ansible_collections.weft.overlay.plugins.plugin_utils.run_summary import (
    RunSummary,
    message_of,
    render,
)


def summary(changed: dict[str, list[str]]) -> RunSummary:
    made = RunSummary()
    for host, tasks in changed.items():
        for task in tasks:
            made.add_change(host, task)
    return made


def test_hosts_with_the_same_changes_share_a_line() -> None:
    tasks = ["Install", "Configure", "Start", "Enable", "Verify"]
    made = summary({"web1": tasks, "web2": tasks, "web3": ["Install"]})
    assert render(made, [], [], check=False) == [
        "changed on web1, web2: Install; Configure; Start; Enable; and 1 more",
        "changed on web3: Install",
    ]


def test_check_mode_names_the_next_command() -> None:
    assert render(summary({"web1": ["Install"]}), [], [], check=True) == [
        "would change on web1: Install",
        "Next: run the same command without --check to make these changes.",
    ]
    assert render(RunSummary(), [], [], check=True) == ["nothing would change"]


def test_a_rescued_failure_is_left_out() -> None:
    made = RunSummary(failed={"web1": "no lease", "web2": "no image"})
    assert render(made, ["web1"], ["web3"], check=False) == [
        "nothing changed",
        "failed on web1: no lease",
        "unreachable: web3",
        "Next: fix the cause, then run the same command again.",
    ]


def test_notices_come_before_the_matrix_and_once() -> None:
    made = RunSummary(matrix=["from \\ to"])
    for message in ("Pending: the MTU\n of web1", "Pending: the MTU of web1", "all well", None):
        made.add_message(message)
    assert render(made, [], [], check=False) == [
        "nothing changed",
        "Pending: the MTU of web1",
        "from \\ to",
    ]


def test_a_message_is_one_line() -> None:
    assert message_of({"msg": ["one\nproblem", "another"]}) == "one problem; another"
    assert message_of({}) == "see the error above"
    assert len(message_of({"msg": "x" * 2000})) < 700


def test_many_groups_of_hosts_are_counted() -> None:
    made = summary({f"web{number}": [f"Task {number}"] for number in range(9)})
    assert render(made, [], [], check=False)[-1] == "changed on 5 more groups of hosts"
