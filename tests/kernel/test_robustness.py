# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures of links, addresses and neighbours while traffic flows."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import Popen

import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import (
    ACTIVE,
    Offload,
)
from tests.waiting import eventually

from .namespaces import Namespaces, counted
from .overlay_hosts import DEVICE, MTU, PORT, Host, raise_hosts, set_wire_offloads, wrong_checksums
from .traffic import pings, tcp_echo, tcp_listener, udp_echo, udp_listener

UNDERLAY_ROUTE = "10.168.0.0/24"

# Sends 100 datagrams a second to argv[1], so that traffic flows during each failure.
_STREAM = """
import contextlib, socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    while True:
        with contextlib.suppress(OSError):
            sender.sendto(bytes(1200), (sys.argv[1], 5009))
        time.sleep(0.01)
"""
# Sends the datagram argv[4], hexadecimal, from argv[1]:argv[2] to argv[3] as fast as it can.
_FLOOD = """
import contextlib, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.bind((sys.argv[1], int(sys.argv[2])))
    sender.connect((sys.argv[3], int(sys.argv[2])))
    data = bytes.fromhex(sys.argv[4])
    while True:
        with contextlib.suppress(OSError):
            sender.send(data)
"""


@pytest.fixture
def pair(made: Namespaces, tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """Two hosts whose containers send to each other; at the end both datapaths answer."""
    one, two = raise_hosts(made, tmp_path, 2)
    for host, peer in ((one, two), (two, one)):
        host.apply(peer)
        host.container.spawn(sys.executable, "-c", _STREAM, peer.container_ip)
    pids = [host.status()["pid"] for host in (one, two)]
    yield one, two
    assert [host.status()["pid"] for host in (one, two)] == pids
    for host in (one, two):
        assert host.answers()
        assert "Traceback" not in host.log


def expect_return(one: Host, two: Host) -> None:
    """Wait until both directions forward again, small packets and batches."""
    eventually(lambda: pings(one.container, two.container_ip), "packets flow again")
    tcp_listener(two.container, two.container_ip)
    assert tcp_echo(one.container, two.container_ip, 1 << 20) == 1 << 20


def spawn_flood(one: Host, two: Host) -> Popen[bytes]:
    """Send from the container of `one` to that of `two` faster than single packets are read."""
    return one.container.spawn(
        sys.executable, "-c", _FLOOD, one.container_ip, "5010", two.container_ip, "00" * 1200
    )


def end(process: Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _netfilter(host: Host, *rule: str) -> Callable[[str], None]:
    def change(verb: str) -> None:
        host.namespace.run("iptables", "-w", verb, "OUTPUT", "-p", "udp", *rule)

    return change


def test_a_local_firewall_refuses_and_then_does_not(pair: tuple[Host, Host]) -> None:
    """EPERM from the kernel itself: netfilter drops what is sent."""
    one, two = pair
    change = _netfilter(one, "--dport", str(PORT), "-j", "DROP")
    change("-A")
    eventually(lambda: one.drops().get("send-refused", 0) > 20, "the refusals are counted")
    change("-D")
    expect_return(one, two)


@pytest.mark.parametrize("kind", ["port-unreachable", "proto-unreachable", "host-prohibited"])
def test_icmp_errors_of_a_peer_lose_no_received_packet(pair: tuple[Host, Host], kind: str) -> None:
    """ECONNREFUSED, ENOPROTOOPT and EHOSTUNREACH, by a receive from the peer's queue."""
    one, two = pair
    rule = ("INPUT", "-p", "udp", "--dport", str(PORT), "-j", "REJECT", "--reject-with")
    before = counted(one.namespace, "IcmpInDestUnreachs")
    two.namespace.run("iptables", "-w", "-A", *rule, f"icmp-{kind}")
    eventually(lambda: counted(one.namespace, "IcmpInDestUnreachs") >= before + 3, "it is told", 30)
    two.namespace.run("iptables", "-w", "-D", *rule, f"icmp-{kind}")
    expect_return(one, two)
    assert one.drops().get("receive-error", 0) == 0


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("unreachable", "underlay-unreachable"), ("prohibit", "send-refused"), ("blackhole", None)],
)
def test_a_route_that_refuses_and_then_does_not(
    pair: tuple[Host, Host], kind: str, reason: str | None
) -> None:
    """EHOSTUNREACH, EACCES and EINVAL, returned by a send for such a route, of batches too."""
    one, two = pair
    one.namespace.ip("route", "add", kind, f"{two.public_ip}/32")
    flood = spawn_flood(one, two)
    counted_as = reason or "send-error"
    eventually(
        lambda: one.drops().get(counted_as, 0) > 2_000, f"{kind} is counted as {counted_as}", 30
    )
    end(flood)
    one.namespace.ip("route", "del", kind, f"{two.public_ip}/32")
    expect_return(one, two)
    # The error of one route must not disable an offload.
    assert one.status()["offloads"][Offload.UDP_GSO] == ACTIVE


def test_no_route_at_all_and_then_one(pair: tuple[Host, Host]) -> None:
    """ENETUNREACH."""
    one, two = pair
    one.namespace.ip("route", "del", UNDERLAY_ROUTE, "dev", "eth0")
    eventually(lambda: one.drops().get("underlay-unreachable", 0) > 20, "it is counted")
    one.namespace.ip("route", "add", UNDERLAY_ROUTE, "dev", "eth0", "src", one.public_ip)
    expect_return(one, two)


