# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift on a fleet: each thing that somebody does to a host is found, named, and mended by site.

The tests are steps: each goes on from what the one before it left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.playbook import Run, play

from .fleet_lab import Lab, in_store, raised_lab

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

# What an operator would miss, had the check changed it.
SEEN = """\
systemctl show --value --property=ActiveEnterTimestampMonotonic,ActiveState \
    docker etcd weftd weft-datapath
sha256sum /etc/weft/weftd.json /etc/docker/daemon.json
"""


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("drf", "10.205.0.0/24", request) as lab:
        yield lab


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


class Fleet:
    """The lab's fleet, run from a folder with the installed collection."""

    def __init__(self, lab: Lab, collections: Path, folder: Path) -> None:
        self.lab, self.collections, self.folder = lab, collections, folder

    def run(self, playbook: str, *arguments: str) -> Run:
        """Run a playbook of the collection."""
        inventory = self.lab.write_inventory(self.folder / "hosts.yml")
        words = (f"weft.overlay.{playbook}", "-i", str(inventory), *arguments)
        return play(self.collections, self.folder, *words)

    def drift(self) -> tuple[Run, dict[str, Any]]:
        """Look for drift; the run, and the document that it wrote."""
        path = self.folder / "drift.json"
        path.unlink(missing_ok=True)
        run = self.run("drift", "--check", "--diff", "-e", f"drift_output_directory={path.parent}")
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return run, document

    def report(self) -> str:
        """Draw the fleet, with the drift that was found last; the page."""
        written = self.folder / "report.html"
        drift = self.folder / "drift.json"
        run = self.run("report", "-e", f"report_file={written}", "-e", f"report_drift={drift}")
        assert run.status == 0, run.output
        return written.read_text(encoding="utf-8")

    def facts(self, host: int) -> dict[str, Any]:
        """What a play gathers as ansible_local.weft."""
        told: dict[str, Any] = json.loads(self.lab.on(host, "/etc/ansible/facts.d/weft.fact"))
        return told


@pytest.fixture(scope="module")
def fleet(lab: Lab, collections: Path, folder: Path) -> Fleet:
    return Fleet(lab, collections, folder)


def assert_quiet(fleet: Fleet) -> None:
    run, document = fleet.drift()
    assert run.status == 0, run.output
    assert set(run.changed().values()) == {0}
    assert run.output.rstrip().endswith("no drift")
    assert (document["drifts"], document["unreachable"]) == ([], [])


def test_a_fleet_that_site_made_has_no_drift(fleet: Fleet) -> None:
    run = fleet.run("site")
    assert run.status == 0, run.output
    assert_quiet(fleet)


def test_other_plays_learn_what_a_host_has_of_the_overlay(fleet: Fleet) -> None:
    playbook = fleet.folder / "facts.yml"
    text = "{{ ansible_local.weft.subnet }} mtu {{ ansible_local.weft.mtu }}"
    tasks = [{"ansible.builtin.debug": {"msg": text}}]
    playbook.write_text(json.dumps([{"hosts": "weft", "tasks": tasks}]), encoding="utf-8")
    inventory = fleet.lab.write_inventory(fleet.folder / "hosts.yml")
    run = play(fleet.collections, fleet.folder, str(playbook), "-i", str(inventory))
    assert run.status == 0, run.output
    for host in (1, 2):
        assert f"100.96.{host}.0/24 mtu 1472" in run.output


def test_the_facts_outlive_the_daemon(fleet: Fleet) -> None:
    before = fleet.facts(2)
    assert (before["running"], before["ready"], before["peers"]) == (True, True, 1)
    fleet.lab.on(2, "systemctl stop weftd.service")
    after = fleet.facts(2)
    assert (after["running"], after["ready"]) == (False, False)
    assert (after["subnet"], after["bip"]) == ("100.96.2.0/24", "100.96.2.1/24")


def test_what_somebody_did_is_found_and_named(fleet: Fleet) -> None:
    fleet.lab.on(1, """sed -i 's/"masquerade": false/"masquerade": true/' /etc/weft/weftd.json""")
    fleet.lab.on(1, "sed -i 's/1472/1400/' /etc/docker/daemon.json")
    in_store(fleet.lab, "del /coreos.com/network/subnets/100.96.2.0-24")
    before = [fleet.lab.on(host, SEEN) for host in (1, 2)]
    run, document = fleet.drift()
    assert run.status != 0
    assert [fleet.lab.on(host, SEEN) for host in (1, 2)] == before
    found = {(drift["host"], drift["what"]): drift for drift in document["drifts"]}
    settings = found["drf1", "Write the agent's settings (/etc/weft/weftd.json)"]
    assert '"masquerade": true' in settings["before"]
    assert '"masquerade": false' in settings["after"]
    docker = found["drf1", "Set the bridge's options (/etc/docker/daemon.json)"]
    assert "1400" in docker["before"]
    assert "1472" in docker["after"]
    lease = found["drf2", "Reserve a subnet for each host"]
    assert lease["before"] is None
    assert "100.96.2.0/24" in lease["after"]
    assert ("drf2", "Start and enable the daemon [weftd.service]") in found
    listed = run.output.partition("DRIFT ***")[2]
    for host, what in found:
        assert f"{host}: {what}" in listed
    # The recap names the hosts, too.
    assert all(numbers["failed"] for numbers in run.recap.values())
    html = fleet.report()
    assert "Write the agent&#39;s settings" in html
    assert '<th scope="row">drf2</th><td>Reserve a subnet for each host</td>' in html


def test_site_mends_it(fleet: Fleet) -> None:
    run = fleet.run("site")
    assert run.status == 0, run.output
    assert_quiet(fleet)


def test_a_store_that_is_stopped_is_drift(fleet: Fleet) -> None:
    fleet.lab.on(1, "systemctl stop etcd.service")
    run, document = fleet.drift()
    assert run.status != 0
    assert ("drf1", "Start the member that the host has") in {
        (drift["host"], drift["what"]) for drift in document["drifts"]
    }
    fleet.lab.on(1, "systemctl start etcd.service")


def test_a_host_that_is_down_is_named(fleet: Fleet) -> None:
    fleet.lab.command("crash", "drf2")
    run, document = fleet.drift()
    assert run.status != 0
    assert document["unreachable"] == ["drf2"]
    assert "drf2: unreachable" in run.output.partition("DRIFT ***")[2]
    html = fleet.report()
    assert "1 host unreachable" in html
    # The one that is there is asked, and so is the store.
    assert "100.96.1.0/24" in html
    assert "etcd was not read" not in html
    fleet.lab.command("start", "drf2")
    assert_quiet(fleet)
