# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet whose three hosts hold the store, too, goes on without any one of them.

The tests are steps: each goes on from what the one before it left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook import Run, play, play_until

from .fleet_lab import Lab, in_store, raised_lab
from .store_plays import voters

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]

HOSTS = ("dwn1", "dwn2", "dwn3")
FIRST, LAST = HOSTS[0], HOSTS[2]
# Where nobody answers, as where Ansible goes by another address than the hosts among each other.
ELSEWHERE = "10.211.0.250"
# What shows that an agent was restarted, or is to find the store elsewhere.
AGENT = """\
systemctl show --value --property=ActiveEnterTimestampMonotonic weftd
sha256sum /etc/weft/weftd.json
"""
RUNS = "systemctl --quiet is-active {}"


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("dwn", "10.211.0.0/24", request, ("trixie",) * len(HOSTS)) as lab:
        yield lab


class Fleet:
    """The lab's fleet, each host of it a member of the store."""

    def __init__(self, lab: Lab, collections: Path, folder: Path) -> None:
        self.lab, self.collections, self.folder = lab, collections, folder
        self.inventory: dict[str, Any] = yaml.safe_load(lab.command("inventory", "--etcd", "3"))

    def group(self, name: str) -> dict[str, dict[str, str]]:
        """The hosts of a group of the inventory, each with its variables."""
        hosts: dict[str, dict[str, str]] = self.inventory["all"]["children"][name]["hosts"]
        return hosts

    def run(self, playbook: str, *arguments: str, without: str = "", **variables: object) -> Run:
        """Run a playbook of the collection, where it is asked for on all hosts but one."""
        limit = ("--limit", f"all:!{without}") if without else ()
        words = self._words(playbook, variables)
        return play(self.collections, self.folder, *words, *limit, *arguments)

    def interrupt(self, playbook: str, point: str, **variables: object) -> None:
        """Run a playbook of the collection and kill it as the task of a point begins."""
        play_until(point, self.collections, self.folder, *self._words(playbook, variables))

    def agents(self, *hosts: int) -> Mapping[int, str]:
        """What tells an agent that was left alone from another."""
        return {host: self.lab.on(host, AGENT) for host in hosts}

    def leases(self, host: int) -> set[str]:
        """The public IPs of the leases, as a host lists them."""
        rows = json.loads(self.lab.on(host, "weftctl leases --json"))
        return {row["public_ip"] for row in rows}

    def _words(self, playbook: str, variables: Mapping[str, object]) -> tuple[str, ...]:
        inventory = self.folder / "hosts.yml"
        inventory.write_text(json.dumps(self.inventory), encoding="utf-8")
        return f"weft.overlay.{playbook}", "-i", str(inventory), "-e", json.dumps(variables)


