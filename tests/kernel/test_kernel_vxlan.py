# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real agents keep the kernel's VXLAN as the store says: by level, whatever happened meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.waiting import eventually

from .agent_hosts import AgentHost, Fleet, raised_fleet
from .traffic import pings
from .vxlan_state import DEVICE, LaidPeer, laid_device, laid_peers, mac_of

FLANNELS_MAC = "c6:d2:32:6f:8f:28"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two hosts on the kernel's datapath, without a process of the userspace one."""
    with raised_fleet(tmp_path_factory.mktemp("fleet")) as fleet:
        fleet.publish_backend("vxlan")
        for number in (1, 2):
            fleet.lease(number)
            fleet.add_host(number, datapath="auto").start("agent")
        for host in fleet.hosts:
            host.await_ready()
        yield fleet


@pytest.fixture
def fleet(running: Fleet) -> Iterator[Fleet]:
    """The fleet; whatever a test does to it, it heals, and nothing crashed."""
    eventually(lambda: whole(running), "each host holds the other")
    yield running
    eventually(lambda: whole(running), f"healed: {[*map(laid_peers, running.hosts)]}")
    eventually(lambda: reach(running), "the containers reach each other")
    for host in running.hosts:
        host.await_ready()
        assert "Traceback" not in host.log("agent")


@pytest.fixture
def one(fleet: Fleet) -> AgentHost:
    return fleet.hosts[0]


def peer(number: int, mac: str | None = None, public_ip: str | None = None) -> LaidPeer:
    return LaidPeer(
        f"100.96.{number}.0/24", mac or mac_of(number), public_ip or f"10.168.0.{10 + number}"
    )


def whole(fleet: Fleet) -> bool:
    return all(
        laid_peers(host) == {peer(3 - host.number)} and is_well(host) for host in fleet.hosts
    )


def is_well(host: AgentHost) -> bool:
    device = laid_device(host)
    return device is not None and (device.up, device.mtu, device.mac, device.addresses) == (
        True,
        1450,
        mac_of(host.number),
        (f"100.96.{host.number}.0/32",),
    )


def reach(fleet: Fleet) -> bool:
    one, two = fleet.hosts
    return pings(one.container, two.container_ip) and pings(two.container, one.container_ip)


def lease_of_flannel(
    fleet: Fleet, number: int, mac: str = FLANNELS_MAC, public_ip: str | None = None
) -> None:
    data = {"VNI": 1, "VtepMAC": mac}
    fleet.lease(number, public_ip, BackendType="vxlan", BackendData=data)


def test_a_host_holds_what_flannel_would_lay(one: AgentHost) -> None:
    device = laid_device(one)
    assert device is not None
    assert dict(device.details) == {
        "id": 1,
        "link": "eth0",
        "local": "10.168.0.11",
        "port": 8472,
        "learning": False,
    }
    # Set, not random: systemd's MACAddressPolicy leaves it (net/core/rtnetlink.c, NET_ADDR_SET).
    type_file = f"/sys/class/net/{DEVICE}/addr_assign_type"
    assert one.namespace.run("cat", type_file).stdout.strip() == "3"
    assert "addrgenmode none" in one.namespace.ip("-d", "link", "show", DEVICE)
    assert "FLANNEL_MTU=1450\n" in one.subnet_file.read_text()
    status = one.status()
    assert (status["backend"], status["datapath"]) == ("vxlan", "kernel")
    shown = one.weftctl("status")
    assert shown.returncode == 0, shown.stdout
    assert "network    100.96.0.0/16, backend vxlan, datapath kernel\n" in shown.stdout


def test_leases_that_come_change_and_go_are_followed(fleet: Fleet, one: AgentHost) -> None:
    lease_of_flannel(fleet, 40)
    eventually(lambda: peer(40, FLANNELS_MAC) in laid_peers(one), "the peer came")
    changed = "c6:d2:32:6f:8f:29"
    lease_of_flannel(fleet, 40, changed)
    eventually(lambda: peer(40, changed) in laid_peers(one), "its MAC changed")
    lease_of_flannel(fleet, 40, changed, "10.168.0.77")
    eventually(lambda: peer(40, changed, "10.168.0.77") in laid_peers(one), "its IP changed")
    fleet.release(40)
    eventually(lambda: laid_peers(one) == {peer(2)}, "the peer went with all its entries")


def test_a_lease_of_another_type_is_no_peer(fleet: Fleet, one: AgentHost) -> None:
    fleet.lease(41, BackendType="host-gw")
    fleet.lease(42)
    lease_of_flannel(fleet, 40)
    eventually(lambda: peer(40, FLANNELS_MAC) in laid_peers(one), "the one of our type came")
    assert laid_peers(one) == {peer(2), peer(40, FLANNELS_MAC)}
    for number in (40, 41, 42):
        fleet.release(number)


