# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allocation: assigns a subnet to each host, from the network and its leases alone.

The rules apply in this order, so that the same input always has the same result:

1. a host keeps the lease of its public IP, else that of its former public IP, if that subnet is
   still in the network's range;
2. a host gets the subnet that it requests;
3. a host gets the subnet that it had before, if that is free;
4. the remaining hosts get the lowest free subnets, in the order of the requests.

An assigned subnet never overlaps a lease, whatever the prefix length of the lease.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from ..errors import WeftError
from .lease import Lease
from .network import Network

_LISTED_HOLDERS = 10


class AllocationError(WeftError, ValueError):
    """A request cannot be met; the message says which one, why, and what to change."""


class OutOfSubnetsError(AllocationError):
    """Every subnet of the network is taken."""


@dataclass(frozen=True, slots=True)
class Request:
    """A host that needs a subnet.

    ``name`` is for messages, ``public_ip`` identifies the host. ``subnet`` is the only one that it
    accepts, ``previous`` the one that it had before and prefers. ``former_public_ip`` is the
    address that the host had before, whose lease it takes over.
    """

    name: str
    public_ip: IPv4Address
    subnet: IPv4Network | None = None
    previous: IPv4Network | None = None
    former_public_ip: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """The subnet assigned to a request, and the lease that the host holds already."""

    request: Request
    subnet: IPv4Network
    held: Lease | None = None

    @property
    def moves(self) -> bool:
        """Whether the host changes from the subnet that it holds to another one."""
        return self.held is not None and self.held.subnet != self.subnet

    @property
    def readdresses(self) -> bool:
        """Whether the lease changes from the former public IP of the host to the present one."""
        return self.held is not None and self.held.public_ip != self.request.public_ip


def allocate(
    network: Network,
    leases: Sequence[Lease],
    requests: Sequence[Request],
    *,
    blocked: Iterable[IPv4Network] = (),
    may_move: bool = False,
) -> tuple[Assignment, ...]:
    """Return an assignment for each request, in the order of the requests.

    *blocked* are the subnets of invalid entries in etcd. A host that requests another subnet than
    the one it holds is refused, because its containers would change address, unless *may_move*.
    Of several leases of one public IP, the requested one counts, otherwise the lowest.
    Raises AllocationError, and OutOfSubnetsError if the network is full.
    """
    _check_requests(network, requests)
    held = _held_leases(network, leases, requests)
    kept = {
        request: lease.subnet
        for request, lease in held.items()
        if lease is not None and _keeps(network, request, lease, may_move)
    }
    freed = {lease.subnet for request, lease in held.items() if lease and request not in kept}

    holders: dict[IPv4Network, str] = dict.fromkeys(blocked, "an invalid entry in etcd")
    holders |= {lease.subnet: str(lease.public_ip) for lease in leases if lease.subnet not in freed}
    taken = _TakenAddresses(holders)

    chosen = dict(kept)

    def choose(request: Request, subnet: IPv4Network) -> None:
        chosen[request] = subnet
        holders[subnet] = f"host '{request.name}'"
        taken.add(subnet)

    for request in requests:
        if request not in chosen and request.subnet is not None:
            _check_requested_subnet(request, request.subnet, network, holders, taken)
            choose(request, request.subnet)
    for request in requests:
        previous = request.previous
        if request in chosen or previous is None:
            continue
        if network.can_lease(previous) and not taken.overlaps(previous):
            choose(request, previous)
    free = taken.free_subnets(network)
    for request in requests:
        if request not in chosen:
            lowest = next(free, None)
            if lowest is None:
                raise OutOfSubnetsError(_out_of_subnets(request, network, holders))
            choose(request, lowest)
    return tuple(Assignment(request, chosen[request], held[request]) for request in requests)


