# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong, as sentences with the host that they are about: the worst first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .fleet import Fleet
from .lease_table import LeaseRow
from .wording import counted


class Weight(StrEnum):
    """A fault keeps packets from crossing; a warning may; a note says what is not known."""

    FAULT = "fault"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence; about is a host, a subnet, or empty for the whole fleet."""

    weight: Weight
    about: str
    text: str


def list_problems(fleet: Fleet, leases: tuple[LeaseRow, ...] | None) -> tuple[Problem, ...]:
    """All problems of the fleet, ordered by weight."""
    found = [*_of_hosts(fleet), *_of_pairs(fleet), *_of_store(fleet, leases), *_of_drift(fleet)]
    found += [Problem(Weight.NOTE, "", note) for note in fleet.notes]
    weights = list(Weight)
    return tuple(sorted(found, key=lambda problem: weights.index(problem.weight)))


def _of_hosts(fleet: Fleet) -> Iterator[Problem]:
    for host in fleet.hosts:
        if not host.reached:
            yield Problem(
                Weight.FAULT,
                host.name,
                "Ansible does not reach it, and what is shown of it comes from the store: see "
                "whether it runs, and whether SSH lets this controller in.",
            )
        for problem in host.problems:
            yield Problem(Weight.FAULT, host.name, problem)
        if fleet.leases is not None and not host.subnet:
            yield Problem(
                Weight.WARNING, host.name, "It holds no subnet: run site.yml to let it join."
            )


def _of_pairs(fleet: Fleet) -> Iterator[Problem]:
    if fleet.verification is not None:
        for text in fleet.verification.problems:
            yield Problem(Weight.FAULT, "", text)


def _of_store(fleet: Fleet, leases: tuple[LeaseRow, ...] | None) -> Iterator[Problem]:
    for row in leases or ():
        for remark in row.remarks:
            yield Problem(Weight.WARNING, row.subnet, f"{remark[0].upper()}{remark[1:]}.")
    for entry in fleet.invalid:
        yield Problem(Weight.WARNING, entry.key, f"It is no lease: {entry.reason}")


def _of_drift(fleet: Fleet) -> Iterator[Problem]:
    if fleet.drift is None:
        return
    if fleet.drift.drifts:
        hosts = {drift.host for drift in fleet.drift.drifts}
        differ = "differs" if len(fleet.drift.drifts) == 1 else "differ"
        yield Problem(
            Weight.WARNING,
            "",
            f"{counted(len(fleet.drift.drifts), 'thing')} on {counted(len(hosts), 'host')} "
            f"{differ} from the inventory: see Drift.",
        )
    if fleet.drift.unreachable:
        one = len(fleet.drift.unreachable) == 1
        yield Problem(
            Weight.NOTE,
            "",
            f"Whether {counted(len(fleet.drift.unreachable), 'host')} "
            f"{'differs' if one else 'differ'} from the inventory is not known, since the playbook "
            f"drift did not reach {'it' if one else 'them'}: see Drift, and run it again once "
            f"Ansible reaches {'it' if one else 'them'}.",
        )
