# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    Add,
    Address,
    Change,
    Device,
    HostState,
    Remove,
    Route,
    difference,
)

names = st.sampled_from(["flannel0", "flannel.1"])
# Few values, so that the two states share some and differ in some.
addresses = st.sampled_from([IPv4Interface(f"100.96.{n}.0/32") for n in range(3)])
destinations = st.sampled_from([IPv4Network(f"100.96.{n}.0/24") for n in range(3)])
gateways = st.none() | st.sampled_from([IPv4Address(f"10.168.0.{n}") for n in range(2)])
routes = st.builds(Route, destinations, names, gateways, st.booleans())
# A kernel has a device once, and a route once for each destination.
states = st.builds(
    HostState,
    st.dictionaries(names, st.sampled_from([1400, 1472])).map(
        lambda mtus: frozenset(Device(name, mtu) for name, mtu in mtus.items())
    ),
    st.frozensets(st.builds(Address, names, addresses)),
    st.lists(routes, unique_by=lambda route: route.destination).map(frozenset),
)


class Kernel:
    """Holds a state by the kernel's own rules, and refuses what the kernel refuses."""

    def __init__(self, state: HostState) -> None:
        self.devices = {device.name: device for device in state.devices}
        self.addresses = set(state.addresses)
        self.routes = {route.destination: route for route in state.routes}

    def state(self) -> HostState:
        return HostState(
            frozenset(self.devices.values()),
            frozenset(self.addresses),
            frozenset(self.routes.values()),
        )

    def apply(self, change: Change) -> None:
        match change:
            case Add(Device() as device):
                self.devices[device.name] = device
            case Add(Address() as address):
                assert address not in self.addresses
                self.addresses.add(address)
            case Add(Route() as route):
                assert route.destination not in self.routes
                self.routes[route.destination] = route
            case Remove(Address() as address):
                self.addresses.remove(address)
                self._forget_routes_of_bare(address.device)
            case Remove(Route() as route):
                assert self.routes.pop(route.destination) == route

    def _forget_routes_of_bare(self, device: str) -> None:
        if not any(address.device == device for address in self.addresses):
            for route in [*self.routes.values()]:
                if route.device == device:
                    del self.routes[route.destination]


@given(states, states)
def test_the_changes_lead_to_the_desired_state_without_a_refusal(
    desired: HostState, actual: HostState
) -> None:
    kernel = Kernel(actual)
    for change in difference(desired, actual):
        kernel.apply(change)
    reached = kernel.state()
    # A device is never taken away: the datapath and the backends own it.
    assert desired.devices <= reached.devices
    assert reached.addresses == desired.addresses
    if _each_device_has_an_address(desired):
        assert reached.routes == desired.routes
    assert all(isinstance(change, Add) for change in difference(desired, reached))


@given(states)
def test_there_is_nothing_to_do_where_all_is_well(state: HostState) -> None:
    assert difference(state, state) == []


@given(states, states)
def test_the_order_does_not_depend_on_that_of_the_sets(
    desired: HostState, actual: HostState
) -> None:
    rebuilt = HostState(
        frozenset(sorted(desired.devices, reverse=True)),
        frozenset(sorted(desired.addresses, reverse=True)),
        frozenset(sorted(desired.routes, key=repr, reverse=True)),
    )
    assert difference(desired, actual) == difference(rebuilt, actual)


def test_a_device_comes_up_before_its_address_and_that_before_its_route() -> None:
    device = Device("flannel0", 1472)
    address = Address("flannel0", IPv4Interface("100.96.1.0/32"))
    route = Route(IPv4Network("100.96.0.0/16"), "flannel0")
    stale = Route(IPv4Network("100.96.0.0/16"), "flannel.1")
    former = Address("flannel0", IPv4Interface("100.96.9.0/32"))
    desired = HostState(frozenset({device}), frozenset({address}), frozenset({route}))
    actual = HostState(addresses=frozenset({former}), routes=frozenset({stale}))
    assert difference(desired, actual) == [
        Remove(stale),
        Add(device),
        Add(address),
        Remove(former),
        Add(route),
    ]


def _each_device_has_an_address(state: HostState) -> bool:
    """Whether no route of a state hangs on a device that the state leaves without an address."""
    held = {address.device for address in state.addresses}
    return all(route.device in held for route in state.routes)
