# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.agent.view import (
    View,
    advance,
    parse_view,
    serialise_view,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.snapshot import (
    InvalidEntry,
    Snapshot,
    StoredNetwork,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.lease_watch import (
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


def view(*leases: Lease, stale: bool = False) -> View:
    return View(NETWORK, {held.subnet: held for held in leases}, 5, stale)


def test_a_listing_replaces_everything() -> None:
    snapshot = Snapshot(9, NETWORK, (lease(2), lease(3)))
    after = advance(view(lease(1), stale=True), Listed(snapshot))
    assert after == View(NETWORK, {subnet(2): lease(2), subnet(3): lease(3)}, 9, stale=False)


def test_a_lease_is_added_or_replaced_by_its_subnet() -> None:
    moved = lease(1, host=7, revision=8)
    after = advance(view(lease(1)), LeaseWritten(lease(2, revision=7)))
    assert set(after.leases) == {subnet(1), subnet(2)}
    after = advance(after, LeaseWritten(moved))
    assert after.leases == {subnet(1): moved, subnet(2): lease(2)}
    assert after.revision == 8


def test_a_deleted_lease_goes_and_the_others_stay() -> None:
    after = advance(view(lease(1), lease(2)), LeaseDeleted(subnet(1), None, 11))
    assert after == replace(view(lease(2)), revision=11)


def test_the_deletion_of_an_unknown_lease_changes_the_revision_alone() -> None:
    after = advance(view(lease(1)), LeaseDeleted(subnet(9), None, 11))
    assert after == replace(view(lease(1)), revision=11)


def test_a_host_that_becomes_dual_stack_keeps_its_lease() -> None:
    dual = replace(lease(1), ipv6_subnet=IPV6_SUBNET)
    after = advance(view(lease(1)), LeaseWritten(dual))
    after = advance(after, LeaseDeleted(subnet(1), None, 12))
    assert after.leases == {subnet(1): dual}
    assert advance(after, LeaseDeleted(subnet(1), IPV6_SUBNET, 13)).leases == {}


def test_a_written_network_replaces_the_former_and_a_removed_one_is_gone() -> None:
    written = StoredNetwork('{"Network": "10.0.0.0/8"}', 20)
    after = advance(view(lease(1)), NetworkWritten(written))
    assert (after.network, after.revision) == (written, 20)
    after = advance(after, NetworkWritten(None))
    assert (after.network, after.revision) == (None, 20)
    assert after.leases == view(lease(1)).leases


def test_an_unreadable_entry_voids_the_lease_of_its_subnet_only() -> None:
    before = view(lease(1), lease(2))
    voided = InvalidEntry("/x/subnets/100.96.1.0-24", "no PublicIP", subnet(1))
    assert advance(before, EntryInvalid(voided)).leases == {subnet(2): lease(2)}
    nameless = InvalidEntry("/x/subnets/notes", "names no subnet")
    assert advance(before, EntryInvalid(nameless)) == before


def test_a_view_is_stale_between_an_interruption_and_what_ends_it() -> None:
    before = view(lease(1))
    interrupted = advance(before, Interrupted("etcd is away", 1.0))
    assert interrupted == replace(before, stale=True)
    assert advance(interrupted, Resumed("http://10.168.0.1:2379")) == before


def test_the_own_lease_is_the_lowest_of_the_public_ip_in_the_network() -> None:
    outside = Lease(IPv4Network("10.5.0.0/24"), IPv4Address("10.168.0.11"))
    known = view(lease(4, host=1), lease(2, host=1), outside, lease(1, host=3))
    assert known.own_lease(IPv4Address("10.168.0.11"), WITHIN) == lease(2, host=1)
    assert known.own_lease(IPv4Address("10.168.0.99"), WITHIN) is None


def test_peers_are_the_other_hosts_in_the_network_by_subnet() -> None:
    outside = Lease(IPv4Network("10.5.0.0/24"), IPv4Address("10.168.0.15"))
    second = lease(9, host=1)
    known = view(lease(3), lease(1), lease(2), outside, second)
    assert known.peers_of(lease(1), WITHIN) == (lease(2), lease(3))


def test_a_rival_overlaps_the_own_subnet_and_is_no_peer() -> None:
    rival, twin = lease(0, host=8, length=22), lease(1, host=1, length=25)
    known = view(lease(1), rival, twin, lease(5))
    assert known.rivals_of(lease(1)) == (rival,)
    assert known.peers_of(lease(1), WITHIN) == (lease(5),)


leases = st.builds(
    Lease,
    subnet=st.integers(0, 255).map(subnet),
    public_ip=st.ip_addresses(v=4),
    ipv6_subnet=st.none() | st.just(IPV6_SUBNET),
    backend_type=st.none() | st.sampled_from(["vxlan", "host-gw"]),
    backend_data=st.none() | st.dictionaries(st.text(), st.integers()),
    unknown=st.dictionaries(st.text("abc", min_size=1), st.text()),
    lease_id=st.integers(0, 2**63 - 1),
    mod_revision=st.integers(1, 2**63 - 1),
)


@given(
    st.lists(leases, unique_by=lambda held: held.subnet),
    st.none() | st.builds(StoredNetwork, st.text(), st.integers(1, 2**63 - 1)),
)
def test_what_is_kept_is_read_back_whole_and_stale(
    held: list[Lease], network: StoredNetwork | None
) -> None:
    known = View(network, {one.subnet: one for one in held}, 7)
    kept = parse_view(serialise_view(known))
    assert kept == replace(known, stale=True)
    # Of no weight when leases are compared.
    for one in held:
        same = kept.leases[one.subnet]
        assert (same.lease_id, same.mod_revision) == (one.lease_id, one.mod_revision)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"revision": 1, "network": null}',
        '{"revision": null, "network": null, "leases": {}}',
        '{"revision": 1, "network": "text", "leases": {}}',
        '{"revision": 1, "network": null, "leases": []}',
        '{"revision": 1, "network": null, "leases": {"/subnets/100.96.1.0-24": "{}"}}',
        json.dumps(
            {
                "revision": 1,
                "network": None,
                "leases": {"/subnets/x": {"value": "{}", "lease_id": 0, "mod_revision": 1}},
            }
        ),
    ],
)
def test_a_damaged_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_view(text)
