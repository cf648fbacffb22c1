# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.difference import (
    Add,
    Change,
    Remove,
    difference,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    Address,
    Device,
    FdbEntry,
    HostState,
    MacAddress,
    Neighbour,
    Route,
    VxlanDevice,
)

TUN = "flannel0"
names = st.sampled_from([TUN, "flannel.1", "flannel.2"])
# Few values, so that the two states share some and differ in some.
macs = st.sampled_from(["02:77:00:00:00:01", "02:77:00:00:00:02"])
underlays = st.sampled_from([IPv4Address(f"10.168.0.{n}") for n in range(2)])
addresses = st.sampled_from([IPv4Interface(f"100.96.{n}.0/32") for n in range(3)])
destinations = st.sampled_from([IPv4Network(f"100.96.{n}.0/24") for n in range(3)])
routes = st.builds(Route, destinations, names, st.none() | underlays, st.booleans())
vxlan_devices = st.builds(
    VxlanDevice,
    st.sampled_from(["flannel.1", "flannel.2"]),
    st.just(1),
    st.just("eth0"),
    underlays,
    st.just(8472),
    macs,
    learning=st.booleans(),
)
neighbours = st.builds(Neighbour, names, addresses.map(lambda entry: entry.ip), macs)
fdb = st.builds(FdbEntry, names, macs, underlays)


def exists(state: HostState, device: str) -> bool:
    """Whether a state has the device that something else of it hangs on."""
    return device == TUN or device in {vxlan.name for vxlan in state.vxlan_devices}


def rooted(state: HostState) -> HostState:
    """The state without what hangs on devices that it does not have."""
    for device in ("flannel.1", "flannel.2"):
        if not exists(state, device):
            state = state.without(device)
    return state


# A kernel has a device, a neighbour, an FDB entry and a route once for each key.
states = st.builds(
    HostState,
    st.dictionaries(names, st.sampled_from([1400, 1472])).map(
        lambda mtus: frozenset(Device(name, mtu) for name, mtu in mtus.items())
    ),
    st.frozensets(st.builds(Address, names, addresses)),
    st.lists(routes, unique_by=lambda route: route.destination).map(frozenset),
    st.lists(vxlan_devices, unique_by=lambda device: device.name).map(frozenset),
    st.lists(neighbours, unique_by=lambda entry: (entry.device, entry.address)).map(frozenset),
    st.lists(fdb, unique_by=lambda entry: (entry.device, entry.mac)).map(frozenset),
).map(rooted)


class Kernel:
    """Holds a state by the kernel's own rules, and refuses what the kernel refuses."""

    def __init__(self, state: HostState) -> None:
        self._take(state)

    def _take(self, state: HostState) -> None:
        self.vxlan = {device.name: device for device in state.vxlan_devices}
        self.devices = {device.name: device for device in state.devices}
        self.addresses = set(state.addresses)
        self.neighbours = {(entry.device, entry.address): entry for entry in state.neighbours}
        self.fdb = {(entry.device, entry.mac): entry for entry in state.fdb}
        self.routes = {route.destination: route for route in state.routes}

    def state(self) -> HostState:
        return HostState(
            frozenset(self.devices.values()),
            frozenset(self.addresses),
            frozenset(self.routes.values()),
            frozenset(self.vxlan.values()),
            frozenset(self.neighbours.values()),
            frozenset(self.fdb.values()),
        )

    def apply(self, change: Change) -> None:
        match change:
            case Add(VxlanDevice() as vxlan):
                assert vxlan.name not in self.vxlan
                self.vxlan[vxlan.name] = vxlan
            case Remove(VxlanDevice() as vxlan):
                assert self.vxlan[vxlan.name] == vxlan
                self._take(self.state().without(vxlan.name))
            case Add(MacAddress(name, mac)):
                self.vxlan[name] = replace(self.vxlan[name], mac=mac)
            case Add(Device() as device):
                assert exists(self.state(), device.name)
                self.devices[device.name] = device
            case Add(Address() as address):
                assert address not in self.addresses
                self.addresses.add(address)
            case Add(Neighbour() as neighbour):
                assert exists(self.state(), neighbour.device)
                self.neighbours[neighbour.device, neighbour.address] = neighbour
            case Add(FdbEntry() as entry):
                assert exists(self.state(), entry.device)
                self.fdb[entry.device, entry.mac] = entry
            case Add(Route() as route):
                assert route.destination not in self.routes
                assert exists(self.state(), route.device)
                self.routes[route.destination] = route
            case Remove(Address() as address):
                self.addresses.remove(address)
                self._forget_routes_of_bare(address.device)
            case Remove(Neighbour() as neighbour):
                assert self.neighbours.pop((neighbour.device, neighbour.address)) == neighbour
            case Remove(FdbEntry() as entry):
                assert self.fdb.pop((entry.device, entry.mac)) == entry
            case Remove(Route() as route):
                assert self.routes.pop(route.destination) == route

    def _forget_routes_of_bare(self, device: str) -> None:
        if not any(address.device == device for address in self.addresses):
            for route in [*self.routes.values()]:
                if route.device == device:
                    del self.routes[route.destination]


