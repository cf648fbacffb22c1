# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays on hosts that hold the store, and which members it has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.playbook import REPOSITORY, Run, play, play_until

from .fleet_lab import Lab, in_store

PLAYS = REPOSITORY / "tests/fleet/store_hosts"
_PROVIDE = str(PLAYS / "provide.yml")


@dataclass(frozen=True, slots=True)
class StorePlays:
    """Runs playbooks with `variables`, on a store of the first `members` hosts of the lab."""

    lab: Lab
    collections: Path
    folder: Path
    members: int
    variables: Mapping[str, object] = field(default_factory=dict)

    def run(
        self, playbook: str, *arguments: str, members: int | None = None, **variables: object
    ) -> Run:
        """Run a playbook with these extra variables."""
        words = self._words(playbook, arguments, members, variables)
        return play(self.collections, self.folder, *words)

    def provide(self, *arguments: str, members: int | None = None, **variables: object) -> Run:
        """Run the role etcd."""
        return self.run(_PROVIDE, *arguments, members=members, **variables)

    def provide_until(self, point: str, members: int | None = None, **variables: object) -> str:
        """Run the role etcd, kill it at a point, and return its output."""
        return self.run_until(point, _PROVIDE, members, **variables)

    def run_until(
        self, point: str, playbook: str, members: int | None = None, **variables: object
    ) -> str:
        """Run a playbook, kill it at a point, and return its output."""
        words = self._words(playbook, (), members, variables)
        return play_until(point, self.collections, self.folder, *words)

    def _words(
        self,
        playbook: str,
        arguments: tuple[str, ...],
        members: int | None,
        variables: Mapping[str, object],
    ) -> tuple[str, ...]:
        count = str(members or self.members)
        inventory = self.folder / f"{count}.yml"
        inventory.write_text(self.lab.command("inventory", "--etcd", count), encoding="utf-8")
        extra = json.dumps({**self.variables, **variables})
        return (playbook, "-i", str(inventory), "-e", extra, *arguments)


def voters(lab: Lab, host: int = 1) -> set[str]:
    """Return the names of the members that have a vote."""
    rows = [row.strip().split(", ") for row in in_store(lab, "member list", host).splitlines()]
    return {row[2] for row in rows if row[5] == "false"}


def process(lab: Lab, host: int) -> str:
    """Return what tells the process of a host's etcd from an earlier one."""
    return lab.on(host, "systemctl show --property=MainPID etcd")


def build_anew(lab: Lab, host: int) -> None:
    """Leave nothing of the store on a host, nor of its authority."""
    lab.on(host, "systemctl disable --now etcd; apt-get purge -qq etcd-server etcd-client")
    kept = "/var/lib/etcd /etc/default/etcd /etc/etcd /etc/weft/ca /etc/weft/store"
    lab.on(host, f"rm -rf {kept}; userdel etcd || true")
