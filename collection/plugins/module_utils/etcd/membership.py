# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one member's wish means for the cluster that there is: pure decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from .cluster import EtcdError, Member, majority, names
from .versions import Version

# etcd 3.4 brought members that learn before they vote (its changelog: "Raft Learner").
LEARNERS_SINCE = Version(3, 4, 0)


class State(Enum):
    """What a member is to be."""

    PRESENT = "present"
    VOTING = "voting"
    ABSENT = "absent"


class Verb(Enum):
    """One call of ``etcdctl member``."""

    ADD = "add"
    UPDATE = "update"
    PROMOTE = "promote"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Wish:
    """A member by name and peer URL; `data_lost` says that what it once stored is gone."""

    name: str
    state: State
    peer_urls: tuple[str, ...] = ()
    data_lost: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One call, and the member that it is about; one that is added has the ID 0 until then."""

    verb: Verb
    member: Member


@dataclass(frozen=True, slots=True)
class Cluster:
    """The members, the IDs of those that answer and see a leader, and the oldest version."""

    members: tuple[Member, ...]
    healthy: Collection[int]
    version: Version

    @property
    def voters(self) -> tuple[Member, ...]:
        """The members that count for the majority."""
        return tuple(member for member in self.members if not member.learner)

    def find(self, wish: Wish) -> Member | None:
        """Return the member that the wish is about.

        The peer URL decides: a member takes its name from its own configuration when it starts.
        """
        for member in self.members:
            if set(member.peer_urls) & set(wish.peer_urls):
                return member
        for member in self.members:
            if wish.name in (member.name, member.hex_id):
                return member
        return None


def decide(wish: Wish, cluster: Cluster) -> tuple[Step, ...]:
    """Return the calls that fulfil the wish, none when all is well.

    Raises EtcdError where a call would cost the cluster its majority, or has nobody to be about.
    """
    member = cluster.find(wish)
    if wish.state is State.ABSENT:
        return () if member is None else (_removal(member, cluster),)
    if wish.state is State.VOTING:
        if member is None:
            raise EtcdError(
                f"{wish.name} is no member (these are: {names(cluster.members)}): add it first, "
                "with the state present"
            )
        return (Step(Verb.PROMOTE, member),) if member.learner else ()
    return tuple(_joining(wish, member, cluster))


def after(steps: Sequence[Step], members: Sequence[Member]) -> tuple[Member, ...]:
    """Return the members once the steps are done."""
    left = {member.id: member for member in members}
    for step in steps:
        if step.verb is Verb.REMOVE:
            del left[step.member.id]
        else:
            left[step.member.id] = step.member
    return tuple(left.values())


def was_taken(step: Step, members: Sequence[Member]) -> bool:
    """Tell whether the members are as the step makes them, after a call that got no answer."""
    urls = set(step.member.peer_urls)
    if step.verb is Verb.ADD:
        return any(set(member.peer_urls) == urls for member in members)
    found = next((member for member in members if member.id == step.member.id), None)
    if step.verb is Verb.REMOVE:
        return found is None
    if found is None:
        return False
    return not found.learner if step.verb is Verb.PROMOTE else set(found.peer_urls) == urls


def initial_cluster(wish: Wish, members: Sequence[Member]) -> str:
    """Return the ETCD_INITIAL_CLUSTER with which the wish's member joins.

    etcd wants every member in it, by its peer URLs. The names matter for the member's own entry
    only, so one that has never started goes by its ID. Sorted, since etcd lists by random IDs.
    """
    return ",".join(
        sorted(
            f"{name}={url}"
            for member in members
            for name in [
                wish.name
                if set(member.peer_urls) == set(wish.peer_urls)
                else member.name or member.hex_id
            ]
            for url in member.peer_urls
        )
    )


def _joining(wish: Wish, member: Member | None, cluster: Cluster) -> Iterator[Step]:
    learner = cluster.version >= LEARNERS_SINCE
    newcomer = Member(0, "", wish.peer_urls, (), learner)
    if member is None:
        yield Step(Verb.ADD, newcomer)
    elif wish.data_lost and member.started:
        yield _removal(member, cluster)
        yield Step(Verb.ADD, newcomer)
    elif set(member.peer_urls) != set(wish.peer_urls):
        moved = Member(member.id, member.name, wish.peer_urls, member.client_urls, member.learner)
        yield Step(Verb.UPDATE, moved)


def _removal(member: Member, cluster: Cluster) -> Step:
    left = [voter for voter in cluster.voters if voter.id != member.id]
    if not left:
        raise EtcdError(
            f"{member.label} is the only voting member: without it there is no store. "
            "To be rid of the store, run the playbook destroy; to have its data back, restore"
        )
    silent = [voter for voter in left if voter.id not in cluster.healthy]
    if len(left) - len(silent) < majority(len(left)):
        raise EtcdError(
            f"without {member.label} the cluster would lose its majority: of the {len(left)} "
            f"voting members left, {names(silent)} do not answer. Start these first"
        )
    return Step(Verb.REMOVE, member)
