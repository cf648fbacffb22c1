# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a group of hosts is to do about its etcd: a pure decision over what each host showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .cluster import Member, Status, names


@dataclass(frozen=True, slots=True)
class Observation:
    """What one host showed; a host out of reach showed nothing.

    `initial_state` is ETCD_INITIAL_CLUSTER_STATE of its configuration, "" where there is none;
    `data` says whether a member has ever stored anything there.
    """

    host: str
    url: str
    reachable: bool = True
    data: bool = False
    initial_state: str = ""
    status: Status | None = None
    members: tuple[Member, ...] = ()

    @property
    def leads_on(self) -> bool:
        """Whether a member answers here that is part of a majority and has a vote."""
        return self.status is not None and self.status.has_leader and not self.status.learner


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen, by the hosts' names; a problem means that nothing is.

    `forms` begins a cluster; `joins` become members one after the other, those of `replaces` in
    place of a dead member of their name. `speaker` is a host whose member can be asked; `silent`
    names hosts with data whose member does not answer, `strays` members of no host of the group.
    """

    forms: str | None = None
    joins: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    speaker: str | None = None
    speaker_url: str | None = None
    silent: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    members: tuple[Member, ...] = field(default=())
    problem: str = ""


def plan_group(observations: Sequence[Observation]) -> Plan:
    """Decide from the hosts of the group, in the inventory's order."""
    problem = _two_clusters(observations)
    if problem:
        return Plan(problem=problem)
    speaker = next((each for each in observations if each.leads_on), None)
    if speaker is not None:
        return _plan_running(observations, speaker)
    if any(each.data for each in observations):
        return Plan(silent=tuple(each.host for each in observations if each.data))
    return _plan_forming(observations)


def lost_majority(observations: Sequence[Observation]) -> str:
    """Return what to say of a group whose members were started and found no leader."""
    silent = [each.host for each in observations if each.status is None]
    alone = [each.host for each in observations if each.status is not None]
    found = [f"no answer from {', '.join(silent)}"] if silent else []
    found += [f"no leader known to {', '.join(alone)}"] if alone else []
    return (
        f"The store has no majority: {', '.join(found)}. Bring the members back as they were and "
        "run this again. If they are lost, save what a member still has with the playbook "
        "weft.overlay.backup, and make a new cluster of it with 'ansible-playbook "
        "weft.overlay.restore -e restore_from=snapshot -e weft_backup=DIRECTORY'."
    )


def _two_clusters(observations: Sequence[Observation]) -> str:
    found: dict[int, list[str]] = {}
    for each in observations:
        if each.status is not None:
            found.setdefault(each.status.cluster_id, []).append(each.host)
    if len(found) < 2:
        return ""
    parts = "; ".join(f"{cluster:x}: {', '.join(hosts)}" for cluster, hosts in found.items())
    return (
        f"The hosts of the group are members of {len(found)} clusters ({parts}). Decide which one "
        "holds the network, stop etcd on the others and move their data directories away."
    )


def _data_elsewhere(observations: Sequence[Observation]) -> str:
    """A member that answers has data: where none are seen, they lie elsewhere."""
    found = [each.host for each in observations if each.status is not None and not each.data]
    if not found:
        return ""
    return (
        f"etcd runs on {', '.join(found)} and has no data in etcd_data_directory: set that to "
        "where they are (ETCD_DATA_DIR in /etc/default/etcd there), or, if they are gone, stop "
        "etcd there and run this again; it then joins as a new member."
    )


def _foreign_data(observations: Sequence[Observation], speaker: Observation) -> str:
    members = speaker.members
    foreign = [each.host for each in observations if each.data and _is_foreign(each, members)]
    if not foreign:
        return ""
    return (
        f"{', '.join(foreign)} holds data of etcd and is no member of the cluster of "
        f"{speaker.host} ({names(members)}). Stop etcd there, move its data directory "
        "away, and run this again; it then joins as a new member."
    )


def _plan_running(observations: Sequence[Observation], speaker: Observation) -> Plan:
    members = speaker.members
    problem = _data_elsewhere(observations) or _foreign_data(observations, speaker)
    if problem:
        # The store goes on meanwhile: it can be saved, and the host be removed.
        return Plan(speaker=speaker.host, speaker_url=speaker.url, members=members, problem=problem)
    known = {member.name: member for member in members}
    learners = [each.host for each in observations if each.data and _is_learner(each, members)]
    empty = [each for each in observations if each.reachable and not each.data]
    replaced = [each.host for each in empty if each.host in known]
    added = [each.host for each in empty if each.host not in known]
    group = {each.host for each in observations}
    return Plan(
        joins=(*learners, *replaced, *added),
        replaces=tuple(replaced),
        speaker=speaker.host,
        speaker_url=speaker.url,
        silent=tuple(each.host for each in observations if each.data and each.status is None),
        strays=tuple(
            member.name for member in members if member.started and member.name not in group
        ),
        members=members,
    )


def _plan_forming(observations: Sequence[Observation]) -> Plan:
    away = [each.host for each in observations if not each.reachable]
    if away:
        return Plan(
            problem=(
                f"{', '.join(away)} cannot be reached, and the other hosts hold no data: a cluster "
                "may run there, so none is formed beside it. Bring it back, or take it out of the "
                "group."
            )
        )
    begun = [each.host for each in observations if each.initial_state == "new"]
    first = observations[0]
    if begun or not first.initial_state:
        former = begun[0] if begun else first.host
        return Plan(
            forms=former,
            joins=tuple(each.host for each in observations if each.host != former),
        )
    return Plan(
        problem=(
            f"{first.host} was a member of a cluster, and no host of the group holds data any "
            "more: an empty store would give the hosts other subnets. Restore a backup with the "
            "playbook weft.overlay.restore, or, to begin anew, remove /etc/default/etcd on "
            f"{first.host}."
        )
    )


def _is_foreign(observation: Observation, members: Sequence[Member]) -> bool:
    if observation.status is not None:
        return observation.status.member_id not in {member.id for member in members}
    # One that was added and has not announced its name yet may be this host.
    return observation.host not in {member.name for member in members} and all(
        member.started for member in members
    )


def _is_learner(observation: Observation, members: Sequence[Member]) -> bool:
    if observation.status is not None:
        return observation.status.learner
    return any(member.learner and member.name == observation.host for member in members)
