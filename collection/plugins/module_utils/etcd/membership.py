# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of ``etcdctl member`` that bring one member to its desired state. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from .cluster import EtcdError, Member, majority, names
from .versions import Version

# etcd 3.4 added learners, members without a vote (its changelog: "Raft Learner").
LEARNERS_SINCE = Version(3, 4, 0)


class State(Enum):
    """The desired state of a member."""

    PRESENT = "present"
    VOTING = "voting"
    ABSENT = "absent"


class Action(Enum):
    """One call of ``etcdctl member``."""

    ADD = "add"
    UPDATE = "update"
    PROMOTE = "promote"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class DesiredMember:
    """The desired state of a member; `data_lost`: its data directory was lost."""

    name: str
    state: State
    peer_urls: tuple[str, ...] = ()
    data_lost: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One call and its member; a member that is to be added has the ID 0."""

    action: Action
    member: Member


@dataclass(frozen=True, slots=True)
class Cluster:
    """The members, the IDs of those that answer and have a leader, and the oldest version."""

    members: tuple[Member, ...]
    healthy: Collection[int]
    version: Version

    @property
    def voters(self) -> tuple[Member, ...]:
        """The members that count for the majority."""
        return tuple(member for member in self.members if not member.learner)

    def find(self, desired: DesiredMember) -> Member | None:
        """Return the member with a peer URL of the desired one, else with its name or ID.

        The peer URL counts first: a member takes its name from its configuration when it starts.
        """
        for member in self.members:
            if set(member.peer_urls) & set(desired.peer_urls):
                return member
        for member in self.members:
            if desired.name in (member.name, member.hex_id):
                return member
        return None


def plan_steps(desired: DesiredMember, cluster: Cluster) -> tuple[Step, ...]:
    """Return the calls that bring the member to its desired state, none if it is in it.

    Raises EtcdError if a call would cost the cluster its majority, or if the member is missing.
    """
    member = cluster.find(desired)
    if desired.state is State.ABSENT:
        return () if member is None else (_removal(member, cluster),)
    if desired.state is State.VOTING:
        if member is None:
            raise EtcdError(
                f"{desired.name} is not a member (members: {names(cluster.members)}): "
                "add it first, with state=present"
            )
        return (Step(Action.PROMOTE, member),) if member.learner else ()
    return tuple(_addition(desired, member, cluster))


def members_after(steps: Sequence[Step], members: Sequence[Member]) -> tuple[Member, ...]:
    """Return the members after the steps."""
    left = {member.id: member for member in members}
    for step in steps:
        if step.action is Action.REMOVE:
            del left[step.member.id]
        else:
            left[step.member.id] = step.member
    return tuple(left.values())


def was_applied(step: Step, members: Sequence[Member]) -> bool:
    """Tell whether the members show that a step whose response was lost was applied."""
    urls = set(step.member.peer_urls)
    if step.action is Action.ADD:
        return any(set(member.peer_urls) == urls for member in members)
    found = next((member for member in members if member.id == step.member.id), None)
    if step.action is Action.REMOVE:
        return found is None
    if found is None:
        return False
    return not found.learner if step.action is Action.PROMOTE else set(found.peer_urls) == urls


def initial_cluster(desired: DesiredMember, members: Sequence[Member]) -> str:
    """Return the ETCD_INITIAL_CLUSTER with which the desired member starts.

    It must list every member with its peer URLs. Only the name of the member's own entry matters,
    so a member that has never started has its ID as name. Sorted, since etcd lists by random IDs.
    """
    return ",".join(
        sorted(
            f"{name}={url}"
            for member in members
            for name in [
                desired.name
                if set(member.peer_urls) == set(desired.peer_urls)
                else member.name or member.hex_id
            ]
            for url in member.peer_urls
        )
    )


def _addition(desired: DesiredMember, member: Member | None, cluster: Cluster) -> Iterator[Step]:
    learner = cluster.version >= LEARNERS_SINCE
    new_member = Member(0, "", desired.peer_urls, (), learner)
    if member is None:
        yield Step(Action.ADD, new_member)
    elif desired.data_lost and member.started:
        yield _removal(member, cluster)
        yield Step(Action.ADD, new_member)
    elif set(member.peer_urls) != set(desired.peer_urls):
        moved = Member(
            member.id, member.name, desired.peer_urls, member.client_urls, member.learner
        )
        yield Step(Action.UPDATE, moved)


def _removal(member: Member, cluster: Cluster) -> Step:
    left = [voter for voter in cluster.voters if voter.id != member.id]
    if not left:
        raise EtcdError(
            f"{member.label} is the only voting member of etcd and cannot be removed. To delete "
            "etcd, run the playbook weft.overlay.destroy; to recover its data, weft.overlay.restore"
        )
    silent = [voter for voter in left if voter.id not in cluster.healthy]
    if len(left) - len(silent) < majority(len(left)):
        raise EtcdError(
            f"without {member.label} the cluster would lose its majority: of the {len(left)} "
            f"remaining voting members, {names(silent)} do not answer. Start them first"
        )
    return Step(Action.REMOVE, member)