@pytest.mark.parametrize(
    "damage",
    [
        "ip route flush proto 87",
        "ip link delete flannel.1",
        "ip link set flannel.1 down",
        "ip link set flannel.1 mtu 1300",
        "ip link set flannel.1 address de:ad:be:ef:00:01",
        "ip address flush dev flannel.1",
        "ip address add 100.96.99.0/32 dev flannel.1",
        "ip neigh flush dev flannel.1 nud permanent",
        "ip neigh replace 100.96.2.0 lladdr de:ad:be:ef:00:02 dev flannel.1 nud permanent",
        f"bridge fdb del {mac_of(2)} dev flannel.1 dst 10.168.0.12",
        f"bridge fdb replace {mac_of(2)} dev flannel.1 dst 10.168.0.99",
        "ip neigh add 100.96.77.0 lladdr de:ad:be:ef:00:03 dev flannel.1 nud permanent",
        "bridge fdb append de:ad:be:ef:00:03 dev flannel.1 dst 10.168.0.99",
        "ip route add 100.96.77.0/24 via 100.96.77.0 dev flannel.1 onlink proto 87",
    ],
)
def test_damage_mends_by_itself(fleet: Fleet, one: AgentHost, damage: str) -> None:
    if "neigh" in damage or "fdb" in damage:
        # The agent subscribes to no events of these: the next pass repairs them.
        one.namespace.run(*damage.split())
        assert laid_peers(one) != {peer(2)}
        one.namespace.ip("address", "add", "192.0.2.1/32", "dev", "lo")
        one.namespace.ip("address", "delete", "192.0.2.1/32", "dev", "lo")
    else:
        one.namespace.run(*damage.split())
    eventually(lambda: whole(fleet), f"repaired after: {damage}")


def test_a_device_of_other_attributes_is_made_anew_with_all_its_entries(
    fleet: Fleet, one: AgentHost
) -> None:
    one.namespace.run(
        *("sh", "-c", "ip link delete flannel.1; ip link add flannel.1 type vxlan id 1 dev eth0"),
        *("local", "10.168.0.11", "dstport", "4789"),
    )
    one.namespace.ip("link", "show", DEVICE)
    eventually(lambda: whole(fleet), "made anew")


def test_a_nic_that_bounces_costs_nothing_lasting(fleet: Fleet, one: AgentHost) -> None:
    one.namespace.ip("link", "set", "eth0", "down")
    assert not pings(one.container, fleet.hosts[1].container_ip, "-W", "1", count=1)
    one.namespace.ip("link", "set", "eth0", "up")
    eventually(lambda: whole(fleet) and reach(fleet), "as before")


def test_what_happened_while_the_agent_was_away_is_made_good_at_its_start(
    fleet: Fleet, one: AgentHost
) -> None:
    lease_of_flannel(fleet, 40)
    lease_of_flannel(fleet, 41, "c6:d2:32:6f:8f:29")
    eventually(lambda: len(laid_peers(one)) == 3, "two more peers")
    one.kill("agent")
    fleet.release(40)
    lease_of_flannel(fleet, 41, "c6:d2:32:6f:8f:30", "10.168.0.78")
    lease_of_flannel(fleet, 42, "c6:d2:32:6f:8f:31")
    one.start("agent")
    expected = {
        peer(2),
        peer(41, "c6:d2:32:6f:8f:30", "10.168.0.78"),
        peer(42, "c6:d2:32:6f:8f:31"),
    }
    eventually(lambda: laid_peers(one) == expected, "stale gone, changed applied, missing come")
    fleet.release(41)
    fleet.release(42)


def test_a_restart_of_the_agent_changes_nothing(fleet: Fleet, one: AgentHost) -> None:
    one.kill("agent")
    assert reach(fleet)
    fresh = len(one.log("agent"))
    one.start("agent")
    one.await_ready()
    for words in ("add ", "remove ", "bring up", "set the MAC", "deleted", "wrote"):
        assert words not in one.log("agent")[fresh:]


def test_while_etcd_is_unreachable_damage_is_repaired(fleet: Fleet, one: AgentHost) -> None:
    fleet.etcd.kill()
    eventually(lambda: not one.status()["store"]["connected"], "the store is known to be away", 20)
    one.kill("agent")
    one.namespace.ip("link", "delete", DEVICE)
    one.start("agent")
    eventually(lambda: whole(fleet), "laid again from what was kept")
    assert reach(fleet)
    fleet.etcd.start()
    eventually(lambda: one.status()["store"]["connected"], "the store is followed again", 20)


def test_changes_that_the_store_has_compacted_away_are_applied(
    fleet: Fleet, one: AgentHost
) -> None:
    lease_of_flannel(fleet, 40)
    lease_of_flannel(fleet, 41, "c6:d2:32:6f:8f:29")
    eventually(lambda: len(laid_peers(one)) == 3, "two more peers")
    agent = one.processes["agent"]
    agent.send_signal(signal.SIGSTOP)
    try:
        # Its watch ends unseen, and what it would resume with is gone.
        fleet.etcd.kill()
        fleet.etcd.start()
        fleet.release(40)
        lease_of_flannel(fleet, 41, "c6:d2:32:6f:8f:30", "10.168.0.78")
        fleet.compact()
    finally:
        agent.send_signal(signal.SIGCONT)
    expected = {peer(2), peer(41, "c6:d2:32:6f:8f:30", "10.168.0.78")}
    eventually(lambda: laid_peers(one) == expected, "listed anew", 30)
    fleet.release(41)


