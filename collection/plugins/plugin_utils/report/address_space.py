# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of the address space: which subnets are leased, by which host, and which are free.

The network is divided into blocks of one subnet each, or of several subnets if it is large.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from itertools import groupby

from ...module_utils.weft.model.network import Network
from .fleet import Fleet, Lease
from .labels import counted

MOST_BLOCKS = 1024
_COLUMNS = 16
_COLUMNS_OF_MANY = 32


class BlockState(StrEnum):
    """The state of a block: leased, in part, free, outside the lease range, or leased twice."""

    HELD = "held"
    PARTLY = "partly"
    FREE = "free"
    OUTSIDE = "outside"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Block:
    """A range of the network, from its first address."""

    range: IPv4Network
    state: BlockState
    label: str
    tip: str


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A row of the map, named by its first address."""

    first: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class FreeRows:
    """Consecutive rows without a lease, shown as one: their first address, and their subnets."""

    first: str
    text: str


@dataclass(frozen=True, slots=True)
class AddressSpace:
    """The map and the numbers of subnets; ``outside`` describes leases outside the network."""

    network: str
    subnet_length: int
    block_length: int
    rows: tuple[BlockRow, ...]
    columns: tuple[str, ...]
    capacity: int
    held: int
    free: int
    outside: tuple[str, ...]

    @property
    def shown(self) -> Iterator[BlockRow | FreeRows]:
        """The rows as they are shown: several free rows in sequence are one."""
        for is_free, group in groupby(self.rows, key=_is_free):
            rows = tuple(group)
            if not is_free or len(rows) == 1:
                yield from rows
            else:
                subnets = sum(
                    1 << (self.subnet_length - block.range.prefixlen)
                    for row in rows
                    for block in row.blocks
                )
                last = rows[-1].blocks[-1].range.broadcast_address
                yield FreeRows(rows[0].first, f"{subnets:,} free subnets, to {last}")


def _is_free(row: BlockRow) -> bool:
    return all(block.state is BlockState.FREE for block in row.blocks)


def draw_address_space(fleet: Fleet) -> AddressSpace | None:
    """Return the map; None if the network or its leases are unknown."""
    network, leases = fleet.network, fleet.leases
    if network is None or leases is None:
        return None
    length = network.subnet_length
    while 1 << (length - network.network.prefixlen) > MOST_BLOCKS:
        length -= 1
    inside = [lease for lease in leases if lease.subnet.overlaps(network.network)]
    names = {lease: fleet.name_of(lease.public_ip) or lease.public_ip for lease in inside}
    blocks = [
        _block(block, network, [lease for lease in inside if lease.subnet.overlaps(block)], names)
        for block in network.network.subnets(new_prefix=length)
    ]
    width = _COLUMNS if len(blocks) <= _COLUMNS**2 else _COLUMNS_OF_MANY
    taken = _taken(network, inside)
    return AddressSpace(
        network=str(network.network),
        subnet_length=network.subnet_length,
        block_length=length,
        rows=tuple(
            BlockRow(str(blocks[start].range.network_address), tuple(blocks[start : start + width]))
            for start in range(0, len(blocks), width)
        ),
        columns=tuple(f"+{column}" for column in range(min(width, len(blocks)))),
        capacity=network.capacity,
        held=taken,
        free=network.capacity - taken,
        outside=tuple(
            f"{lease.subnet} of {lease.public_ip} is outside {network.network}"
            for lease in leases
            if lease not in inside
        ),
    )


def _taken(network: Network, leases: Sequence[Lease]) -> int:
    """Return the number of subnets in the lease range that are leased at least in part."""
    size = 1 << (32 - network.subnet_length)
    taken: set[int] = set()
    for lease in leases:
        first = max(int(lease.subnet.network_address), int(network.subnet_min))
        last = min(int(lease.subnet.broadcast_address), int(network.subnet_max) + size - 1)
        taken.update(range(first - first % size, last + 1, size))
    return len(taken)


def _block(
    block: IPv4Network, network: Network, leases: Sequence[Lease], names: dict[Lease, str]
) -> Block:
    holders = [f"{lease.subnet}: {names[lease]}" for lease in leases]
    overlapping = any(
        one.subnet.overlaps(other.subnet)
        for index, one in enumerate(leases)
        for other in leases[index + 1 :]
    )
    if overlapping:
        return Block(block, BlockState.CONFLICT, "twice", "leased twice: " + "; ".join(holders))
    if leases:
        if block.prefixlen == network.subnet_length and len(leases) == 1:
            return Block(block, BlockState.HELD, names[leases[0]], f"{block}: {names[leases[0]]}")
        share = _taken(network, [_within(lease, block) for lease in leases])
        whole = 1 << (network.subnet_length - block.prefixlen)
        return Block(
            block,
            BlockState.HELD if share == whole else BlockState.PARTLY,
            str(share),
            f"{block}: {share} of {counted(whole, 'subnet')} leased; " + "; ".join(holders),
        )
    if not _leases_from(block, network):
        return Block(block, BlockState.OUTSIDE, "", f"{block}: outside the lease range")
    return Block(block, BlockState.FREE, "", f"{block}: free")


def _within(lease: Lease, block: IPv4Network) -> Lease:
    """Return the part of the lease inside the block."""
    if lease.subnet.prefixlen >= block.prefixlen:
        return lease
    return Lease(block, lease.public_ip, lease.backend, lease.reservation)


def _leases_from(block: IPv4Network, network: Network) -> bool:
    size = 1 << (32 - network.subnet_length)
    end = IPv4Address(min(int(network.subnet_max) + size - 1, 2**32 - 1))
    return block.broadcast_address >= network.subnet_min and block.network_address <= end
