# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `weftctl status` shows, and its exit status, where the agent itself is ready."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.agent_status import (
    AgentStatus,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.commands.status import (
    exit_status,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.degradations import (
    degradations,
    silent_peers,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.peer_replies import (
    PeerReplies,
)

from .host_facts import lease
from .test_status import NOW, agent, datapath

AWAY = {"connected": False, "revision": 12, "problem": "etcd1: connection refused"}


def test_an_agent_in_sync_with_peers_that_reply_is_not_degraded() -> None:
    replies = {lease(2): PeerReplies(overlay=True, underlay=True)}
    assert degradations(agent(certificate_expiry=NOW + 9), replies, NOW) == []
    assert silent_peers(replies) == ""


def test_an_unreachable_etcd_is_a_problem() -> None:
    (found,) = degradations(agent(store=AWAY), {}, NOW)
    assert found.startswith("etcd unreachable (etcd1: connection refused): packets pass")


def test_an_expired_certificate_is_named_and_is_the_cause_of_an_unreachable_etcd() -> None:
    expired = agent(store=AWAY, certificate_expiry=NOW - 1, certificate="/etc/weft/tls/agent.pem")
    (found,) = degradations(expired, {}, NOW)
    assert found.startswith("the certificate /etc/weft/tls/agent.pem expired at 2027-01-15")
    assert "weft.overlay.rotate" in found


def test_a_peer_whose_port_is_blocked_is_named_and_one_that_is_off_is_no_problem() -> None:
    blocked = {number: PeerReplies(overlay=False, underlay=True) for number in range(2, 9)}
    replies = {lease(number): each for number, each in blocked.items()}
    replies[lease(20)] = PeerReplies(overlay=False, underlay=False)
    found = degradations(agent(port=8285), replies, NOW)
    assert len(found) == 6
    assert found[0].startswith(
        "192.0.2.12 (100.96.2.0/24) replies to ping, but not through the overlay: UDP 8285 is"
    )
    assert found[-1] == "2 more hosts do not reply through the overlay"
    assert silent_peers(replies) == "no reply to ping from 192.0.2.30"


@pytest.mark.parametrize(
    ("document", "reading", "carried", "problems", "status"),
    [
        (agent(), (), datapath(), [], 0),
        (agent(), (), datapath(), ["etcd unreachable"], 1),
        (agent(ready=False), (), datapath(), [], 1),
        (agent(datapath="kernel"), (), None, [], 0),
        (agent(), (), None, ["datapath: refused"], 2),
        (agent(), (), datapath(forwarding=False), [], 2),
        (agent(lease=None, ready=False), (), datapath(), [], 2),
        (agent(), ("process 7 is not running",), datapath(), [], 2),
        (None, ("no such file",), datapath(), [], 2),
    ],
)
def test_the_exit_status_tells_degraded_from_down(
    document: dict[str, Any] | None,
    reading: tuple[str, ...],
    carried: dict[str, Any] | None,
    problems: list[str],
    status: int,
) -> None:
    assert exit_status(AgentStatus(document, reading), carried, problems) == status
