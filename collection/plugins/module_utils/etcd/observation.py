# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses the results of the module etcd_member_info in a loop over hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .cluster import Member, Status
from .plan import Observation


def parse_observations(results: Sequence[Mapping[str, Any]]) -> tuple[Observation, ...]:
    """Return an observation of each host; without a result, the host was unreachable."""
    return tuple(_observation(result) for result in results)


def _observation(result: Mapping[str, Any]) -> Observation:
    host = str(result["item"])
    if "data" not in result:
        return Observation(host, "", reachable=False)
    return Observation(
        host=host,
        url=result["endpoint"],
        data=result["data"],
        initial_state=result["initial_state"],
        status=_status(result["status"]) if result["status"] else None,
        members=tuple(map(_member, result["members"])),
        problem=result.get("problem", ""),
    )


def _member(document: Mapping[str, Any]) -> Member:
    return Member(
        id=int(document["id"], 16),
        name=document["name"],
        peer_urls=tuple(document["peer_urls"]),
        client_urls=tuple(document["client_urls"]),
        learner=document["learner"],
    )


def _status(document: Mapping[str, Any]) -> Status:
    return Status(
        member_id=int(document["member_id"], 16),
        cluster_id=int(document["cluster_id"], 16),
        leader=int(document["leader"] or "0", 16),
        version=document["version"],
        learner=document["learner"],
        revision=document["revision"],
        raft_term=document["raft_term"],
        database_size=document["database_size"],
        database_used=document["database_used"],
        errors=tuple(document["errors"]),
    )
