# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from ansible_collections.weft.overlay.plugins.module_utils.weft.agent.lease_watcher import (
    apply_event,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.lease_view import LeaseView
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.snapshot import (
    InvalidEntry,
    Snapshot,
    StoredNetwork,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.events import (
    EntryInvalid,
    Interrupted,
    LeaseDeleted,
    LeaseWritten,
    Listed,
    NetworkWritten,
    Resumed,
)

WITHIN = IPv4Network("100.96.0.0/16")
NETWORK = StoredNetwork('{"Network": "100.96.0.0/16"}', 3)
IPV6_SUBNET = IPv6Network("fc00:0:0:1::/64")


def subnet(number: int, length: int = 24) -> IPv4Network:
    return IPv4Network(f"100.96.{number}.0/{length}")


def lease(number: int, host: int | None = None, length: int = 24, revision: int = 5) -> Lease:
    public_ip = IPv4Address(f"10.168.0.{10 + (number if host is None else host)}")
    return Lease(subnet(number, length), public_ip, mod_revision=revision)


def view(*leases: Lease, stale: bool = False) -> LeaseView:
    return LeaseView(NETWORK, {held.subnet: held for held in leases}, 5, stale)


def test_a_listing_replaces_everything() -> None:
    snapshot = Snapshot(9, NETWORK, (lease(2), lease(3)))
    after = apply_event(view(lease(1), stale=True), Listed(snapshot))
    assert after == LeaseView(NETWORK, {subnet(2): lease(2), subnet(3): lease(3)}, 9, stale=False)


def test_a_lease_is_added_or_replaced_by_its_subnet() -> None:
    moved = lease(1, host=7, revision=8)
    after = apply_event(view(lease(1)), LeaseWritten(lease(2, revision=7)))
    assert set(after.leases) == {subnet(1), subnet(2)}
    after = apply_event(after, LeaseWritten(moved))
    assert after.leases == {subnet(1): moved, subnet(2): lease(2)}
    assert after.revision == 8


def test_a_deleted_lease_is_removed_and_the_others_stay() -> None:
    after = apply_event(view(lease(1), lease(2)), LeaseDeleted(subnet(1), None, 11))
    assert after == replace(view(lease(2)), revision=11)


def test_the_deletion_of_an_unknown_lease_changes_the_revision_alone() -> None:
    after = apply_event(view(lease(1)), LeaseDeleted(subnet(9), None, 11))
    assert after == replace(view(lease(1)), revision=11)


def test_a_host_that_becomes_dual_stack_keeps_its_lease() -> None:
    dual = replace(lease(1), ipv6_subnet=IPV6_SUBNET)
    after = apply_event(view(lease(1)), LeaseWritten(dual))
    after = apply_event(after, LeaseDeleted(subnet(1), None, 12))
    assert after.leases == {subnet(1): dual}
    assert apply_event(after, LeaseDeleted(subnet(1), IPV6_SUBNET, 13)).leases == {}


def test_a_written_network_replaces_the_previous_one_and_a_removed_one_is_none() -> None:
    written = StoredNetwork('{"Network": "10.0.0.0/8"}', 20)
    after = apply_event(view(lease(1)), NetworkWritten(written))
    assert (after.network, after.revision) == (written, 20)
    after = apply_event(after, NetworkWritten(None))
    assert (after.network, after.revision) == (None, 20)
    assert after.leases == view(lease(1)).leases


def test_an_unreadable_entry_voids_the_lease_of_its_subnet_only() -> None:
    before = view(lease(1), lease(2))
    voided = InvalidEntry("/x/subnets/100.96.1.0-24", "no PublicIP", subnet(1))
    assert apply_event(before, EntryInvalid(voided)).leases == {subnet(2): lease(2)}
    nameless = InvalidEntry("/x/subnets/notes", "names no subnet")
    assert apply_event(before, EntryInvalid(nameless)) == before


def test_a_view_is_stale_from_interrupted_to_resumed() -> None:
    before = view(lease(1))
    interrupted = apply_event(before, Interrupted("connection refused", 1.0))
    assert interrupted == replace(before, stale=True)
    assert apply_event(interrupted, Resumed("http://10.168.0.1:2379")) == before
