# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a store on three hosts: it grows, is upgraded, loses members, and comes back.

The tests are steps: each goes on from what the one before it left.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .fleet_lab import Lab, in_store, raised_lab
from .package_repository import lay_out_packages
from .store_plays import PLAYS, StorePlays, build_anew, process, voters

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]

HOSTS = ("sto1", "sto2", "sto3")
QUIET = dict.fromkeys(HOSTS, 0)
OLD_IDENTITY = (
    "ETCDCTL_API=3 ETCDCTL_CACERT=/root/identity/ca.pem"
    " ETCDCTL_CERT=/root/identity/root.pem ETCDCTL_KEY=/root/identity/root.key"
)
KEYS = "find /etc/weft /etc/etcd -type f"
UPGRADED = re.compile(r"POINT upgrade_etcd_packages\n[^T]*?changed: \[(\w+)\]")


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    suites = ("bookworm",) * len(HOSTS)
    with raised_lab("sto", "10.182.0.0/24", request, suites) as lab:
        yield lab


@pytest.fixture(scope="module")
def plays(lab: Lab, collections: Path, tmp_path_factory: pytest.TempPathFactory) -> StorePlays:
    return StorePlays(lab, collections, tmp_path_factory.mktemp("store"), len(HOSTS))


def lose(lab: Lab, *hosts: int) -> None:
    """Let the members die with their disks."""
    for host in hosts:
        lab.on(host, "systemctl kill --signal=KILL etcd; systemctl stop etcd")
        lab.on(host, "rm -rf /var/lib/etcd/default")


def put(lab: Lab, value: str) -> None:
    """Write as a client does that tries again: what a leader had that is lost comes to nothing."""
    for pause in range(10):
        time.sleep(pause)
        with contextlib.suppress(AssertionError):
            in_store(lab, f"put /kept {value}")
            return
    raise AssertionError(f"the store does not take {value!r}")


def test_one_member_grows_to_three_and_is_not_restarted(lab: Lab, plays: StorePlays) -> None:
    first = plays.provide(members=1)
    assert first.status == 0, first.output
    in_store(lab, "put /kept first")
    started = process(lab, 1)
    foretold = plays.provide("--check")
    assert foretold.status == 0, foretold.output
    assert voters(lab) == {"sto1"}
    grown = plays.provide()
    assert grown.status == 0, grown.output
    assert grown.changed()["sto1"] == 0
    assert voters(lab) == set(HOSTS)
    assert process(lab, 1) == started
    assert "first" in in_store(lab, "get /kept", 3)
    assert plays.provide().changed() == QUIET


def test_etcd_is_upgraded_member_by_member_and_never_back(
    lab: Lab, plays: StorePlays, tmp_path: Path
) -> None:
    offered = plays.run(
        str(PLAYS / "offer_packages.yml"),
        packages=str(lay_out_packages("trixie", "etcd-*.deb", tmp_path)),
    )
    assert offered.status == 0, offered.output
    # Killed with the packages of the first in place, and its old program running.
    interrupted = plays.run_until("etcd_stop", "weft.overlay.upgrade_etcd")
    (begun,) = UPGRADED.findall(interrupted)
    upgraded = plays.run("weft.overlay.upgrade_etcd")
    assert upgraded.status == 0, upgraded.output
    assert "sto3 runs etcd 3.5." in upgraded.output
    assert "Saved a snapshot" in upgraded.output
    (order,) = re.findall(r"Upgrading (\w+), then (\w+), then (\w+)\.", upgraded.output)
    assert set(order) == set(HOSTS)
    steps = UPGRADED.findall(upgraded.output)
    assert steps == [host for host in order if host != begun]
    assert "first" in in_store(lab, "get /kept", 2)
    again = plays.run("weft.overlay.upgrade_etcd")
    assert again.changed() == QUIET
    back = plays.run(
        "weft.overlay.upgrade_etcd", etcd_packages=["etcd-server=3.4.*", "etcd-client=3.4.*"]
    )
    assert back.status != 0
    assert "etcd cannot be downgraded" in back.output
    assert plays.provide().changed() == QUIET


