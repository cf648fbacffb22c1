# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fleet with real agents by each backend and datapath in turn: what crosses, what is left.

The last tests are about what a network may ask for and a host cannot do.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import ACTIVE
from tests.waiting import eventually

from .agent_hosts import AgentHost, Fleet, raised_fleet
from .namespaces import Namespace, counted
from .overlay_hosts import set_wire_offloads
from .traffic import (
    Listener,
    pings,
    tcp_echo,
    tcp_listener,
    udp_echo,
    udp_listener,
)


@dataclass(frozen=True)
class Way:
    """A backend, with the datapath that is asked for on each of the two hosts."""

    backend: str
    mtu: int
    datapaths: tuple[str, str] = ("auto", "auto")
    direct_routing: bool = False

    @property
    def carried_by(self) -> list[str]:
        """Return what each host's status is to say."""
        if self.backend != "vxlan":
            return [{"udp": "userspace", "host-gw": "kernel"}[self.backend]] * 2
        return ["kernel" if asked == "auto" else asked for asked in self.datapaths]

    def __str__(self) -> str:
        direct = "-direct" if self.direct_routing else ""
        return "-".join((self.backend + direct, *self.datapaths))


# No kernel makes a device of this kind, and it says so as one without VXLAN would.
WITHOUT_VXLAN = "from weft.kernel import netlink; netlink.VXLAN = 'vxlan-of-no-kernel'\n"
KERNELS = Way("vxlan", 1450, ("kernel", "auto"))
WAYS = (
    KERNELS,
    Way("vxlan", 1450, ("userspace", "kernel")),
    Way("vxlan", 1450, ("userspace", "userspace")),
    Way("host-gw", 1500),
    Way("vxlan", 1450, direct_routing=True),
    Way("udp", 1472),
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two hosts with both processes, and a container each; no network is published yet."""
    with raised_fleet(tmp_path_factory.mktemp("fleet")) as fleet:
        for number in (1, 2):
            fleet.lease(number)
            host = fleet.add_host(number)
            host.start("datapath")
            tcp_listener(host.container, host.container_ip)
            udp_listener(host.container, host.container_ip)
        yield fleet


@pytest.fixture(scope="module", params=WAYS, ids=str)
def way(request: pytest.FixtureRequest, running: Fleet) -> Way:
    """One way after the other, each entered from the one before."""
    way: Way = request.param
    enter(running, way)
    return way


@pytest.fixture(scope="module")
def ear(running: Fleet) -> Listener:
    """One that tells who speaks to the second host's bridge."""
    return udp_listener(running.hosts[1].namespace, "100.96.2.1")


@pytest.fixture
def fleet(running: Fleet) -> Iterator[Fleet]:
    yield running
    for host in running.hosts:
        print(host.told())  # pytest shows it of a test that failed
        for process in host.processes:
            assert "Traceback" not in host.log(process)


def enter(fleet: Fleet, way: Way) -> None:
    """Publish the backend, and restart the agents with the datapath that is asked for."""
    fleet.publish_backend(way.backend, **({"DirectRouting": True} if way.direct_routing else {}))
    for host, datapath in zip(fleet.hosts, way.datapaths, strict=True):
        host.settings["datapath"] = datapath
        if "agent" in host.processes:
            host.terminate("agent")
        host.start("agent")
        # As dockerd does with the option mtu, on its bridge and in its containers.
        host.namespace.ip("link", "set", "docker0", "mtu", str(way.mtu))
        host.container.ip("link", "set", "eth0", "mtu", str(way.mtu))
    eventually(
        lambda: all(carries(host, way) for host in fleet.hosts),
        f"each host uses {way}",
        20,
    )
    eventually(lambda: reach(fleet), "the containers reach each other", 20)
    eventually(lambda: all(settled(host, way) for host in fleet.hosts), "the offloads settle", 20)


def settled(host: AgentHost, way: Way) -> bool:
    """Whether the datapath gives partial checksums, as it does once the peer has announced them."""
    if way.carried_by != ["userspace"] * 2:
        return True
    return host.of_datapath()["offloads"]["partial-checksum"] == ACTIVE


def carries(host: AgentHost, way: Way) -> bool:
    if not host.is_ready():
        return False
    status = host.status()
    return (status["backend"], status["peers"], status["mtu"]) == (way.backend, 1, way.mtu)


def reach(fleet: Fleet) -> bool:
    one, two = fleet.hosts
    return all(
        pings(here, there.container_ip, count=1)
        for here, there in ((one.container, two), (two.container, one), (one.namespace, two))
    )


def devices(host: AgentHost) -> dict[str, str]:
    """Return the kind of each device that is there for an overlay."""
    links = json.loads(host.namespace.ip("-j", "-d", "link", "show"))
    return {
        link["ifname"]: link["linkinfo"]["info_kind"]
        for link in links
        if link["ifname"].startswith("flannel")
    }


def all_kinds_cross(source: Namespace, address: str, mtu: int) -> None:
    assert tcp_echo(source, address, 4 << 20) == 4 << 20
    udp_echo(source, address, 0, 1, 63, mtu - 28, 9000, 60000)
    assert pings(source, address, "-M", "do", "-s", str(mtu - 28))


def test_everything_crosses_whole_on_both_kinds_of_link(fleet: Fleet, way: Way) -> None:
    one, two = fleet.hosts
    assert [host.status()["datapath"] for host in fleet.hosts] == way.carried_by
    wrong = wrong_checksums(fleet)
    for wired in (False, True):
        for host in fleet.hosts:
            set_wire_offloads(host.namespace, "eth0", cut=wired)
            set_wire_offloads(fleet.underlay, f"host{host.number}", cut=wired)
        for here, there in ((one, two), (two, one)):
            for source in (here.container, here.namespace):
                all_kinds_cross(source, there.container_ip, way.mtu)
            size = ("-M", "do", "-s", str(way.mtu - 27))
            assert not pings(here.container, there.container_ip, *size)
    # A change of the way may cost packets whose checksums a kernel cannot finish; none later.
    assert wrong_checksums(fleet) == wrong


def wrong_checksums(fleet: Fleet) -> list[int]:
    return [
        counted(space, name)
        for host in fleet.hosts
        for space in (host.namespace, host.container)
        for name in ("TcpInCsumErrors", "UdpInCsumErrors")
    ]


def test_only_the_devices_of_the_way_are_there(fleet: Fleet, way: Way) -> None:
    for host, carrier in zip(fleet.hosts, way.carried_by, strict=True):
        expected = {
            ("udp", "userspace"): {"flannel0": "tun"},
            ("vxlan", "kernel"): {"flannel.1": "vxlan"},
            ("vxlan", "userspace"): {"flannel.1": "tun"},
            ("host-gw", "kernel"): {},
        }[way.backend, carrier]
        assert devices(host) == expected
        assert f"FLANNEL_MTU={way.mtu}\n" in host.subnet_file.read_text()


def test_a_container_is_known_by_its_own_address(fleet: Fleet, way: Way, ear: Listener) -> None:
    udp_echo(fleet.hosts[0].container, "100.96.2.1", 100)
    assert ear.client_address() == fleet.hosts[0].container_ip


def test_host_gw_and_direct_routes_are_by_the_peers_address(fleet: Fleet) -> None:
    for way in (Way("host-gw", 1500), Way("vxlan", 1450, direct_routing=True)):
        enter(fleet, way)
        one, two = fleet.hosts
        (route,) = json.loads(one.namespace.ip("-j", "route", "show", "proto", "87"))
        assert (route["dst"], route["gateway"], route["dev"]) == (
            two.subnet,
            two.public_ip,
            "eth0",
        )


def test_host_gw_names_a_peer_that_is_not_on_the_link_and_reaches_the_others(
    fleet: Fleet,
) -> None:
    enter(fleet, Way("host-gw", 1500))
    one, _two = fleet.hosts
    fleet.lease(40, "203.0.113.9", BackendType="host-gw")
    fleet.lease(41, BackendType="vxlan")
    one.await_problem("203.0.113.9 (100.96.40.0/24) is not on the link of eth0", "host-gw")
    assert reach(fleet)
    routes = json.loads(one.namespace.ip("-j", "route", "show", "proto", "87"))
    assert [route["dst"] for route in routes] == ["100.96.2.0/24"]
    fleet.release(40)
    fleet.release(41)
    one.await_ready()


@pytest.mark.parametrize(
    "damage",
    [
        "ip route flush proto 87",
        "ip route replace 100.96.2.0/24 via 10.168.0.99 dev eth0 proto 87",
        "ip route add 100.96.77.0/24 via 10.168.0.99 dev eth0 proto 87",
        "ip link set eth0 down; ip link set eth0 up",
    ],
)
def test_host_gw_mends_its_routes(fleet: Fleet, damage: str) -> None:
    one = fleet.hosts[0]
    if one.status()["backend"] != "host-gw":
        enter(fleet, Way("host-gw", 1500))
    one.namespace.run("sh", "-c", damage)

    def whole() -> bool:
        routes = json.loads(one.namespace.ip("-j", "route", "show", "proto", "87"))
        return [(route["dst"], route["gateway"]) for route in routes] == [
            ("100.96.2.0/24", "10.168.0.12")
        ]

    eventually(whole, f"repaired after: {damage}")
    eventually(lambda: reach(fleet), "the containers reach each other")


def test_host_gw_refuses_a_public_ip_that_is_translated_and_changes_nothing(
    fleet: Fleet,
) -> None:
    enter(fleet, KERNELS)
    one = fleet.hosts[0]
    fleet.publish_backend("host-gw")
    eventually(lambda: one.status()["backend"] == "host-gw", "published")
    enter(fleet, KERNELS)
    fleet.lease(50, "192.0.2.7")
    one.settings["public_ip"] = "192.0.2.7"
    one.terminate("agent")
    fleet.publish_backend("host-gw")
    one.start("agent")
    one.await_problem("the public IP 192.0.2.7 is not 10.168.0.11", "host-gw", "vxlan")
    assert devices(one) == {"flannel.1": "vxlan"}
    del one.settings["public_ip"]
    fleet.release(50)
    enter(fleet, KERNELS)


def test_an_interface_with_two_addresses_uses_the_public_ip_or_says_which_it_took(
    fleet: Fleet,
) -> None:
    one = fleet.hosts[0]
    one.namespace.ip("address", "add", "10.168.0.111/24", "dev", "eth0")
    eventually(lambda: one.status()["other_addresses"] == ["10.168.0.111"], "both are named")
    assert "choose with public_ip" in one.weftctl("status").stdout
    # Now the public IP is the second.
    one.namespace.ip("address", "flush", "dev", "eth0")
    for address in ("10.168.0.111/24", "10.168.0.11/24"):
        one.namespace.ip("address", "add", address, "dev", "eth0")
    one.settings["public_ip"] = "10.168.0.11"
    enter(fleet, KERNELS)
    assert one.status()["other_addresses"] == []
    one.namespace.ip("address", "flush", "dev", "eth0")
    one.namespace.ip("address", "add", "10.168.0.11/24", "dev", "eth0")
    del one.settings["public_ip"]


def test_an_interface_without_an_address_is_named_until_it_has_one(fleet: Fleet) -> None:
    enter(fleet, KERNELS)
    one = fleet.hosts[0]
    one.namespace.ip("address", "delete", "10.168.0.11/24", "dev", "eth0")
    one.await_problem("no interface matches eth0")
    one.namespace.ip("address", "add", "10.168.0.11/24", "dev", "eth0")
    eventually(lambda: reach(fleet), "the containers reach each other")


def test_a_datapath_that_was_down_while_the_kernel_took_over_lets_go_when_it_is_back(
    fleet: Fleet,
) -> None:
    enter(fleet, Way("vxlan", 1450, ("userspace", "userspace")))
    one = fleet.hosts[0]
    one.kill("datapath")
    enter(fleet, Way("vxlan", 1450, ("kernel", "userspace")))
    assert devices(one) == {"flannel.1": "vxlan"}
    table = one.run_directory / "weft/datapath.json"
    assert table.exists()
    one.start("datapath")
    # Nothing tells the agent: its next pass finds out.
    eventually(lambda: not table.exists(), "the userspace datapath stops", 40)
    assert devices(one) == {"flannel.1": "vxlan"}
    assert reach(fleet)


def test_auto_carries_in_userspace_where_the_kernel_has_no_vxlan(fleet: Fleet) -> None:
    enter(fleet, KERNELS)
    one, two = fleet.hosts
    one.settings["datapath"] = "auto"
    one.terminate("agent")
    one.start("agent", WITHOUT_VXLAN)
    one.await_ready()
    eventually(lambda: reach(fleet), "the containers reach each other")
    assert (devices(one), devices(two)) == ({"flannel.1": "tun"}, {"flannel.1": "vxlan"})
    status = one.status()
    reason = os.strerror(errno.EOPNOTSUPP)
    assert (status["datapath"], status["datapath_reason"]) == ("userspace", reason)
    assert f"userspace (kernel datapath unavailable: {reason})" in one.weftctl("status").stdout
    assert f"the kernel cannot create a VXLAN device ({reason})" in one.log("agent")
    # A kernel that has it again is found at the next start.
    enter(fleet, Way("vxlan", 1450))
    assert devices(one) == {"flannel.1": "vxlan"}
    assert one.status()["datapath_reason"] is None
