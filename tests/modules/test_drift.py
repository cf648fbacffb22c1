# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback that collects drift, in real runs of Ansible on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.playbook import ANSIBLE_PLAYBOOK, CHECKOUT, REPOSITORY, Run, play

# Port 1 of loopback: nobody answers.
HOSTS = {
    "weft": {
        "hosts": {
            "here": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
            "away": {"ansible_host": "127.0.0.1", "ansible_port": 1},
        }
    }
}

ENABLED = {
    "ANSIBLE_CALLBACKS_ENABLED": "weft.overlay.drift",
    "WEFT_DRIFT_OUTPUT_DIRECTORY": "out",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hosts.yml").write_text(json.dumps(HOSTS), encoding="utf-8")
    (tmp_path / "kept").write_text("one\ntwo\n", encoding="utf-8")
    return tmp_path


def tasks(folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "name": "Write",
            "ansible.builtin.copy": {
                "content": "one\nthree {{ '{{' }} x }}\n",
                "dest": f"{folder}/kept",
            },
            "notify": "Restart",
        },
        {
            "name": "Say",
            "ansible.builtin.debug": {"msg": "{{ item }}"},
            "loop": ["first", "second"],
            "changed_when": "item == 'second'",
        },
        {"name": "Leave", "ansible.builtin.file": {"path": f"{folder}/kept", "state": "file"}},
        {
            "name": "Hide",
            "ansible.builtin.copy": {"content": "secret", "dest": f"{folder}/hidden"},
            "no_log": True,
        },
        {"name": "Stumble", "ansible.builtin.fail": {"msg": "over this"}},
    ]


def run(folder: Path, *arguments: str, enabled: bool = True) -> Run:
    environment = ENABLED if enabled else {}
    return play(CHECKOUT, folder, "-i", "hosts.yml", *arguments, environment=environment)


def write_playbook(folder: Path, *plays: dict[str, Any]) -> str:
    (folder / "play.yml").write_text(json.dumps(plays), encoding="utf-8")
    return "play.yml"


def first_play(folder: Path) -> dict[str, Any]:
    handlers = [{"name": "Restart", "ansible.builtin.debug": {"msg": "x"}, "changed_when": True}]
    return {
        "hosts": "weft",
        "gather_facts": False,
        "tasks": tasks(folder),
        "handlers": handlers,
        "force_handlers": True,
    }


def test_a_run_in_check_mode_tells_what_it_would_change(folder: Path) -> None:
    done = run(folder, write_playbook(folder, first_play(folder)), "--check", "--diff")
    assert (folder / "kept").read_text(encoding="utf-8") == "one\ntwo\n"
    document = json.loads((folder / "out/drift.json").read_text(encoding="utf-8"))
    assert document["format"] == 1
    assert document["unreachable"] == ["away"]
    assert document["drifts"] == [
        {
            "host": "here",
            "what": f"Write ({folder}/kept)",
            "before": "two",
            "after": "three {{ x }}",
        },
        {"host": "here", "what": "Say [second]", "before": "second", "after": None},
        {"host": "here", "what": "Hide", "before": None, "after": None},
        {"host": "here", "what": "Stumble failed", "before": "over this", "after": None},
    ]
    listed = done.stdout.partition("DRIFT ***")[2]
    assert "away: unreachable, not checked" in listed
    assert f"here: Write ({folder}/kept)\n    - two\n    + three {{{{ x }}}}\n" in listed
    assert "secret" not in done.stdout


def test_a_play_that_asks_for_it_gets_what_was_found(folder: Path) -> None:
    telling = {
        "hosts": "here",
        "gather_facts": False,
        "vars": {"drift_document": {}},
        "tasks": [
            {"ansible.builtin.assert": {"that": "drift_document.drifts[0].after is search('x')"}},
            {"ansible.builtin.debug": {"msg": "not drift"}, "changed_when": True},
        ],
    }
    first = first_play(folder) | {"tasks": tasks(folder)[:1], "hosts": "here"}
    done = run(folder, write_playbook(folder, first, telling), "--check", "--diff")
    assert done.status == 0, done.stdout + done.stderr
    document = json.loads((folder / "out/drift.json").read_text(encoding="utf-8"))
    assert len(document["drifts"]) == 1


def test_a_quiet_run_says_so(folder: Path) -> None:
    quiet = first_play(folder) | {"tasks": tasks(folder)[2:3], "hosts": "here"}
    done = run(folder, write_playbook(folder, quiet), "--check", "--diff")
    assert done.status == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("no drift")
    document = json.loads((folder / "out/drift.json").read_text(encoding="utf-8"))
    assert (document["drifts"], document["unreachable"]) == ([], [])


def test_a_run_that_changes_hosts_is_left_alone(folder: Path) -> None:
    write = first_play(folder) | {"tasks": tasks(folder)[:1], "hosts": "here", "handlers": []}
    write["tasks"][0].pop("notify")
    done = run(folder, write_playbook(folder, write))
    assert done.status == 0, done.stdout + done.stderr
    assert "DRIFT" not in done.stdout
    assert not (folder / "out").exists()


@pytest.mark.parametrize("arguments", [(), ("--check",), ("--diff",)])
def test_the_playbook_refuses_to_change_anything(folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(folder, "weft.overlay.drift", *arguments, enabled=False)
    assert done.status != 0
    assert "Run it with --check --diff" in " ".join(done.stdout.split())
    assert "Install etcd" not in done.stdout
    assert "Gathering Facts" not in done.stdout


def test_the_line_for_cron_runs_and_mails_what_differs(folder: Path) -> None:
    """As cron runs it: a bare PATH, the user's home, and nothing of this process's environment."""
    page = (REPOSITORY / "docs/drift.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith("17 6 * * *"))
    command = line.split(None, 6)[6].replace("/srv/fleet", str(folder))
    home = folder / "home"
    (home / "weft/bin").mkdir(parents=True)
    (home / "weft/bin/ansible-playbook").symlink_to(ANSIBLE_PLAYBOOK)
    (home / ".ansible").mkdir()
    (home / ".ansible/collections").symlink_to(REPOSITORY / ".collections")
    away = {"hosts": {"away": HOSTS["weft"]["hosts"]["away"]}}
    hosts = {"weft": away, "weft_etcd": away}
    (folder / "hosts.yml").write_text(json.dumps(hosts), encoding="utf-8")
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"},
    )
    assert "away: unreachable, not checked" in done.stdout, done.stdout + done.stderr
    assert done.stderr == ""
    assert json.loads((folder / "drift/drift.json").read_text())["unreachable"] == ["away"]


def test_the_playbook_names_hosts_that_cannot_be_reached(folder: Path) -> None:
    """It brings the callback along, and writes the document also where it ends early."""
    out = folder / "elsewhere"
    done = run(
        folder,
        "weft.overlay.drift",
        *("--check", "--diff", "--limit", "away", "-e", f"drift_output_directory={out}"),
        enabled=False,
    )
    assert done.status != 0
    assert "away: unreachable, not checked" in done.stdout
    assert json.loads((out / "drift.json").read_text(encoding="utf-8"))["unreachable"] == ["away"]
