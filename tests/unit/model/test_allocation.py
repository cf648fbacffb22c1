# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.allocation import (
    AllocationError,
    OutOfSubnetsError,
    Request,
    allocate,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import (
    Network,
    parse_network,
)

NETWORK = parse_network('{"Network":"100.96.0.0/16"}')
SMALL = parse_network('{"Network":"10.0.0.0/24","SubnetLen":28}')


def lease(subnet: str, number: int) -> Lease:
    return Lease(IPv4Network(subnet), IPv4Address(f"192.0.2.{number}"))


def request(number: int, subnet: str | None = None, previous: str | None = None) -> Request:
    return Request(
        f"host{number}",
        IPv4Address(f"192.0.2.{number}"),
        subnet=IPv4Network(subnet) if subnet else None,
        previous=IPv4Network(previous) if previous else None,
    )


def subnets(network: Network, leases: list[Lease], *requests: Request) -> list[str]:
    return [str(assignment.subnet) for assignment in allocate(network, leases, requests)]


def moved(number: int, former: int) -> Request:
    return replace(request(number), former_public_ip=IPv4Address(f"192.0.2.{former}"))


class TestFormerAddress:
    def test_a_host_with_a_new_address_keeps_its_subnet(self) -> None:
        leases = [lease("100.96.1.0/24", 11), lease("100.96.2.0/24", 12)]
        staying, moving = allocate(NETWORK, leases, [request(11), moved(22, 12)])
        assert str(moving.subnet) == "100.96.2.0/24"
        assert (moving.held, moving.readdresses, moving.moves) == (leases[1], True, False)
        assert not staying.readdresses

    def test_an_address_of_another_host_is_not_taken_over(self) -> None:
        leases = [lease("100.96.1.0/24", 11)]
        assert subnets(NETWORK, leases, moved(22, 11), request(11)) == [
            "100.96.2.0/24",
            "100.96.1.0/24",
        ]

    def test_one_host_takes_a_lease_over(self) -> None:
        leases = [lease("100.96.1.0/24", 11)]
        assert subnets(NETWORK, leases, moved(22, 11), moved(23, 11)) == [
            "100.96.1.0/24",
            "100.96.2.0/24",
        ]

    def test_the_lease_of_the_present_address_has_precedence(self) -> None:
        leases = [lease("100.96.1.0/24", 11), lease("100.96.2.0/24", 22)]
        assert subnets(NETWORK, leases, moved(22, 11)) == ["100.96.2.0/24"]


class TestOrder:
    def test_gives_the_lowest_free_subnets_in_the_order_of_the_requests(self) -> None:
        assert subnets(NETWORK, [], request(9), request(1)) == ["100.96.1.0/24", "100.96.2.0/24"]

    def test_keeps_the_lease_of_the_same_public_ip(self) -> None:
        held = lease("100.96.7.0/24", 1)
        (assignment,) = allocate(NETWORK, [held], [request(1)])
        assert assignment.held is held
        assert not assignment.moves

    def test_serves_who_asks_before_who_does_not(self) -> None:
        assert subnets(NETWORK, [], request(1), request(2, "100.96.1.0/24")) == [
            "100.96.2.0/24",
            "100.96.1.0/24",
        ]

    def test_gives_the_previous_subnet_back_when_it_is_free(self) -> None:
        wanted = "100.96.7.0/24"
        assert subnets(NETWORK, [], request(1, previous=wanted)) == [wanted]
        taken = [lease(wanted, 9)]
        assert subnets(NETWORK, taken, request(1, previous=wanted)) == ["100.96.1.0/24"]
        assert subnets(NETWORK, [], request(1, previous="100.97.1.0/24")) == ["100.96.1.0/24"]

    def test_goes_round_leases_of_other_lengths(self) -> None:
        leases = [lease("100.96.0.0/22", 8), lease("100.96.4.128/25", 9)]
        assert subnets(NETWORK, leases, request(1)) == ["100.96.5.0/24"]

    def test_goes_round_what_is_blocked(self) -> None:
        blocked = [IPv4Network("100.96.1.0/24")]
        (assignment,) = allocate(NETWORK, [], [request(1)], blocked=blocked)
        assert str(assignment.subnet) == "100.96.2.0/24"


