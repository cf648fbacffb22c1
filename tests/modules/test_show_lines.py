# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator sees of lines, in real runs of Ansible with and without a configuration."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.playbook import CHECKOUT, REPOSITORY, play
from tests.returned import misfits

MATRIX = [
    "from \\ to              host1    host2",
    "host1      100.96.1.2  -        ok 0.09",
    'ok: "reached" by its own address, {{ no template }}',
]
# A stdout callback for programs, under the name of ansible.posix's.
JSON_CALLBACK = """
import json
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = "name: json\\ntype: stdout\\nshort_description: x\\ndescription: x"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "json"

    def v2_runner_on_ok(self, result):
        self._display.display(json.dumps({"lines": result._result["lines"]}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    task = {"name": "Show", "weft.overlay.show_lines": {"lines": "{{ drawn }}"}, "run_once": True}
    play = {"hosts": "all", "gather_facts": False, "tasks": [task]}
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    return tmp_path


def run(folder: Path, drawn: list[str], *flags: str, **environment: str) -> str:
    variables = {"ansible_connection": "local", "drawn": [{"__ansible_unsafe": x} for x in drawn]}
    hosts = {"all": {"hosts": {"host1": variables, "host2": variables}}}
    (folder / "hosts.json").write_text(json.dumps(hosts), encoding="utf-8")
    done = play(CHECKOUT, folder, "-i", "hosts.json", "play.yml", *flags, environment=environment)
    assert done.status == 0, done.output
    return done.stdout


def shown(output: str) -> list[str]:
    """The lines between the task's name and its result."""
    below = output.splitlines()
    first = next(at for at, line in enumerate(below) if line.startswith("TASK [Show]"))
    last = next(at for at, line in enumerate(below) if line == "ok: [host1]")
    return below[first + 1 : last]


@pytest.mark.parametrize("flags", [(), ("--check", "--diff")])
@pytest.mark.parametrize("configuration", [None, "shipped", "json", "yaml"])
def test_lines_are_shown_as_they_are(
    folder: Path, configuration: str | None, flags: tuple[str, ...]
) -> None:
    """Also with Ansible's own configuration, and with the one that the inventory brings."""
    if configuration == "shipped":
        shutil.copy(REPOSITORY / "collection/inventory/ansible.cfg", folder)
    elif configuration:
        text = f"[defaults]\ncallback_result_format = {configuration}\n"
        (folder / "ansible.cfg").write_text(text, encoding="utf-8")
    lines = run(folder, MATRIX, *flags).splitlines()
    # Where skipped hosts are hidden, Ansible prints the task's name with its first result.
    first = lines.index(MATRIX[0])
    assert lines[first : first + len(MATRIX)] == MATRIX


def test_the_summary_of_a_run_takes_the_lines_over(folder: Path) -> None:
    assert MATRIX[0] not in run(folder, MATRIX, "-e", "weft_summary=true")


def test_what_a_terminal_may_obey_is_not_shown(folder: Path) -> None:
    drawn = ["host\x1b[2J1\r\x9b", "wide ü →"]
    assert shown(run(folder, drawn)) == ["host?[2J1??", "wide ü →"]


def test_a_program_that_reads_the_output_gets_the_result_alone(folder: Path) -> None:
    (folder / "callback_plugins").mkdir()
    (folder / "callback_plugins/json.py").write_text(JSON_CALLBACK, encoding="utf-8")
    told: dict[str, Any] = json.loads(run(folder, MATRIX, ANSIBLE_STDOUT_CALLBACK="json"))
    assert told == {"lines": MATRIX}
    assert misfits("show_lines", told | {"changed": False}) == []


def test_a_warning_is_highlighted_and_repeated_by_the_summary(folder: Path) -> None:
    warning = "etcd 3.5.16 on host1 has a vulnerability"
    task = {"name": "Warn", "weft.overlay.show_lines": {"warnings": [warning]}}
    text = json.dumps([{"hosts": "host1", "gather_facts": False, "tasks": [task]}])
    (folder / "play.yml").write_text(text, encoding="utf-8")
    callbacks = REPOSITORY / "collection/playbooks/callback_plugins"
    (folder / "callback_plugins").symlink_to(callbacks)
    shown_text = run(folder, MATRIX)
    assert f"WARNING: {warning}" in shown_text.partition("SUMMARY")[2]
    plain = " ".join(shown_text.partition("SUMMARY")[0].split())
    assert "ok: [host1]" in plain