@given(states, states)
def test_the_changes_lead_to_the_desired_state_without_an_error(
    desired: HostState, actual: HostState
) -> None:
    kernel = Kernel(actual)
    for change in difference(desired, actual):
        kernel.apply(change)
    reached = kernel.state()
    # A device that is not desired is a leftover, which is deleted before.
    assert desired.devices <= reached.devices
    assert desired.vxlan_devices <= reached.vxlan_devices
    assert reached.addresses == desired.addresses
    assert (reached.neighbours, reached.fdb) == (desired.neighbours, desired.fdb)
    if _each_device_has_an_address(desired):
        assert reached.routes == desired.routes
    assert all(isinstance(change, Add) for change in difference(desired, reached))


@given(states)
def test_a_host_in_the_desired_state_needs_no_change(state: HostState) -> None:
    assert difference(state, state) == []


@given(states, states)
def test_the_order_does_not_depend_on_that_of_the_sets(
    desired: HostState, actual: HostState
) -> None:
    rebuilt = HostState(
        frozenset(sorted(desired.devices, reverse=True)),
        frozenset(sorted(desired.addresses, reverse=True)),
        frozenset(sorted(desired.routes, key=repr, reverse=True)),
        frozenset(sorted(desired.vxlan_devices, reverse=True)),
        frozenset(sorted(desired.neighbours, reverse=True)),
        frozenset(sorted(desired.fdb, reverse=True)),
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


VXLAN = VxlanDevice("flannel.1", 1, "eth0", IPv4Address("10.168.0.11"), 8472, "02:77:0a:a8:00:0b")
PEER = "02:77:0a:a8:00:0c"
LAID = HostState(
    devices=frozenset({Device("flannel.1", 1450)}),
    addresses=frozenset({Address("flannel.1", IPv4Interface("100.96.1.0/32"))}),
    routes=frozenset(
        {Route(IPv4Network("100.96.2.0/24"), "flannel.1", IPv4Address("100.96.2.0"), on_link=True)}
    ),
    vxlan_devices=frozenset({VXLAN}),
    neighbours=frozenset({Neighbour("flannel.1", IPv4Address("100.96.2.0"), PEER)}),
    fdb=frozenset({FdbEntry("flannel.1", PEER, IPv4Address("10.168.0.12"))}),
)


@pytest.mark.parametrize(
    "changed",
    [
        {"vni": 2},
        {"parent": "eth1"},
        {"local": IPv4Address("10.168.0.99")},
        {"port": 4789},
        {"gbp": True},
        {"learning": True},
    ],
)
def test_a_device_that_is_created_again_gets_all_its_entries_back(changed: dict[str, Any]) -> None:
    other = replace(VXLAN, **changed)
    changes = difference(LAID, replace(LAID, vxlan_devices=frozenset({other})))
    assert changes[:2] == [Remove(other), Add(VXLAN)]
    assert set(changes[2:]) == {
        Add(entry)
        for entries in (LAID.devices, LAID.addresses, LAID.neighbours, LAID.fdb, LAID.routes)
        for entry in entries
    }


def test_a_drifted_mac_is_set_on_the_device_as_it_stands() -> None:
    drifted = replace(VXLAN, mac="de:ad:be:ef:00:01")
    assert difference(LAID, replace(LAID, vxlan_devices=frozenset({drifted}))) == [
        Add(MacAddress("flannel.1", VXLAN.mac))
    ]
