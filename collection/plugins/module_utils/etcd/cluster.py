# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An etcd cluster: members, statuses and alarms, parsed from etcdctl's output. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError


class EtcdError(WeftError):
    """An action on the cluster is impossible; the message says why and what to do next."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the member list; a member that has never started has no name."""

    id: int
    name: str
    peer_urls: tuple[str, ...]
    client_urls: tuple[str, ...]
    learner: bool = False

    @property
    def hex_id(self) -> str:
        """The ID as etcd's logs and commands write it."""
        return f"{self.id:x}"

    @property
    def started(self) -> bool:
        """Whether the member has ever run: it publishes its name when it starts."""
        return bool(self.name)

    @property
    def label(self) -> str:
        """The name, or the ID and the peer URLs of a member that never started."""
        return self.name or f"{self.hex_id} ({', '.join(self.peer_urls)}, never started)"

    def document(self) -> dict[str, Any]:
        """Return the member as a return value; IDs are text, as JSON may lose those over 2**53."""
        return asdict(self) | {"id": self.hex_id, "started": self.started}


@dataclass(frozen=True, slots=True)
class Status:
    """The status that one member reports; a leader of 0 means none is known. Sizes in bytes."""

    member_id: int
    cluster_id: int
    leader: int
    version: str
    learner: bool
    revision: int
    raft_term: int
    database_size: int
    database_used: int
    errors: tuple[str, ...]

    @property
    def has_leader(self) -> bool:
        """Whether the member belongs to a majority that can write."""
        return self.leader != 0

    def document(self) -> dict[str, Any]:
        """Return the status as a return value."""
        return asdict(self) | {
            "member_id": f"{self.member_id:x}",
            "cluster_id": f"{self.cluster_id:x}",
            "leader": f"{self.leader:x}" if self.leader else None,
            "is_leader": self.leader == self.member_id,
        }


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that a member has raised, such as NOSPACE."""

    member_id: int
    kind: str


# etcdserver/etcdserverpb/rpc.proto: enum AlarmType.
_ALARMS = {0: "NONE", 1: "NOSPACE", 2: "CORRUPT"}


def parse_members(text: str) -> tuple[Member, ...]:
    """Return the members in the output of ``etcdctl member list -w json`` (MemberListResponse).

    Raises EtcdError for any other text.
    """
    return tuple(
        Member(
            id=int(entry["ID"]),
            name=entry.get("name", ""),
            peer_urls=tuple(entry.get("peerURLs", ())),
            client_urls=tuple(entry.get("clientURLs", ())),
            learner=bool(entry.get("isLearner", False)),
        )
        for entry in _parse(text, "member list").get("members", ())
    )


def parse_status(text: str) -> Status:
    """Return the status in the output of ``etcdctl endpoint status -w json`` of one endpoint.

    Raises EtcdError for any other text.
    """
    document = _parse(text, "endpoint status")
    if not isinstance(document, list) or not document:
        raise EtcdError(f"etcdctl endpoint status printed {text.strip()!r}, not a list of statuses")
    status = document[0]["Status"]
    header = status["header"]
    return Status(
        member_id=int(header["member_id"]),
        cluster_id=int(header["cluster_id"]),
        leader=int(status.get("leader", 0)),
        version=status["version"],
        learner=bool(status.get("isLearner", False)),
        revision=int(header.get("revision", 0)),
        raft_term=int(status.get("raftTerm", 0)),
        database_size=int(status.get("dbSize", 0)),
        database_used=int(status.get("dbSizeInUse", 0)),
        errors=tuple(status.get("errors") or ()),
    )


def parse_alarms(text: str) -> tuple[Alarm, ...]:
    """Return the alarms in the output of ``etcdctl alarm list -w json``. Raises EtcdError."""
    return tuple(
        Alarm(int(entry.get("memberID", 0)), _ALARMS.get(entry.get("alarm", 0), "UNKNOWN"))
        for entry in _parse(text, "alarm list").get("alarms") or ()
    )


def majority(voters: int) -> int:
    """Return the number of voting members that must agree on each write."""
    return voters // 2 + 1


def names(members: Iterable[Member]) -> str:
    """Return the labels of the members, separated by commas."""
    return ", ".join(member.label for member in members)


def _parse(text: str, command: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise EtcdError(f"etcdctl {command} printed {text.strip()!r}: {error}") from error
