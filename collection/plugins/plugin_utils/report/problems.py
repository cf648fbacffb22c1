# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of the fleet, each with the host or subnet: the worst first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .fleet import Fleet
from .labels import counted
from .lease_table import LeaseRow


class Severity(StrEnum):
    """A fault stops traffic, a warning may stop traffic, a note reports missing data."""

    FAULT = "fault"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem; about is a host, a subnet, or empty for the whole fleet."""

    severity: Severity
    about: str
    text: str


def list_problems(fleet: Fleet, leases: tuple[LeaseRow, ...] | None) -> tuple[Problem, ...]:
    """Return all problems of the fleet, ordered by severity."""
    found = [
        *_of_store(fleet),
        *_of_hosts(fleet),
        *_of_pairs(fleet),
        *_of_leases(fleet, leases),
        *_of_drift(fleet),
    ]
    found += [Problem(Severity.NOTE, "", note) for note in fleet.notes]
    severities = list(Severity)
    return tuple(sorted(found, key=lambda problem: severities.index(problem.severity)))


def _of_store(fleet: Fleet) -> Iterator[Problem]:
    if fleet.store_problem:
        yield Problem(
            Severity.FAULT,
            "etcd",
            f"{fleet.store_problem.rstrip('.')}. Running hosts continue with the last known "
            "leases; no host can be added or changed meanwhile.",
        )
    for name in fleet.store_stopped:
        yield Problem(
            Severity.FAULT if fleet.store_problem else Severity.WARNING,
            name,
            "etcd.service is not active: run 'systemctl start etcd' there, and see "
            "'journalctl -u etcd' if it does not start.",
        )


def _of_hosts(fleet: Fleet) -> Iterator[Problem]:
    for host in fleet.hosts:
        if not host.reached:
            yield Problem(
                Severity.FAULT,
                host.name,
                "Ansible cannot connect to the host. Its data here is from etcd. Check that it "
                "runs and that SSH accepts this controller.",
            )
        for problem in host.problems:
            yield Problem(Severity.FAULT, host.name, problem)
        if fleet.leases is not None and not host.subnet:
            yield Problem(
                Severity.WARNING, host.name, "The host has no subnet: run site.yml to add it."
            )


def _of_pairs(fleet: Fleet) -> Iterator[Problem]:
    if fleet.verification is not None:
        for text in fleet.verification.problems:
            yield Problem(Severity.FAULT, "", text)


def _of_leases(fleet: Fleet, leases: tuple[LeaseRow, ...] | None) -> Iterator[Problem]:
    for row in leases or ():
        for remark in row.remarks:
            yield Problem(Severity.WARNING, row.subnet, f"{remark[0].upper()}{remark[1:]}.")
    for entry in fleet.invalid:
        yield Problem(Severity.WARNING, entry.key, f"Not a valid lease: {entry.reason}")


def _of_drift(fleet: Fleet) -> Iterator[Problem]:
    if fleet.drift is None:
        return
    if fleet.drift.drifts:
        hosts = {drift.host for drift in fleet.drift.drifts}
        differ = "differs" if len(fleet.drift.drifts) == 1 else "differ"
        yield Problem(
            Severity.WARNING,
            "",
            f"{counted(len(fleet.drift.drifts), 'setting')} on {counted(len(hosts), 'host')} "
            f"{differ} from the inventory: see Drift.",
        )
    if fleet.drift.unreachable:
        one = len(fleet.drift.unreachable) == 1
        yield Problem(
            Severity.NOTE,
            "",
            f"{counted(len(fleet.drift.unreachable), 'host')} {'was' if one else 'were'} "
            "unreachable "
            "for the playbook drift and could not be compared with the inventory: see Drift, and "
            f"run it again when Ansible can connect to {'it' if one else 'them'}.",
        )
