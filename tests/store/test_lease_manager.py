# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's manager of its own lease, against a real etcd."""

from __future__ import annotations

import time
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.agent.lease_manager import (
    LeaseManager,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.lease_view import LeaseView
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.settings import LeaseSettings
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.transaction import LeaseChange

PUBLIC_IP = IPv4Address("192.0.2.5")
LAST = Lease(IPv4Network("100.96.5.0/24"), PUBLIC_IP, lease_id=77)
LOWEST = IPv4Network("100.96.1.0/24")


@pytest.mark.parametrize(
    ("holder", "reserved"),
    [(None, LAST.subnet), (IPv4Address("192.0.2.9"), LOWEST)],
    ids=["free", "taken"],
)
def test_a_host_whose_lease_expired_while_it_was_off(
    store: StoreClient, holder: IPv4Address | None, reserved: IPv4Network
) -> None:
    """It asks for the subnet that it had before, of which only its disk knows."""
    store.write_network('{"Network":"100.96.0.0/16"}', store.snapshot())
    if holder is not None:
        change = LeaseChange(None, Lease(LAST.subnet, holder))
        store.commit([change], store.snapshot())
    snapshot = store.snapshot()
    kept = LeaseView(snapshot.network, {LAST.subnet: LAST}, 1, stale=True)
    policy = LeaseSettings(reserve=True, ttl=60)
    manager = LeaseManager(store, policy, "host5", lambda _problem: None, kept)
    manager.start()
    try:
        leases = {lease.subnet: lease for lease in snapshot.leases}
        manager.update(PUBLIC_IP, replace(kept, leases=leases, stale=False))
        deadline = time.monotonic() + 10
        held: list[Lease] = []
        while not held and time.monotonic() < deadline:
            held = [one for one in store.snapshot().leases if one.public_ip == PUBLIC_IP]
            time.sleep(0.05)
    finally:
        manager.stop()
        manager.join(5)
    assert [lease.subnet for lease in held] == [reserved]