def test_what_weft_did_not_make_stays(fleet: Fleet, one: AgentHost) -> None:
    others = (
        "ip route add 192.0.2.0/24 via 10.168.0.99",
        "ip route add 100.96.200.0/24 dev flannel.1",
        "ip neigh add 10.168.0.99 lladdr de:ad:be:ef:00:04 dev eth0 nud permanent",
        "ip link add other type vxlan id 7 dev eth0 dstport 4789",
    )
    try:
        for other in others:
            one.namespace.run(*other.split())
        one.namespace.ip("link", "set", DEVICE, "mtu", "1300")
        eventually(lambda: whole(fleet), "repaired")
        assert "via 10.168.0.99" in one.namespace.ip("route", "show", "192.0.2.0/24")
        assert DEVICE in one.namespace.ip("route", "show", "100.96.200.0/24")
        assert "PERMANENT" in one.namespace.ip("neigh", "show", "10.168.0.99")
        one.namespace.ip("link", "show", "other")
    finally:
        for undone in ("link delete other", "route flush 192.0.2.0/24", "neigh flush dev eth0"):
            one.namespace.ip(*undone.split())
        one.namespace.ip("route", "flush", "100.96.200.0/24")


def test_two_hosts_with_one_public_ip_are_named(fleet: Fleet, one: AgentHost) -> None:
    lease_of_flannel(fleet, 40, mac_of(2), "10.168.0.12")
    one.await_problem("10.168.0.12 holds 100.96.2.0/24 and 100.96.40.0/24", "public_ip")
    assert laid_peers(one) == {peer(2), peer(40, mac_of(2), "10.168.0.12")}
    fleet.release(40)


def test_two_hosts_with_one_tunnel_end_are_named_and_the_first_is_kept(
    fleet: Fleet, one: AgentHost
) -> None:
    lease_of_flannel(fleet, 40, mac_of(2))
    one.await_problem("10.168.0.50 (100.96.40.0/24)", mac_of(2), "10.168.0.12 (100.96.2.0/24)")
    assert laid_peers(one) == {peer(2)}
    fleet.release(40)


def test_a_docker_network_in_a_peers_subnet_is_named(fleet: Fleet, one: AgentHost) -> None:
    one.namespace.ip("link", "add", "br-user", "type", "bridge")
    one.namespace.ip("link", "set", "br-user", "up")
    one.namespace.ip("address", "add", "100.96.2.129/25", "dev", "br-user")
    one.await_problem("br-user has the address 100.96.2.129/25", "100.96.2.0/24", "Docker")
    one.namespace.ip("link", "delete", "br-user")


def test_a_vni_that_another_device_has_is_named_and_taken_once_it_is_free(
    fleet: Fleet, one: AgentHost
) -> None:
    taking = "ip link delete flannel.1; ip link add rival type vxlan id 1 dev eth0 dstport 8472"
    one.kill("agent")
    one.namespace.run("sh", "-c", taking)
    one.start("agent")
    one.await_problem("add device flannel.1", "another device uses VNI 1", "publish another VNI")
    one.namespace.ip("link", "delete", "rival")
    one.await_ready()


def test_a_port_that_a_process_has_is_named_and_taken_once_it_is_free(
    fleet: Fleet, one: AgentHost
) -> None:
    one.namespace.ip("link", "delete", DEVICE)
    one.kill("agent")
    one.namespace.run("ip", "link", "delete", DEVICE, check=False)
    holder = one.namespace.spawn("python3", "-c", _HOLD_PORT, stdout=-1)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        one.start("agent")
        one.await_problem("bring up flannel.1", "the UDP port is in use", "ss -lunp")
    finally:
        holder.kill()
        holder.wait()
    one.await_ready()


def test_an_mtu_above_the_underlays_is_named_and_the_underlays_is_used(
    fleet: Fleet, one: AgentHost
) -> None:
    fleet.publish_backend("vxlan", MTU=9000)
    one.await_problem("the MTU of the network is 9000", "eth0 has 1500")
    assert is_well(one)
    fleet.publish_backend("vxlan")


def test_every_option_of_the_network_reaches_the_device(fleet: Fleet, one: AgentHost) -> None:
    fleet.publish_backend("vxlan", Port=4789, GBP=True, Learning=True, MTU=1400)

    def follows() -> bool:
        device = laid_device(one)
        return device is not None and device.mtu == 1350 and laid_peers(one) == {peer(2)}

    eventually(follows, "the device was made anew")
    shown = one.namespace.ip("-d", "link", "show", DEVICE)
    assert "dstport 4789" in shown
    assert " gbp " in shown
    assert "nolearning" not in shown
    eventually(lambda: reach(fleet), "on the other port, too")
    fleet.publish_backend("vxlan")


_HOLD_PORT = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
    holder.bind(("0.0.0.0", 8472))
    print("ready", flush=True)
    import time
    time.sleep(60)
"""
