# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the etcd cluster of a group of hosts: which host forms it, which ones join. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .cluster import Member, Status, names


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of etcd on one host; it is empty for an unreachable host.

    `initial_state` is ETCD_INITIAL_CLUSTER_STATE of its configuration, "" if there is none;
    `data`: the host has the data of a member. `problem`: why its member does not answer.
    """

    host: str
    url: str
    reachable: bool = True
    data: bool = False
    initial_state: str = ""
    status: Status | None = None
    members: tuple[Member, ...] = ()
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the host is reachable and has no data: it was no member, or lost its data."""
        return self.reachable and not self.data

    @property
    def votes_with_leader(self) -> bool:
        """Whether the host's member answers, has a leader and has a vote."""
        return self.status is not None and self.status.has_leader and not self.status.learner


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan, by host names; if it has a problem, nothing is changed.

    `forms` forms a new cluster; the hosts in `joins` become members one after the other, those in
    `replaces` instead of a dead member of their name. `speaker` is a host whose member answers and
    has a leader; `silent` are hosts with data whose member does not answer, `strays` members that
    are not hosts of the group.
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
    """Return the plan for the hosts of the group, in inventory order."""
    problem = _several_clusters_problem(observations)
    if problem:
        return Plan(problem=problem)
    speaker = next((each for each in observations if each.votes_with_leader), None)
    if speaker is not None:
        return _plan_running(observations, speaker)
    if any(each.data for each in observations):
        return Plan(silent=tuple(each.host for each in observations if each.data))
    return _plan_forming(observations)


def lost_majority(observations: Sequence[Observation]) -> str:
    """Return the message for a group whose members were started and have no leader.

    It names a restore only if a member answers without a leader and the data of others is missing:
    a restore replaces the cluster, and a failed connection says nothing about the data.
    """
    silent = [_silence(each) for each in observations if each.status is None]
    leaderless = [each.host for each in observations if each.status is not None]
    found = [f"no answer from {', '.join(silent)}"] if silent else []
    found += [f"no leader on {', '.join(leaderless)}"] if leaderless else []
    fault = (
        f"{'etcd has no majority' if leaderless else 'etcd does not answer'}: {', '.join(found)}."
    )
    empty = [each.host for each in observations if each.is_empty]
    advice = (
        " Check 'systemctl status etcd' there, start the missing members with their data, and "
        "check that TCP 2379 and 2380 (etcd_client_port and etcd_peer_port) are open "
        "between the members. Then run this again."
    )
    if leaderless and empty:
        advice += (
            f" {', '.join(empty)} has no data. If it was a member and its data is lost, back up a "
            "remaining member with the playbook weft.overlay.backup, and create a new cluster from "
            "the backup with 'ansible-playbook weft.overlay.restore -e restore_from=snapshot -e "
            "restore_backup=DIRECTORY'."
        )
    return fault + advice


def _silence(observation: Observation) -> str:
    if not observation.reachable:
        return f"{observation.host} (unreachable for Ansible)"
    if observation.is_empty:
        return f"{observation.host} (no data)"
    return observation.host + (f" ({observation.problem})" if observation.problem else "")


def _several_clusters_problem(observations: Sequence[Observation]) -> str:
    found: dict[int, list[str]] = {}
    for each in observations:
        if each.status is not None:
            found.setdefault(each.status.cluster_id, []).append(each.host)
    if len(found) < 2:
        return ""
    parts = "; ".join(f"{cluster:x}: {', '.join(hosts)}" for cluster, hosts in found.items())
    return (
        f"The hosts of the group are members of {len(found)} clusters ({parts}). Keep the cluster "
        "that has the network; on the other hosts, stop etcd and rename its data directory."
    )


def _data_directory_problem(observations: Sequence[Observation]) -> str:
    """A running member has data; if none was found, it is in another directory."""
    found = [each.host for each in observations if each.status is not None and not each.data]
    if not found:
        return ""
    return (
        f"etcd runs on {', '.join(found)} and has no data in etcd_data_directory: set "
        "etcd_data_directory to ETCD_DATA_DIR of /etc/default/etcd there, or, if the data is lost, "
        "stop etcd there and run this again; it then joins as a new member."
    )


def _foreign_data_problem(observations: Sequence[Observation], speaker: Observation) -> str:
    members = speaker.members
    foreign = [each.host for each in observations if each.data and _is_foreign(each, members)]
    if not foreign:
        return ""
    return (
        f"{', '.join(foreign)} has etcd data but is not a member of the cluster of "
        f"{speaker.host} ({names(members)}). Stop etcd there, rename its data "
        "directory, and run this again; it then joins as a new member."
    )


def _plan_running(observations: Sequence[Observation], speaker: Observation) -> Plan:
    members = speaker.members
    problem = _data_directory_problem(observations) or _foreign_data_problem(observations, speaker)
    if problem:
        # etcd keeps running: it can be backed up, and the host can be removed.
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
    unreachable = [each.host for each in observations if not each.reachable]
    if unreachable:
        return Plan(
            problem=(
                f"{', '.join(unreachable)} cannot be reached, and the other hosts have no etcd "
                "data: a cluster may run there, so no second one is formed. Make the host "
                "reachable, or remove it from the group."
            )
        )
    begun = [each.host for each in observations if each.initial_state == "new"]
    first = observations[0]
    if begun or not first.initial_state:
        founder = begun[0] if begun else first.host
        return Plan(
            forms=founder,
            joins=tuple(each.host for each in observations if each.host != founder),
        )
    return Plan(
        problem=(
            f"{first.host} was a member of a cluster, and no host of the group has etcd data: with "
            "an empty etcd the hosts would get other subnets. Restore a backup with the playbook "
            "weft.overlay.restore, or, to start from scratch, remove /etc/default/etcd on "
            f"{first.host}."
        )
    )


def _is_foreign(observation: Observation, members: Sequence[Member]) -> bool:
    if observation.status is not None:
        return observation.status.member_id not in {member.id for member in members}
    # A member that was added and has not published its name yet may be this host.
    return observation.host not in {member.name for member in members} and all(
        member.started for member in members
    )


def _is_learner(observation: Observation, members: Sequence[Member]) -> bool:
    if observation.status is not None:
        return observation.status.learner
    return any(
        member.learner
        and (member.name == observation.host or _has_address(member, observation.url))
        for member in members
    )


def _has_address(member: Member, url: str) -> bool:
    """Tell whether a member that has not published its name yet is the one at a client URL."""
    address = urlsplit(url).hostname
    return (
        address is not None
        and not member.started
        and address in {urlsplit(peer_url).hostname for peer_url in member.peer_urls}
    )