def test_a_member_goes_when_it_is_meant_and_comes_back_as_a_new_one(
    lab: Lab, plays: StorePlays
) -> None:
    foretold = plays.run("weft.overlay.remove_member", "--check", "--diff", member="sto3")
    assert foretold.status == 0, foretold.output
    assert "-sto3" in foretold.output
    assert voters(lab) == set(HOSTS)
    unconfirmed = plays.run("weft.overlay.remove_member", remove_member="sto3")
    assert unconfirmed.status != 0
    assert "weft_confirm='remove sto3'" in unconfirmed.output
    assert voters(lab) == set(HOSTS)
    needed = plays.run("weft.overlay.remove_member", remove_member="sto3", etcd_access_host="sto3")
    assert needed.status != 0
    assert "etcd_access_host is sto3" in " ".join(needed.output.split())
    assert voters(lab) == set(HOSTS)
    assert lab.on(3, KEYS) != ""
    # Killed with the member out of the cluster, and all that its host keeps still there.
    plays.run_until(
        "remove_member_stop",
        "weft.overlay.remove_member",
        remove_member="sto3",
        weft_confirm="remove sto3",
    )
    assert voters(lab) == {"sto1", "sto2"}
    confirmed: dict[str, Any] = {"remove_member": "sto3", "weft_confirm": "remove sto3"}
    removed = plays.run("weft.overlay.remove_member", **confirmed)
    assert removed.status == 0, removed.output
    assert "-e rotate_authority=true afterwards" in " ".join(removed.output.split())
    assert voters(lab) == {"sto1", "sto2"}
    assert lab.on(3, "ls /var/lib/etcd") == ""
    assert lab.on(3, KEYS) == ""
    again = plays.run("weft.overlay.remove_member", remove_member="sto3")
    assert again.status == 0, again.output
    assert again.changed() == QUIET
    returned = plays.provide()
    assert returned.status == 0, returned.output
    assert voters(lab) == set(HOSTS)


def test_a_member_whose_disk_is_lost_is_replaced(lab: Lab, plays: StorePlays) -> None:
    lose(lab, 2)
    put(lab, "second")
    replaced = plays.provide()
    assert replaced.status == 0, replaced.output
    assert voters(lab) == set(HOSTS)
    assert "second" in in_store(lab, "get /kept", 2)


def test_a_lost_majority_is_named_and_comes_back_from_what_a_member_still_has(
    lab: Lab, plays: StorePlays, tmp_path: Path
) -> None:
    lose(lab, 2, 3)
    refused = plays.provide("-e", "etcd_wait_seconds=5")
    assert refused.status != 0
    assert "etcd has no majority" in refused.output
    assert "weft.overlay.restore" in refused.output
    saved = plays.run("weft.overlay.backup", backup_directory=str(tmp_path))
    assert "etcd has no majority" in saved.output
    (backup,) = tmp_path.iterdir()
    assert (backup / "etcd.db").stat().st_mode & 0o077 == 0

    phrase = f"restore {backup.name}"
    # As the shell names it from where the command is given.
    relative = os.path.relpath(backup, plays.folder)
    restore: dict[str, Any] = {"restore_from": "snapshot", "restore_backup": relative}
    unconfirmed = plays.run("weft.overlay.restore", **restore)
    assert unconfirmed.status != 0
    assert f"weft_confirm='{phrase}'" in " ".join(unconfirmed.output.split())
    # Killed with the old data aside, and the new ones not in their place.
    plays.run_until(
        "restore_place_data",
        "weft.overlay.restore",
        weft_confirm=phrase,
        **restore,
    )
    restored = plays.run("weft.overlay.restore", weft_confirm=phrase, **restore)
    assert restored.status == 0, restored.output
    assert voters(lab) == set(HOSTS)
    assert "second" in in_store(lab, "get /kept", 3)
    assert "default.before-" in lab.on(1, "ls /var/lib/etcd")
    assert plays.provide().changed() == QUIET


@pytest.mark.parametrize("authority_is_saved", [True, False])
def test_a_store_comes_back_on_hosts_that_were_built_anew(
    lab: Lab, plays: StorePlays, tmp_path: Path, authority_is_saved: bool
) -> None:
    in_store(lab, "put /kept third")
    # There is no network whose leases could be saved, too.
    saved = plays.run("weft.overlay.backup", backup_directory=str(tmp_path))
    assert "Saved a snapshot" in saved.output
    (backup,) = tmp_path.iterdir()
    lab.on(1, "cp -a /etc/weft/ca /root/ca; cp -a /etc/weft/store /root/identity")
    for host in (1, 2, 3):
        build_anew(lab, host)
    if authority_is_saved:
        lab.on(1, "cp -a /root/ca /etc/weft/ca")
    restore: dict[str, Any] = {"restore_from": "snapshot", "weft_confirm": f"restore {backup.name}"}
    restored = plays.run("weft.overlay.restore", restore_backup=str(backup), **restore)
    assert restored.status == 0, restored.output
    assert voters(lab) == set(HOSTS)
    assert "third" in in_store(lab, "get /kept", 2)
    # Whoever has an identity of the old authority, as the agents do, goes on with it.
    asked = lab.on(1, f"{OLD_IDENTITY} etcdctl get /kept 2>&1 || true")
    assert ("third" in asked) == authority_is_saved
    assert plays.provide().changed() == QUIET
    lab.on(1, "rm -r /root/ca /root/identity")


def test_a_damaged_snapshot_is_refused(plays: StorePlays, tmp_path: Path) -> None:
    backup = tmp_path / "damaged"
    backup.mkdir()
    (backup / "etcd.db").write_bytes(b"not what it was")
    (backup / "etcd.json").write_text(json.dumps({"sha256": "0" * 64}), encoding="utf-8")
    refused = plays.run("weft.overlay.restore", restore_from="snapshot", restore_backup=str(backup))
    assert refused.status != 0
    assert "has changed since it was saved" in " ".join(refused.output.split())
    assert all(count == 0 for count in refused.changed().values())