def test_a_queue_that_is_too_short(pair: tuple[Host, Host]) -> None:
    """A qdisc that holds one packet drops in the kernel; its errors are counted, not fatal."""
    one, two = pair
    one.namespace.run(
        *("tc", "qdisc", "add", "dev", "eth0", "root", "tbf"),
        *("rate", "80kbit", "burst", "1600", "limit", "1600"),
    )
    udp_flood = spawn_flood(one, two)
    before = one.status()["counters"]["packets_out"]
    eventually(lambda: one.status()["counters"]["packets_out"] > before + 10_000, "it floods")
    end(udp_flood)
    one.namespace.run("tc", "qdisc", "del", "dev", "eth0", "root")
    expect_return(one, two)


@pytest.mark.parametrize("device", ["eth0", DEVICE, "docker0"])
def test_links_flap(pair: tuple[Host, Host], device: str) -> None:
    one, two = pair
    for _turn in range(3):
        one.namespace.ip("link", "set", device, "down")
        time.sleep(0.2)
        one.namespace.ip("link", "set", device, "up")
    # The kernel removes the routes of a device that goes down; the agent adds them again.
    one.configure_device()
    expect_return(one, two)


def test_the_mtu_changes_under_traffic(pair: tuple[Host, Host]) -> None:
    one, two = pair
    for mtu in (1280, 576, 1500, 9000):
        for host in pair:
            host.namespace.ip("link", "set", "eth0", "mtu", str(mtu))
            one.underlay.ip("link", "set", f"host{host.number}", "mtu", str(max(mtu, 1500)))
        eventually(lambda: pings(one.container, two.container_ip), "packets flow again")
        # Without DF, a packet larger than the path MTU is fragmented inside.
        for size in ("100", str(MTU - 28), "4000"):
            cut = ("-s", size, "-M", "dont")
            eventually(partial(pings, one.container, two.container_ip, *cut), f"{size} bytes cross")
    for host in pair:
        host.namespace.ip("link", "set", "eth0", "mtu", "1500")
    for mtu in (600, MTU):
        one.namespace.ip("link", "set", DEVICE, "mtu", str(mtu))
        assert pings(one.container, two.container_ip, "-s", "1000")
    expect_return(one, two)


def test_the_address_is_removed_and_comes_back(pair: tuple[Host, Host]) -> None:
    one, two = pair
    for _turn in range(2):
        one.namespace.ip("address", "del", f"{one.public_ip}/24", "dev", "eth0")
        assert not pings(two.container, one.container_ip, "-W", "1", count=1)
        one.namespace.ip("address", "add", f"{one.public_ip}/24", "dev", "eth0")
        eventually(lambda: pings(one.container, two.container_ip), "packets flow again")
    expect_return(one, two)


def test_packets_whose_checksums_a_card_has_verified_are_forwarded(pair: tuple[Host, Host]) -> None:
    """The link to the container has GRO, as a network card: the kernel sets DATA_VALID."""
    one, two = pair
    set_wire_offloads(one.container, "eth0")
    set_wire_offloads(one.namespace, "docker0")
    assert pings(one.container, two.container_ip)
    before = two.drops().get("not-ipv4", 0)
    udp_listener(two.container, two.container_ip)
    udp_echo(one.container, two.container_ip, 100, 1000)
    tcp_listener(two.container, two.container_ip)
    assert tcp_echo(one.container, two.container_ip, 1 << 20) == 1 << 20
    assert two.drops().get("not-ipv4", 0) == before
    assert set(wrong_checksums(one, two)) == {0}


@dataclass
class Flooded:
    """A host that one peer floods with datagrams that it may send, and its other peer."""

    host: Host
    other: Host


@pytest.fixture
def flooded(made: Namespaces, tmp_path: Path) -> Iterator[Flooded]:
    one, flooding, other = raise_hosts(made, tmp_path, 3)
    one.apply(flooding, other)
    other.apply(one)
    flooding.kill()  # its port is ours now
    inner = IP(src=flooding.container_ip, dst=one.container_ip) / UDP(dport=9) / Raw(bytes(64))
    flood = flooding.namespace.spawn(
        *(sys.executable, "-c", _FLOOD, flooding.public_ip, str(PORT), one.public_ip),
        bytes(inner).hex(),
    )
    before = one.status()["counters"]["packets_in"]
    eventually(
        lambda: one.status()["counters"]["packets_in"] > before + 5_000, "the flood runs", 20
    )
    yield Flooded(one, other)
    end(flood)
    eventually(lambda: len(latencies(other, one.container_ip, 10)) == 10, "it leaves no trace")
    assert "Traceback" not in one.log


def test_a_flooding_peer_does_not_starve_control(flooded: Flooded) -> None:
    """Each answer arrives within the timeout of the client, five seconds."""
    for _turn in range(50):
        flooded.host.status()


def test_a_flooding_peer_does_not_starve_our_sends(flooded: Flooded) -> None:
    """The device has its turn after each burst of the socket's."""
    for _turn in range(3):
        before = flooded.host.drops().get("no-route", 0)
        pings(flooded.host.container, "100.96.9.9", "-W", "1", count=1)
        assert flooded.host.drops()["no-route"] == before + 1


def test_a_flooding_peer_does_not_starve_another(flooded: Flooded) -> None:
    """Each answer arrives within a second; the benchmark measures how soon."""
    assert len(latencies(flooded.other, flooded.host.container_ip, 100)) >= 95


def latencies(host: Host, target: str, count: int) -> list[float]:
    """The round-trip times, in ms, of those of `count` echo requests that are answered."""
    done = host.container.run(
        *("ping", "-n", "-c", str(count), "-i", "0.02", "-W", "1", target), check=False
    )
    return [float(found) for found in re.findall(r"time=([0-9.]+) ms", done.stdout)]
