# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook report as Ansible runs it: this machine is a host, a port without a listener one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from tests.playbook import CHECKOUT, REPOSITORY, Run, play
from tests.report.fleets import gathered

pytestmark = pytest.mark.timeout(600)

INVENTORY = {
    "weft": {
        "hosts": {
            "docker1": {
                "ansible_connection": "local",
                "ansible_python_interpreter": "/usr/bin/python3",
                "ansible_become": False,
                "overlay_public_ip": "192.0.2.11",
            },
            # Nobody listens on the port of the service discard.
            "docker2": {
                "ansible_connection": "ssh",
                "ansible_host": "127.0.0.1",
                "ansible_port": 9,
            },
        }
    }
}


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A folder with an inventory and the documents of a verification and of a look for drift."""
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(INVENTORY))
    (tmp_path / "seen.json").write_text(json.dumps(gathered(2)["verification"]))
    (tmp_path / "drift.json").write_text(json.dumps(gathered(2, troubled=True)["drift"]))
    return tmp_path


def report(fleet: Path, *arguments: str) -> Run:
    playbook = REPOSITORY / "collection/playbooks/report.yml"
    return play(
        *(CHECKOUT, fleet, "-i", "hosts.yml", playbook, "-e", "report_verification=seen.json"),
        *arguments,
        environment={"ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg")},
    )


def test_a_store_that_does_not_answer_leaves_the_rest(fleet: Path) -> None:
    hosts = INVENTORY["weft"]["hosts"]
    away_first = {
        "weft": {"hosts": {name: hosts[name] for name in ("docker2", "docker1")}},
        "weft_etcd": {"hosts": {"docker2": {}}},
    }
    (fleet / "hosts.yml").write_text(yaml.safe_dump(away_first, sort_keys=False))
    done = report(fleet)
    assert done.status == 0, done.stdout
    html = (fleet / "report.html").read_text(encoding="utf-8")
    assert "no host with access to it is reachable" in html
    assert "docker2: unreachable" in html


def test_a_host_that_does_not_answer_is_in_the_report(fleet: Path) -> None:
    seen = gathered(2)["verification"]
    # What the verification does not say, the facts of the host do.
    seen["hosts"][0] |= {"kernel": "", "public_ip": ""}
    (fleet / "seen.json").write_text(json.dumps(seen))
    done = report(fleet, "-e", "report_drift=drift.json", "-e", "report_title='<b>fleet</b>'")
    assert done.status == 0, done.stdout
    html = (fleet / "report.html").read_text(encoding="utf-8")
    assert "1 host unreachable" in html
    assert os.uname().release in html
    assert "192.0.2.11" in html
    assert "docker2: unreachable" in html
    assert "weftctl status has no output" in html
    assert "etcd was not read" in html
    assert "Give the bridge its address" in html
    assert "&lt;b&gt;fleet&lt;/b&gt;" in html
    assert "<b>fleet" not in html


def test_a_fleet_of_which_nobody_answers_has_a_report(fleet: Path) -> None:
    done = report(fleet, "--limit", "docker2")
    assert done.status == 0, done.stdout
    assert "docker2: unreachable" in (fleet / "report.html").read_text(encoding="utf-8")


def test_check_mode_writes_nothing(fleet: Path) -> None:
    before = sorted(fleet.iterdir())
    done = report(fleet, "--check", "--diff")
    assert done.status == 0, done.stdout
    assert "A real run writes" in done.stdout
    assert sorted(fleet.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("nowhere.json", None, "'nowhere.json', but there is no such file"),
        ("broken.json", '{"format":', "The verification document is not valid JSON"),
        ("old.json", '{"format": 0}', "has format 0, but this release reads format 1"),
    ],
)
def test_a_document_that_cannot_be_read_is_told(
    fleet: Path, name: str, text: str | None, message: str
) -> None:
    if text is not None:
        (fleet / name).write_text(text)
    done = report(fleet, "--limit", "docker1", "-e", f"report_verification={name}")
    assert done.status == 2
    assert message in " ".join(done.stdout.split()).replace("''", "'")
    assert not (fleet / "report.html").exists()
