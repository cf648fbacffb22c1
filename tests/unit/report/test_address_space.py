# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.report.address_space import (
    MOST_BLOCKS,
    AddressSpace,
    Block,
    BlockRow,
    BlockState,
    FreeRows,
    draw_address_space,
)
from ansible_collections.weft.overlay.plugins.plugin_utils.report.documents import read_fleet


def lease(subnet: str, public_ip: str = "192.0.2.11") -> dict[str, Any]:
    return {"subnet": subnet, "public_ip": public_ip, "reservation": True}


def drawn(network: dict[str, Any], *leases: dict[str, Any]) -> AddressSpace:
    document = {
        "hosts": [{"name": "docker1", "addresses": ["192.0.2.11"]}],
        "network": {"network": {"Backend": {"Type": "udp"}} | network},
        "leases": {"leases": list(leases)},
    }
    space = draw_address_space(read_fleet(document))
    assert space is not None
    return space


def blocks(space: AddressSpace) -> dict[str, Block]:
    return {str(block.range): block for row in space.rows for block in row.blocks}


USUAL = {"Network": "100.96.0.0/16", "SubnetLen": 24}


def test_each_subnet_is_a_block_with_its_holder() -> None:
    space = drawn(USUAL, lease("100.96.1.0/24"), lease("100.96.7.0/24", "192.0.2.99"))
    found = blocks(space)
    assert len(found) == 256
    assert found["100.96.1.0/24"].label == "docker1"
    assert found["100.96.7.0/24"].tip == "100.96.7.0/24: 192.0.2.99"
    assert found["100.96.2.0/24"].state is BlockState.FREE
    assert found["100.96.0.0/24"].state is BlockState.OUTSIDE
    assert (space.held, space.free, space.capacity) == (2, 253, 255)


def test_free_rows_are_one_row() -> None:
    """With three hosts, 240 of 256 blocks would otherwise be rows without a lease."""
    first, rest = drawn(USUAL, lease("100.96.1.0/24")).shown
    assert isinstance(first, BlockRow)
    assert rest == FreeRows("100.96.16.0", "240 free subnets, to 100.96.255.255")


def test_a_single_free_row_stays() -> None:
    space = drawn(USUAL, lease("100.96.1.0/24"), lease("100.96.33.0/24", "192.0.2.12"))
    shown = list(space.shown)
    assert [row.first for row in shown] == [
        "100.96.0.0",
        "100.96.16.0",
        "100.96.32.0",
        "100.96.48.0",
    ]
    assert [isinstance(row, FreeRows) for row in shown] == [False, False, False, True]


def test_subnets_that_are_not_leased_out_are_not_free() -> None:
    found = blocks(drawn(USUAL | {"SubnetMin": "100.96.10.0", "SubnetMax": "100.96.20.0"}))
    free = [name for name, block in found.items() if block.state is BlockState.FREE]
    assert (free[0], free[-1], len(free)) == ("100.96.10.0/24", "100.96.20.0/24", 11)


def test_a_large_network_has_blocks_of_several_subnets() -> None:
    space = drawn(
        {"Network": "10.0.0.0/8", "SubnetLen": 24},
        lease("10.0.1.0/24"),
        lease("10.0.2.0/24", "192.0.2.12"),
    )
    found = blocks(space)
    assert len(found) == MOST_BLOCKS
    assert space.block_length == 18
    first = found["10.0.0.0/18"]
    assert (first.state, first.label) == (BlockState.PARTLY, "2")
    assert (
        first.tip == "10.0.0.0/18: 2 of 64 subnets leased; 10.0.1.0/24: docker1; "
        "10.0.2.0/24: 192.0.2.12"
    )
    assert (space.held, space.free) == (2, 65533)


def test_a_lease_larger_than_a_subnet_holds_all_that_it_covers() -> None:
    space = drawn(USUAL, lease("100.96.4.0/22"))
    held = [name for name, block in blocks(space).items() if block.state is BlockState.HELD]
    assert held == ["100.96.4.0/24", "100.96.5.0/24", "100.96.6.0/24", "100.96.7.0/24"]
    assert space.held == 4


def test_a_lease_smaller_than_a_subnet_takes_it() -> None:
    space = drawn(USUAL, lease("100.96.4.0/26"))
    assert blocks(space)["100.96.4.0/24"].state is BlockState.HELD
    assert space.held == 1


def test_leases_that_overlap_are_a_conflict() -> None:
    space = drawn(USUAL, lease("100.96.4.0/23"), lease("100.96.5.0/24", "192.0.2.12"))
    found = blocks(space)
    assert found["100.96.5.0/24"].state is BlockState.CONFLICT
    assert "192.0.2.12" in found["100.96.5.0/24"].tip
    assert found["100.96.4.0/24"].state is BlockState.HELD


def test_a_lease_outside_the_network_is_listed_separately() -> None:
    space = drawn(USUAL, lease("100.64.1.0/24"))
    assert space.outside == ("100.64.1.0/24 of 192.0.2.11 is outside 100.96.0.0/16",)
    assert space.held == 0


@pytest.mark.parametrize("missing", ["network", "leases"])
def test_without_the_store_there_is_no_map(missing: str) -> None:
    document = {
        "hosts": [],
        "network": {"network": USUAL | {"Backend": {"Type": "udp"}}},
        "leases": {"leases": []},
    }
    assert draw_address_space(read_fleet(document)) is not None
    assert draw_address_space(read_fleet(document | {missing: None})) is None
