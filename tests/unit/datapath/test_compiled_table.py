# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath import (
    compiled_table as module,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.compiled_table import (
    Route,
    Routes,
    Traffic,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import Peer

SUBNETS = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    # A narrow range, so that prefixes of several lengths cover one address.
    st.integers(0x64600000, 0x6460FFFF),
    st.integers(12, 32),
)


def route(subnet: IPv4Network) -> Route:
    address = IPv4Address("10.0.0.1")
    return Route(Peer(subnet, address), (str(address), 8285), Traffic())


@given(
    st.lists(SUBNETS, unique=True, max_size=20),
    st.lists(st.integers(0x64600000, 0x6460FFFF), max_size=20),
)
def test_longest_prefix_as_a_naive_search_finds_it(
    subnets: list[IPv4Network], addresses: list[int]
) -> None:
    routes = Routes(route(subnet) for subnet in subnets)
    # Twice: the second answer comes from the cache.
    for address in addresses * 2:
        covering = [subnet for subnet in subnets if IPv4Address(address) in subnet]
        expected = max(covering, key=lambda subnet: subnet.prefixlen, default=None)
        found = routes[address]
        assert (found and found.peer.subnet) == expected


def test_the_cache_is_bounded() -> None:
    routes = Routes([route(IPv4Network("100.96.2.0/24"))])
    for address in range(module.CACHE_MAX + 10):
        assert routes[address] is None
    assert len(routes) <= module.CACHE_MAX
    assert routes[int(IPv4Address("100.96.2.9"))] is not None
