# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real agents and datapaths against a real etcd and a real kernel, as a fleet runs them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import (
    OverlayTraffic,
    desired_chains,
    parse_rules,
)
from tests.waiting import eventually

from .agent_hosts import AgentHost, Fleet, lease_key, raised_fleet
from .echoes import echoes
from .traffic import pings, tcp_echo, tcp_listener


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two hosts that reach each other, for all tests of the module."""
    with raised_fleet(tmp_path_factory.mktemp("fleet")) as fleet:
        fleet.publish()
        for number in (1, 2):
            fleet.lease(number)
            host = fleet.add_host(number)
            host.start("datapath")
            host.start("agent")
        for host in fleet.hosts:
            host.await_ready()
        yield fleet


@pytest.fixture
def fleet(running: Fleet) -> Iterator[Fleet]:
    """The fleet; whatever a test does to it, it heals, and nothing crashed."""
    yield running
    for host in running.hosts[:2]:
        host.await_ready()
        for process in host.processes:
            assert "Traceback" not in host.log(process)
    eventually(lambda: reach(running), "the containers reach each other")


@pytest.fixture
def one(fleet: Fleet) -> AgentHost:
    return fleet.hosts[0]


@pytest.fixture
def two(fleet: Fleet) -> AgentHost:
    return fleet.hosts[1]


@pytest.fixture
def newcomer(fleet: Fleet) -> Iterator[AgentHost]:
    """A third host without a lease, with its datapath running; its number is free again after."""
    number = 3 + len(fleet.hosts)
    host = fleet.add_host(number)
    host.start("datapath")
    yield host
    for process in host.processes:
        host.kill(process)
    fleet.etcd.etcdctl("del", lease_key(number))
    eventually(lambda: host.subnet not in fleet.hosts[0].peers(), "the newcomer is gone")


def reach(fleet: Fleet) -> bool:
    one, two = fleet.hosts[:2]
    return pings(one.container, two.container_ip) and pings(two.container, one.container_ip)


def holds_all(host: AgentHost) -> bool:
    """Whether the kernel of a host holds what the agent is to make of its lease."""
    run = host.namespace.run
    device = run("ip", "-j", "address", "show", "dev", "flannel0", check=False)
    if device.returncode != 0:
        return False
    (link,) = json.loads(device.stdout)
    addresses = [
        f"{entry['local']}/{entry['prefixlen']}"
        for entry in link["addr_info"]
        if entry["family"] == "inet"
    ]
    routes = json.loads(host.namespace.ip("-j", "route", "show", "proto", "87"))
    saved = parse_rules(run("iptables-save").stdout)
    traffic = OverlayTraffic(
        IPv4Network("100.96.0.0/16"), IPv4Network(host.subnet), ("flannel0",), masquerade=False
    )
    return (
        "UP" in link["flags"]
        and link["mtu"] == 1472
        and addresses == [host.subnet.replace("/24", "/32")]
        and [(route["dst"], route["dev"]) for route in routes] == [("100.96.0.0/16", "flannel0")]
        and all(
            saved.get(table, {}).get(chain) == rules
            for table, chains in desired_chains(traffic).items()
            for chain, rules in chains.items()
        )
        and saved["filter"]["FORWARD"][0] == "-j WEFT-FORWARD"
        and saved["nat"]["POSTROUTING"][0] == "-j WEFT-POSTROUTING"
    )


def test_a_host_holds_what_its_lease_says(fleet: Fleet, one: AgentHost) -> None:
    assert all(map(holds_all, fleet.hosts[:2]))
    assert one.subnet_file.read_text() == (
        "FLANNEL_NETWORK=100.96.0.0/16\n"
        "FLANNEL_SUBNET=100.96.1.1/24\n"
        "FLANNEL_MTU=1472\n"
        "FLANNEL_IPMASQ=false\n"
    )
    status = one.status()
    assert status["store"]["connected"] is True
    assert (status["interface"], status["address"]) == ("eth0", "10.168.0.11")
    assert (status["network"], status["backend"], status["mtu"]) == ("100.96.0.0/16", "udp", 1472)
    assert status["lease"] == {
        "subnet": "100.96.1.0/24",
        "bip": "100.96.1.1/24",
        "public_ip": "10.168.0.11",
        "expires": False,
    }
    assert (status["peers"], status["problems"]) == (1, [])


def test_containers_reach_each_other_by_their_own_addresses(one: AgentHost, two: AgentHost) -> None:
    # As Docker does before weft's rules are mended, and against what Docker forbids by default.
    one.namespace.run("iptables", "-P", "FORWARD", "DROP")
    listener = tcp_listener(two.container, two.container_ip)
    assert tcp_echo(one.container, two.container_ip, 200_000) == 200_000
    assert listener.client_address() == one.container_ip
    listener.close()


def test_weftctl_tells_of_a_host_that_is_well(one: AgentHost) -> None:
    shown = one.weftctl("status")
    assert shown.returncode == 0, shown.stdout
    assert "subnet     100.96.1.0/24 (reservation of 10.168.0.11)" in shown.stdout
    assert "10.168.0.12  100.96.2.0/24" in shown.stdout


def test_the_table_is_applied_once_and_not_at_every_look(one: AgentHost) -> None:
    """What the agent plans and what the datapath reports are one form."""
    before = one.log("datapath").count("table applied")
    assert before > 0
    one.namespace.ip("address", "flush", "dev", "flannel0")
    eventually(lambda: holds_all(one), "the address is back")
    assert one.log("datapath").count("table applied") == before


def test_leases_that_come_change_and_go_are_followed(fleet: Fleet, one: AgentHost) -> None:
    fleet.lease(40)
    eventually(lambda: one.peers().get("100.96.40.0/24") == "10.168.0.50", "the peer came")
    fleet.lease(40, "10.168.0.77")
    eventually(lambda: one.peers()["100.96.40.0/24"] == "10.168.0.77", "the public IP changed")
    fleet.release(40)
    eventually(lambda: "100.96.40.0/24" not in one.peers(), "the peer went")
    assert "100.96.2.0/24" in one.peers()


@pytest.mark.parametrize(
    "damage",
    [
        "ip route flush proto 87",
        "ip link set flannel0 down",
        "ip link set flannel0 mtu 1300",
        "ip address flush dev flannel0",
        "ip address add 100.96.99.0/32 dev flannel0",
        "ip link delete flannel0",
        "iptables -F",
        "iptables -t nat -F",
        "iptables -t nat -I POSTROUTING -s 100.96.1.0/24 ! -o docker0 -j MASQUERADE",
    ],
)
def test_damage_mends_by_itself(one: AgentHost, damage: str) -> None:
    assert holds_all(one)
    one.namespace.run(*damage.split())
    eventually(lambda: holds_all(one), f"repaired after: {damage}")


def test_a_deleted_connected_route_of_the_bridge_is_restored(
    one: AgentHost, two: AgentHost
) -> None:
    """flanneld deletes it when the subnet of this host appears as that of a peer."""
    route = ("100.96.1.0/24", "dev", "docker0")
    before = one.namespace.ip("-N", "route", "show", "dev", "docker0")
    one.namespace.ip("route", "delete", *route)
    eventually(lambda: pings(two.container, one.container_ip), "the container is reachable")
    assert one.namespace.ip("-N", "route", "show", "dev", "docker0") == before
    assert "restored the connected route of docker0 to 100.96.1.0/24" in one.log("agent")
    assert one.status()["problems"] == []


def test_a_route_in_place_of_the_connected_one_is_named(one: AgentHost) -> None:
    foreign = ("100.96.1.0/24", "via", "10.168.0.99")
    one.namespace.ip("route", "replace", *foreign)
    one.await_problem("100.96.1.0/24", "replaces the connected route of docker0")
    one.namespace.ip("route", "delete", *foreign)
    one.await_ready()


@pytest.mark.parametrize("sysctl", ["net.ipv4.ip_forward", "net.ipv4.conf.docker0.forwarding"])
def test_disabled_forwarding_is_a_problem_at_once(one: AgentHost, sysctl: str) -> None:
    one.namespace.run("sysctl", "-qw", f"{sysctl}=0")
    try:
        eventually(
            lambda: any(f"{sysctl} is 0" in problem for problem in one.status()["problems"]),
            "the problem is in the status",
            5,
        )
        assert not one.is_ready()
        assert one.weftctl("status").returncode != 0
    finally:
        one.namespace.run("sysctl", "-qw", f"{sysctl}=1")
    eventually(one.is_ready, "the agent is ready again", 5)


def test_a_foreign_route_is_named_and_left_until_it_goes(one: AgentHost) -> None:
    foreign = ("100.96.0.0/16", "via", "10.168.0.99")
    one.namespace.ip("route", "flush", "proto", "87")
    one.namespace.ip("route", "replace", *foreign)
    one.await_problem("add route 100.96.0.0/16 dev flannel0", "weft did not add")
    assert "via 10.168.0.99" in one.namespace.ip("route", "show", "100.96.0.0/16")
    one.namespace.ip("route", "delete", *foreign)
    eventually(lambda: holds_all(one), "weft's route is there")


def test_a_host_without_its_lease_says_so_and_heals(fleet: Fleet, two: AgentHost) -> None:
    fleet.release(2)
    two.await_problem("no lease is held by 10.168.0.12", "subnet_reservation")
    assert not two.is_ready()
    assert two.weftctl("status").returncode == 2
    fleet.lease(2)
    two.await_ready()


def test_a_conflicting_lease_is_reported_and_gets_no_packets(fleet: Fleet, one: AgentHost) -> None:
    fleet.lease(0, "10.168.0.66", length=23)
    one.await_problem("the lease 100.96.0.0/23 of 10.168.0.66 overlaps", "remove one of the two")
    assert "100.96.0.0/23" not in one.peers()
    fleet.release(0, length=23)
    one.await_ready()


def test_a_network_that_cannot_be_used_is_named_and_changes_nothing(
    fleet: Fleet, one: AgentHost
) -> None:
    vxlan = {"Type": "vxlan", "VNI": 10_000_000}
    fleet.publish(json.dumps({"Network": "100.96.0.0/16", "Backend": vxlan}))
    one.await_problem("flannel.10000000", "15 characters", "below 10000000")
    assert reach(fleet)
    for unreadable in ('{"Network": ', f'{{"Network": {"1" * 5000}}}'):
        fleet.publish(unreadable)
        one.await_problem("JSON")
        assert reach(fleet)
    fleet.publish()


def test_a_host_that_may_reserves_a_subnet_that_never_expires(
    fleet: Fleet, newcomer: AgentHost
) -> None:
    newcomer.settings["lease"] = {"reserve": True}
    newcomer.start("agent")
    newcomer.await_ready()
    lease = newcomer.status()["lease"]
    assert lease["expires"] is False
    assert lease["subnet"] not in {fleet.hosts[0].subnet, fleet.hosts[1].subnet}
    key = f"/coreos.com/network/subnets/{lease['subnet'].replace('/', '-')}"
    announced = {
        "PublicIP": newcomer.public_ip,
        "PublicIPv6": None,
        "BackendData": {"weft": {"InnerChecksum": "partial"}},
    }
    eventually(lambda: json.loads(fleet.etcd.get(key)) == announced, "the lease says what it takes")
    fleet.etcd.etcdctl("del", key)


def test_a_lease_that_expires_is_renewed_as_long_as_the_agent_lives(
    fleet: Fleet, one: AgentHost, newcomer: AgentHost
) -> None:
    newcomer.settings["lease"] = {"reserve": True, "ttl": 2}
    newcomer.start("agent")
    newcomer.await_ready()
    lease = newcomer.status()["lease"]
    assert lease["expires"] is True
    key = f"/coreos.com/network/subnets/{lease['subnet'].replace('/', '-')}"
    eventually(lambda: "InnerChecksum" in fleet.etcd.get(key), "the lease says what it takes")
    first = _written(fleet, key)
    # More than two lives.
    time.sleep(5)
    # Kept alive as it is: neither granted nor written anew.
    assert _written(fleet, key) == first
    newcomer.kill("agent")
    eventually(lambda: lease["subnet"] not in one.peers(), "the lease of a dead host expires")


def test_another_count_of_queues_heals(one: AgentHost, two: AgentHost) -> None:
    """The device is made anew without its address and routes, which the agent lays again."""
    for queues, kind in ((2, "tun multi_queue vnet_hdr"), (1, "tun vnet_hdr")):
        one.settings["queues"] = queues
        assert one.terminate("agent") == 0
        one.start("agent")
        one.await_ready()
        assert kind in one.namespace.ip("tuntap", "list")
        assert pings(one.container, two.container_ip)


def test_an_agent_waits_for_its_datapath(fleet: Fleet, newcomer: AgentHost) -> None:
    newcomer.kill("datapath")
    fleet.lease(newcomer.number)
    newcomer.start("agent")
    newcomer.await_problem("the datapath: ", "datapath.sock")
    newcomer.start("datapath")
    newcomer.await_ready()
    assert pings(newcomer.container, fleet.hosts[0].container_ip)


def test_a_killed_datapath_continues_from_its_saved_table(fleet: Fleet, one: AgentHost) -> None:
    one.kill("datapath")
    one.start("datapath")
    eventually(lambda: reach(fleet), "the overlay forwards packets again")


def test_a_killed_agent_stops_no_packet_and_the_new_one_changes_nothing(
    fleet: Fleet, one: AgentHost
) -> None:
    applied = one.log("datapath").count("table applied")
    one.kill("agent")
    assert reach(fleet)
    told = one.weftctl("status")
    assert told.returncode == 2
    assert "is not running" in told.stdout
    fresh = len(one.log("agent"))
    one.start("agent")
    one.await_ready()
    assert one.log("datapath").count("table applied") == applied
    for words in ("add ", "remove ", "bring up", "repaired", "wrote"):
        assert words not in one.log("agent")[fresh:]


def test_an_agent_that_is_killed_and_started_under_load_costs_no_packet(
    one: AgentHost, two: AgentHost, tmp_path: Path
) -> None:
    tcp_listener(two.container, two.container_ip)
    size = 8 << 20
    with (
        ThreadPoolExecutor(1) as background,
        echoes(one.container, two.container_ip, tmp_path / "echoes") as figures,
    ):
        stream = background.submit(tcp_echo, one.container, two.container_ip, size)
        one.kill("agent")
        one.start("agent")
        one.await_ready()
        assert one.terminate("agent") == 0
        one.start("agent")
        one.await_ready()
        assert stream.result() == size
    print(f"agent killed, then restarted: {figures}")
    assert figures.lost == 0


def test_a_stopped_agent_leaves_the_overlay(fleet: Fleet, one: AgentHost) -> None:
    assert one.terminate("agent") == 0
    assert holds_all(one)
    assert reach(fleet)
    one.start("agent")


def test_an_agent_that_cannot_start_says_why(newcomer: AgentHost) -> None:
    newcomer.settings["interface"] = "eth0"
    newcomer.start("agent")
    assert newcomer.processes["agent"].wait(timeout=15) == 1
    assert "cannot start" in newcomer.log("agent")
    assert "interface is 'eth0'" in newcomer.log("agent")


def test_while_etcd_is_unreachable_the_overlay_works_repairs_itself_and_starts(
    fleet: Fleet, one: AgentHost
) -> None:
    fleet.etcd.kill()
    eventually(lambda: not one.status()["store"]["connected"], "the store is known to be away", 20)
    assert one.is_ready()
    assert reach(fleet)
    assert "unreachable" in one.weftctl("status").stdout
    one.kill("agent")
    one.namespace.ip("route", "flush", "proto", "87")
    one.namespace.run("iptables", "-t", "nat", "-F")
    one.start("agent")
    one.await_ready()
    assert holds_all(one)
    assert one.status()["store"]["connected"] is False
    assert reach(fleet)
    fleet.etcd.start()
    eventually(lambda: one.status()["store"]["connected"], "the store is followed again", 20)
    fleet.lease(41)
    eventually(lambda: "100.96.41.0/24" in one.peers(), "a lease after the outage")
    fleet.release(41)


def _written(fleet: Fleet, key: str) -> tuple[int, int]:
    """Return the revision at which a key was last written, and etcd's lease that it is on."""
    (entry,) = json.loads(fleet.etcd.etcdctl("get", key, "--write-out=json").stdout)["kvs"]
    return entry["mod_revision"], entry["lease"]
