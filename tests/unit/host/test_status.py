# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.status import (
    LeaseStatus,
    Status,
    StoreStatus,
    write_status,
)

CONNECTED = StoreStatus(connected=True, revision=12)
READY = Status(
    pid=77,
    release="checkout",
    since=1.5e9,
    store=CONNECTED,
    backend="udp",
    lease=LeaseStatus("100.96.1.0/24", "100.96.1.1/24", "10.168.0.11", expires=False),
    peers=2,
)


def test_ready_requires_a_lease_and_no_problem() -> None:
    assert READY.ready
    assert not replace(READY, lease=None).ready
    assert not replace(READY, problems=("iptables failed",)).ready


def test_an_unreachable_etcd_does_not_make_a_host_unready() -> None:
    away = replace(READY, store=StoreStatus(False, 12, "no endpoint answered"))
    assert away.ready
    assert away.summary() == "100.96.1.0/24, backend udp, 2 peers; etcd unreachable"


def test_the_summary_is_the_most_important_problem() -> None:
    assert READY.summary() == "100.96.1.0/24, backend udp, 2 peers"
    assert replace(READY, problems=("first", "second")).summary() == "first"
    waiting = replace(READY, lease=None, store=StoreStatus(False))
    assert waiting.summary() == "waiting for etcd"
    waiting = replace(waiting, store=StoreStatus(False, problem="etcd1: refused"))
    assert waiting.summary() == "etcd1: refused"


def test_the_document_holds_the_status_and_whether_it_is_ready(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_status(path, READY)
    document = json.loads(path.read_text())
    assert document["ready"] is True
    assert document["lease"] == {
        "subnet": "100.96.1.0/24",
        "bip": "100.96.1.1/24",
        "public_ip": "10.168.0.11",
        "expires": False,
    }
    assert document["store"] == {"connected": True, "revision": 12, "problem": None}
    assert path.stat().st_mode & 0o777 == 0o644