class TestHolding:
    @pytest.mark.parametrize("subnet", ["100.96.0.0/24", "100.96.1.0/25", "10.0.1.0/24"])
    def test_what_is_no_longer_leased_out_is_given_up(self, subnet: str) -> None:
        held = lease(subnet, 1)
        (assignment,) = allocate(NETWORK, [held], [request(1)])
        assert assignment.moves
        assert str(assignment.subnet) == "100.96.1.0/24"

    def test_another_subnet_than_asked_for_is_refused(self) -> None:
        held = lease("100.96.1.0/24", 1)
        wish = request(1, "100.96.2.0/24")
        with pytest.raises(AllocationError, match=r"holds 100\.96\.1\.0/24; its containers"):
            allocate(NETWORK, [held], [wish])
        (assignment,) = allocate(NETWORK, [held], [wish], may_move=True)
        assert assignment.moves

    def test_two_hosts_swap(self) -> None:
        leases = [lease("100.96.1.0/24", 1), lease("100.96.2.0/24", 2)]
        wishes = [request(1, "100.96.2.0/24"), request(2, "100.96.1.0/24")]
        swapped = allocate(NETWORK, leases, wishes, may_move=True)
        assert [str(each.subnet) for each in swapped] == ["100.96.2.0/24", "100.96.1.0/24"]

    def test_of_several_leases_the_asked_for_one_counts(self) -> None:
        leases = [lease("100.97.1.0/24", 1), lease("100.96.9.0/24", 1), lease("100.96.3.0/24", 1)]
        assert subnets(NETWORK, leases, request(1)) == ["100.96.3.0/24"]
        assert subnets(NETWORK, leases, request(1, "100.96.9.0/24")) == ["100.96.9.0/24"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("subnet", "message"),
        [
            ("100.96.1.0/25", "the network's subnets are /24"),
            ("100.96.0.0/24", r"outside .* 100\.96\.1\.0 to 100\.96\.255\.0"),
            ("10.0.0.0/24", "outside"),
            ("100.96.5.0/24", r"which 192\.0\.2\.9 holds"),
            ("100.96.17.0/24", r"overlaps 100\.96\.16\.0/20 of 192\.0\.2\.8"),
        ],
    )
    def test_of_the_asked_for_subnet(self, subnet: str, message: str) -> None:
        leases = [lease("100.96.16.0/20", 8), lease("100.96.5.0/24", 9)]
        with pytest.raises(AllocationError, match=message):
            allocate(NETWORK, leases, [request(1, subnet)])

    def test_of_one_subnet_for_two(self) -> None:
        wishes = [request(1, "100.96.1.0/24"), request(2, "100.96.1.0/24")]
        with pytest.raises(AllocationError, match=r"'host2' .* which host 'host1' holds"):
            allocate(NETWORK, [], wishes)

    def test_of_one_public_ip_for_two(self) -> None:
        with pytest.raises(AllocationError, match="Hosts 'host1' and 'twin' have the same"):
            allocate(NETWORK, [], [request(1), replace(request(1), name="twin")])

    def test_of_more_hosts_than_subnets(self) -> None:
        with pytest.raises(OutOfSubnetsError) as caught:
            allocate(SMALL, [lease("10.0.0.16/28", 99)], [request(each) for each in range(1, 16)])
        message = str(caught.value)
        assert "host 'host15'" in message
        assert "all 15 subnets /28 from 10.0.0.16 to 10.0.0.240" in message
        assert "10.0.0.16/28 by 192.0.2.99, 10.0.0.32/28 by host 'host1'" in message
        assert "and 5 more" in message


existing = st.builds(
    lambda address, length, number: Lease(
        IPv4Network((0x0A000000 + address, length), strict=False),
        IPv4Address(0xC0000200 + number),
    ),
    st.integers(0, 2**11 - 1),
    st.integers(22, 30),
    st.integers(0, 30),
)
asking = st.lists(st.integers(0, 60), unique=True, max_size=20).map(
    lambda numbers: [
        Request(f"host{number}", IPv4Address(0xC0000200 + number)) for number in numbers
    ]
)


@given(st.lists(existing, max_size=20, unique_by=lambda lease: lease.subnet), asking)
def test_never_overlaps_and_is_deterministic(leases: list[Lease], requests: list[Request]) -> None:
    try:
        assignments = allocate(SMALL, leases, requests)
    except OutOfSubnetsError:
        with pytest.raises(OutOfSubnetsError):
            allocate(SMALL, list(reversed(leases)), requests)
        return
    assert [each.request for each in assignments] == requests
    assert allocate(SMALL, list(reversed(leases)), requests) == assignments
    fresh = [each.subnet for each in assignments if each.moves or each.held is None]
    assert all(SMALL.can_lease(each.subnet) for each in assignments)
    for lower, upper in pairwise(sorted(fresh)):
        assert not lower.overlaps(upper)
    given_up = {each.held.subnet for each in assignments if each.held and each.moves}
    for other in leases:
        if other.subnet not in given_up:
            assert not any(other.subnet.overlaps(subnet) for subnet in fresh)
    again = [
        replace(each.held, subnet=each.subnet)
        if each.held
        else Lease(each.subnet, each.request.public_ip)
        for each in assignments
    ]
    kept = [each for each in leases if each.subnet not in given_up and each not in again]
    assert not any(each.moves for each in allocate(SMALL, [*again, *kept], requests))
