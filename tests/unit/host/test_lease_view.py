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

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.lease_view import (
    LeaseView,
    parse_view,
    serialise_view,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.snapshot import (
    StoredNetwork,
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


def test_a_conflicting_lease_overlaps_the_own_subnet_and_is_no_peer() -> None:
    rival, twin = lease(0, host=8, length=22), lease(1, host=1, length=25)
    known = view(lease(1), rival, twin, lease(5))
    assert known.conflicting_leases(lease(1)) == (rival,)
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
def test_a_snapshot_is_read_back_complete_and_stale(
    held: list[Lease], network: StoredNetwork | None
) -> None:
    known = LeaseView(network, {one.subnet: one for one in held}, 7)
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
