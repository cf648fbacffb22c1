# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What etcdctl prints, as etcd 3.4.23 and 3.5.16 do."""

from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.etcd.cluster import (
    Alarm,
    EtcdError,
    Member,
    parse_alarms,
    parse_members,
    parse_status,
)

MEMBERS = """{"header":{"cluster_id":15090952867363221552,"member_id":12817117901084423187},
"members":[{"ID":7634911604170191019,"peerURLs":["http://127.0.0.1:32002"],"isLearner":true},
{"ID":12817117901084423187,"name":"a","peerURLs":["http://127.0.0.1:32001"],
"clientURLs":["http://127.0.0.1:31001"]}]}"""
STATUS = """[{"Endpoint":"http://127.0.0.1:31001","Status":{"header":{
"cluster_id":15090952867363221552,"member_id":12817117901084423187,"revision":5,"raft_term":2},
"version":"3.5.16","dbSize":20480,%s"raftIndex":12,"raftTerm":2,"dbSizeInUse":16384}}]"""


def test_members() -> None:
    new, old = parse_members(MEMBERS)
    assert (new.started, new.learner, new.hex_id) == (False, True, f"{7634911604170191019:x}")
    assert old == Member(
        12817117901084423187, "a", ("http://127.0.0.1:32001",), ("http://127.0.0.1:31001",)
    )


def test_status() -> None:
    led = parse_status(STATUS % '"leader":12817117901084423187,')
    assert led.has_leader
    assert led.document()["is_leader"]
    assert (led.revision, led.database_size, led.database_used) == (5, 20480, 16384)
    alone = parse_status(STATUS % '"errors":["etcdserver: no leader"],')
    assert not alone.has_leader
    assert alone.document()["leader"] is None


def test_alarms() -> None:
    assert parse_alarms('{"header":{}}') == ()
    assert parse_alarms('{"alarms":[{"memberID":11,"alarm":1}]}') == (Alarm(11, "NOSPACE"),)


@pytest.mark.parametrize("text", ["", "Error: unhealthy", "[]"])
def test_what_is_no_status_is_shown(text: str) -> None:
    with pytest.raises(EtcdError, match="etcdctl endpoint status printed"):
        parse_status(text)