@pytest.fixture(scope="module")
def fleet(lab: Lab, collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return Fleet(lab, collections, tmp_path_factory.mktemp("down"))


def succeeds(run: Run) -> None:
    assert run.status == 0, run.output


def saves(fleet: Fleet, directory: Path, without: str) -> None:
    """Save the store and its leases while a host is off."""
    succeeds(fleet.run("backup", without=without, backup_directory=str(directory)))
    (backup,) = directory.iterdir()
    assert {path.name for path in backup.iterdir()} == {"etcd.db", "etcd.json", "leases.yml"}
    document = yaml.safe_load((backup / "leases.yml").read_text(encoding="utf-8"))
    assert len(document["leases"]) == len(HOSTS)


def test_the_fleet_stands(fleet: Fleet) -> None:
    succeeds(fleet.run("site"))
    assert voters(fleet.lab) == set(HOSTS)


def test_without_its_first_member_it_is_managed_by_the_next(fleet: Fleet, tmp_path: Path) -> None:
    before = fleet.agents(2, 3)
    fleet.lab.command("crash", FIRST)
    whole = fleet.run("site")
    assert whole.recap[FIRST]["unreachable"] > 0
    assert whole.changed() == dict.fromkeys(HOSTS, 0), whole.output
    others = fleet.run("site", without=FIRST)
    succeeds(others)
    assert others.changed() == dict.fromkeys(HOSTS[1:], 0)
    assert fleet.agents(2, 3) == before
    saves(fleet, tmp_path, FIRST)


def test_what_needs_a_certificate_says_that_its_authority_is_off(fleet: Fleet) -> None:
    refused = fleet.run("rotate", without=FIRST)
    assert refused.status != 0
    said = " ".join(refused.output.split())
    assert f"{FIRST}, which signs certificates, is unreachable" in said
    assert set(refused.changed().values()) == {0}


def test_without_its_last_member_nothing_of_the_others_changes(
    fleet: Fleet, tmp_path: Path
) -> None:
    fleet.lab.command("start", FIRST)
    fleet.lab.on(1, f"until {RUNS.format('etcd')} && {RUNS.format('weftd')}; do sleep 1; done")
    before = fleet.agents(1, 2)
    fleet.lab.command("crash", LAST)
    fleet.group("weft")[LAST]["ansible_host"] = ELSEWHERE
    whole = fleet.run("site")
    assert whole.recap[LAST]["unreachable"] > 0
    assert whole.changed() == dict.fromkeys(HOSTS, 0), whole.output
    others = fleet.run("site", without=LAST)
    succeeds(others)
    assert others.changed() == dict.fromkeys(HOSTS[:2], 0)
    assert fleet.agents(1, 2) == before
    saves(fleet, tmp_path, LAST)


def test_certificates_are_renewed_and_hosts_upgraded_without_it(fleet: Fleet) -> None:
    serial = "openssl x509 -noout -serial -in /etc/weft/tls/agent.pem"
    before = fleet.lab.on(2, serial)
    succeeds(fleet.run("rotate", without=LAST))
    assert fleet.lab.on(2, serial) != before
    upgraded = fleet.run("upgrade", without=LAST)
    succeeds(upgraded)
    assert "2 hosts, all reach each other" in upgraded.output


def test_its_lease_and_its_membership_go(fleet: Fleet) -> None:
    fleet.group("weft")[LAST]["overlay_public_ip"] = "10.211.0.13"
    forgotten = fleet.run("remove_host", remove_hosts=LAST, weft_confirm=f"forget {LAST}")
    assert "Released 100.96.3.0/24" in " ".join(forgotten.output.split()), forgotten.output
    assert all(forgotten.recap[host]["failed"] == 0 for host in HOSTS[:2])
    assert fleet.leases(1) == {"10.211.0.11", "10.211.0.12"}
    confirmed = {"remove_member": LAST, "weft_confirm": f"remove {LAST}"}
    removed = fleet.run("remove_member", without=LAST, **confirmed)
    succeeds(removed)
    assert voters(fleet.lab) == set(HOSTS[:2])


def test_another_host_takes_its_place(fleet: Fleet) -> None:
    fleet.lab.up(4)
    for name, variables in (("weft", {"ansible_host": "10.211.0.14"}), ("weft_etcd", {})):
        del fleet.group(name)[LAST]
        fleet.group(name)["dwn4"] = dict(variables)
    succeeds(fleet.run("site"))
    assert voters(fleet.lab) == {*HOSTS[:2], "dwn4"}
    assert fleet.leases(1) == {"10.211.0.11", "10.211.0.12", "10.211.0.14"}
    again = fleet.run("site")
    succeeds(again)
    assert set(again.changed().values()) == {0}


def test_a_new_authority_comes_to_three_members_also_when_it_is_interrupted(fleet: Fleet) -> None:
    fleet.interrupt(
        "rotate",
        "certificate_replace",
        rotate_authority=True,
    )
    status = "endpoint status --cluster"
    assert len(in_store(fleet.lab, status).splitlines()) == len(HOSTS)
    succeeds(fleet.run("rotate", rotate_authority=True))
    assert len(in_store(fleet.lab, status).splitlines()) == len(HOSTS)
    for host in (1, 2, 4):
        assert fleet.lab.on(host, "grep -c BEGIN /etc/weft/tls/ca.pem").strip() == "1"
        assert "agent      ready" in fleet.lab.on(host, "weftctl status || true")
    assert fleet.leases(1) == {"10.211.0.11", "10.211.0.12", "10.211.0.14"}
    again = fleet.run("site")
    succeeds(again)
    assert set(again.changed().values()) == {0}