class _TakenAddresses:
    """The taken addresses as sorted, disjoint ranges, both ends included."""

    def __init__(self, subnets: Iterable[IPv4Network]) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for subnet in sorted(subnets):
            first, last = int(subnet.network_address), int(subnet.broadcast_address)
            if self._lasts and first <= self._lasts[-1]:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def add(self, subnet: IPv4Network) -> None:
        """Add *subnet*, which overlaps no range."""
        first = int(subnet.network_address)
        at = bisect_left(self._firsts, first)
        self._firsts.insert(at, first)
        self._lasts.insert(at, int(subnet.broadcast_address))

    def overlaps(self, subnet: IPv4Network) -> bool:
        return (
            self._last_overlapping(int(subnet.network_address), int(subnet.broadcast_address))
            is not None
        )

    def free_subnets(self, network: Network) -> Iterator[IPv4Network]:
        """Yield the subnets of *network* that overlap no taken range at that time, lowest first."""
        size = 1 << (32 - network.subnet_length)
        first = int(network.subnet_min)
        while first <= int(network.subnet_max):
            last = self._last_overlapping(first, first + size - 1)
            if last is None:
                last = first + size - 1
                yield IPv4Network((first, network.subnet_length))
            first = (last // size + 1) * size

    def _last_overlapping(self, first: int, last: int) -> int | None:
        """Return the end of the last range that overlaps *first* to *last*."""
        at = bisect_right(self._firsts, last) - 1
        if at >= 0 and self._lasts[at] >= first:
            return self._lasts[at]
        return None


def _check_requests(network: Network, requests: Sequence[Request]) -> None:
    if network.enable_ipv6:
        raise AllocationError(
            "The network has EnableIPv6 set, but weft allocates IPv4 subnets only; set EnableIPv6 "
            "to false."
        )
    names: dict[IPv4Address, str] = {}
    for request in requests:
        other = names.get(request.public_ip)
        if other is not None:
            raise AllocationError(
                f"Hosts '{other}' and '{request.name}' have the same public IP "
                f"{request.public_ip}; give each host a different one."
            )
        names[request.public_ip] = request.name


def _leases_by_ip(leases: Iterable[Lease]) -> defaultdict[IPv4Address, list[Lease]]:
    by_ip: defaultdict[IPv4Address, list[Lease]] = defaultdict(list)
    for lease in leases:
        by_ip[lease.public_ip].append(lease)
    return by_ip


def _held_leases(
    network: Network, leases: Sequence[Lease], requests: Sequence[Request]
) -> dict[Request, Lease | None]:
    """Return the lease of each request: of its public IP, else of its former public IP.

    The lease of an address that another request has now, or takes over, is not taken over.
    """
    by_ip = _leases_by_ip(leases)
    present = {request.public_ip for request in requests}
    held: dict[Request, Lease | None] = {}
    for request in requests:
        own, former = by_ip[request.public_ip], request.former_public_ip
        if not own and former is not None and former not in present:
            own = by_ip.pop(former, [])
        held[request] = _held(network, own, request)
    return held


def _held(network: Network, leases: Sequence[Lease], request: Request) -> Lease | None:
    """Return the lease of one public IP that counts: requested, else in range, else lowest."""
    return min(
        leases,
        key=lambda lease: (
            lease.subnet != request.subnet,
            not network.can_lease(lease.subnet),
            lease.subnet,
        ),
        default=None,
    )


def _keeps(network: Network, request: Request, lease: Lease, may_move: bool) -> bool:
    if not network.can_lease(lease.subnet):
        return False
    if request.subnet is None or request.subnet == lease.subnet:
        return True
    if may_move:
        return False
    raise AllocationError(
        f"Host '{request.name}' ({request.public_ip}) requests {request.subnet} but holds "
        f"{lease.subnet}; its containers would change address. Request {lease.subnet}, "
        "or allow the move."
    )


def _check_requested_subnet(
    request: Request,
    subnet: IPv4Network,
    network: Network,
    holders: Mapping[IPv4Network, str],
    taken: _TakenAddresses,
) -> None:
    prefix = f"Host '{request.name}' ({request.public_ip}) requests {subnet}"
    if subnet.prefixlen != network.subnet_length:
        raise AllocationError(
            f"{prefix}, but the network's subnets are /{network.subnet_length}; request such a one."
        )
    if not network.can_lease(subnet):
        raise AllocationError(
            f"{prefix}, which is outside the range of {network.network}, "
            f"{network.subnet_min} to {network.subnet_max}; request a subnet in this range."
        )
    if not taken.overlaps(subnet):
        return
    for other, holder in holders.items():
        if other == subnet:
            raise AllocationError(
                f"{prefix}, which {holder} holds; request another one, or release that lease."
            )
        if other.overlaps(subnet):
            raise AllocationError(
                f"{prefix}, which overlaps {other} of {holder}; request another one, "
                "or release that lease."
            )


def _out_of_subnets(request: Request, network: Network, holders: Mapping[IPv4Network, str]) -> str:
    listed = [f"{subnet} by {holder}" for subnet, holder in sorted(holders.items())]
    more = len(listed) - _LISTED_HOLDERS
    tail = f" and {more} more" if more > 0 else ""
    return (
        f"Out of subnets for host '{request.name}' ({request.public_ip}): all {network.capacity} "
        f"subnets /{network.subnet_length} from {network.subnet_min} to {network.subnet_max} are "
        f"taken ({', '.join(listed[:_LISTED_HOLDERS])}{tail}); release the leases of removed "
        "hosts, or widen the network."
    )
