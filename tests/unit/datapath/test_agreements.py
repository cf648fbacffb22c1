# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Partial checksums are taken at once, and given when the peer has had the time to hear of it."""

from __future__ import annotations

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.agreements import (
    HEARING,
    Agreements,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.forwarding import (
    Forwarding,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import (
    ForwardingTable,
    parse_table,
)

from .packets import OTHER_PEER, PEER, document

NOW = 100.0


def table(*takers: int) -> ForwardingTable:
    """Two peers, of which `takers` take partial checksums."""
    return parse_table(
        document(
            peers=[
                {
                    "subnet": f"100.96.{number}.0/24",
                    "public_ip": f"10.168.0.{10 + number}",
                    "partial_checksum": number in takers,
                }
                for number in (2, 3)
            ]
        )
    )


def spared(agreements: Agreements) -> set[str]:
    return {str(peer.public_ip) for peer in agreements.spared}


def test_the_first_table_says_nothing_new() -> None:
    agreements = Agreements(table(2, 3))
    agreements.follow(table(2, 3), NOW)
    assert not agreements.spared
    assert not agreements.settle(NOW)


def test_a_newcomer_is_spared_until_it_has_heard() -> None:
    agreements = Agreements(table(2))
    agreements.follow(table(2, 3), NOW)
    assert spared(agreements) == {OTHER_PEER[0]}
    agreements.follow(table(2, 3), NOW + HEARING / 2)
    assert not agreements.settle(NOW + HEARING - 0.01)
    assert spared(agreements) == {OTHER_PEER[0]}
    assert agreements.settle(NOW + HEARING)
    assert not agreements.spared
    assert not agreements.settle(NOW + HEARING)


def test_who_takes_none_any_more_begins_anew() -> None:
    agreements = Agreements(table())
    agreements.follow(table(2), NOW)
    agreements.follow(table(), NOW + 1)
    assert not agreements.spared
    agreements.follow(table(2), NOW + 1)
    assert not agreements.settle(NOW + HEARING)
    assert agreements.settle(NOW + 1 + HEARING)


def test_from_one_that_is_spared_they_are_taken() -> None:
    agreements = Agreements(table(2))
    agreements.follow(table(2, 3), NOW)
    forwarding = Forwarding(table(2, 3), spared=agreements.spared)
    routes = [forwarding.routes[int(peer.subnet[2])] for peer in table(2, 3).peers]
    assert [route and route.partial for route in routes] == [True, False]
    assert forwarding.senders == {PEER: True, OTHER_PEER: True}


def test_a_host_that_gives_none_takes_them() -> None:
    off = parse_table({**table(2).to_document(), "offloads": {"partial-checksum": False}})
    forwarding = Forwarding(off)
    assert not forwarding.any_partial
    assert forwarding.senders == {PEER: True, OTHER_PEER: False}
