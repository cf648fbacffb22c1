# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The udp backend with real datapath processes, devices and packets."""

from __future__ import annotations

import os
import random
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.client import (
    DatapathRefusedError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets.udp_socket import (
    BUFFER_SIZE,
)
from tests.waiting import eventually

from .namespaces import Namespace, Namespaces
from .overlay_hosts import DEVICE, MTU, PORT, Host, attach, raise_hosts
from .traffic import UDP_PORT, inject, pings, tcp_echo, tcp_listener, udp_echo, udp_listener

PAYLOAD_MAX = MTU - 28  # of an echo request or a UDP datagram that fits the device


@pytest.fixture
def pair(made: Namespaces, tmp_path: Path) -> Iterator[list[Host]]:
    """Two hosts that are peers; at the end of a test both datapaths still answer."""
    one, two = raise_hosts(made, tmp_path, 2)
    one.apply(two)
    two.apply(one)
    yield [one, two]
    for host in (one, two):
        assert host.answers()
        assert "Traceback" not in host.log


@pytest.fixture
def outsider(made: Namespaces, pair: list[Host]) -> Namespace:
    """A machine on the underlay without a lease."""
    namespace = made.add("outsider")
    attach(made, pair[0].underlay, namespace, "outsider", "10.168.0.99/24")
    return namespace


def inner(source: str, destination: str, port: int = UDP_PORT) -> bytes:
    return bytes(IP(src=source, dst=destination) / UDP(sport=9, dport=port) / Raw(b"injected"))


def test_containers_reach_each_other(pair: list[Host]) -> None:
    one, two = pair
    assert pings(one.container, two.container_ip)
    assert pings(two.container, one.container_ip)
    # The hosts too, whose address is the subnet's base.
    assert pings(one.namespace, two.container_ip)
    assert pings(one.container, two.base)
    assert one.drops() == two.drops() == {}
    (peer,) = one.status()["peers"]
    assert peer["public_ip"] == two.public_ip
    assert peer["packets_in"] == peer["packets_out"] == 8
    assert peer["bytes_in"] == 8 * 84
    assert peer["last_heard"] is not None


def test_two_hops_as_between_routers(pair: list[Host]) -> None:
    one, two = pair
    done = one.container.run("ping", "-n", "-c", "1", two.container_ip)
    assert "ttl=62" in done.stdout


def test_tcp_both_ways_keeps_source_and_content(pair: list[Host]) -> None:
    for here, there in (pair, pair[::-1]):
        listener = tcp_listener(there.container, there.container_ip)
        assert tcp_echo(here.container, there.container_ip, 8 << 20) == 8 << 20
        assert listener.client_address() == here.container_ip


def test_udp_of_every_size(pair: list[Host]) -> None:
    for here, there in (pair, pair[::-1]):
        listener = udp_listener(there.container, there.container_ip)
        udp_echo(here.container, there.container_ip, 0, 1, 64, 1400, PAYLOAD_MAX, 9000, 60000)
        assert listener.client_address() == here.container_ip


def test_a_full_packet_crosses_in_one_datagram_and_no_fragment(pair: list[Host]) -> None:
    one, two = pair
    assert pings(one.container, two.container_ip, "-M", "do", "-s", str(PAYLOAD_MAX))
    assert not pings(one.container, two.container_ip, "-M", "do", "-s", str(PAYLOAD_MAX + 1))
    (peer,) = two.status()["peers"]
    assert (peer["packets_in"], peer["bytes_in"]) == (2, 2 * MTU)
    created = one.namespace.run("nstat", "-asz", "IpFragCreates").stdout.split()
    assert created[created.index("IpFragCreates") + 1] == "0"


def test_inner_fragments_cross(pair: list[Host]) -> None:
    one, two = pair
    assert pings(one.container, two.container_ip, "-s", "4000")
    assert two.status()["counters"]["packets_in"] == 6


def test_datagrams_of_an_unknown_sender_are_dropped(pair: list[Host], outsider: Namespace) -> None:
    one, two = pair
    received = inner_udp_received(one)
    forged = inner(two.container_ip, one.container_ip)
    inject(outsider, ("10.168.0.99", PORT), (one.public_ip, PORT), forged, b"", b"\xff" * 3)
    assert one.drops() == {"stranger": 3}
    # A peer's address, but a process that is not its datapath.
    inject(two.namespace, (two.public_ip, 40000), (one.public_ip, PORT), forged)
    assert one.drops() == {"stranger": 3, "source-port": 1}
    assert inner_udp_received(one) == received
    assert one.status()["counters"]["packets_in"] == 0


def inner_udp_received(host: Host) -> int:
    """Return how many UDP packets reached the container, wanted or not."""
    words = host.container.run("nstat", "-asz", "IpInReceives").stdout.split()
    return int(words[words.index("IpInReceives") + 1])


def test_a_peer_cannot_use_the_source_of_another_or_route_through_us(pair: list[Host]) -> None:
    one, two = pair
    two.kill()  # frees its port for the test
    received = inner_udp_received(one)
    inject(
        two.namespace,
        (two.public_ip, PORT),
        (one.public_ip, PORT),
        inner("100.96.3.2", one.container_ip),
        inner(one.container_ip, one.container_ip),
        inner("192.0.2.1", one.container_ip),
        inner(two.container_ip, "100.96.3.2"),
        inner(two.container_ip, one.public_ip),
    )
    assert one.drops() == {"inner-source": 3, "inner-destination": 2}
    assert inner_udp_received(one) == received
    # A valid packet passes, so the drops above are not caused by the setup.
    inject(
        two.namespace,
        (two.public_ip, PORT),
        (one.public_ip, PORT),
        inner(two.container_ip, one.container_ip) + b"padding",
    )
    eventually(lambda: inner_udp_received(one) > received, "the valid packet arrives")
    two.start()


def test_garbage_from_a_peer(pair: list[Host]) -> None:
    one, two = pair
    two.kill()
    chance = random.Random(2026)
    good = inner(two.container_ip, one.container_ip)
    cut = [good[:length] for length in range(len(good))]
    noise = [chance.randbytes(chance.randrange(100)) for _ in range(1000)]
    damaged = []
    for _ in range(1000):
        data = bytearray(good)
        data[chance.randrange(20)] = chance.randrange(256)
        damaged.append(bytes(data))
    everything = [*cut, *noise, *damaged, bytes(1472), b"\x60" + bytes(60)]
    inject(two.namespace, (two.public_ip, PORT), (one.public_ip, PORT), *everything)

    def accounted_for() -> bool:
        counters = one.status()["counters"]
        return counters["packets_in"] + sum(one.drops().values()) == len(everything)

    eventually(accounted_for, "every datagram is forwarded or counted")
    drops = one.drops()
    assert drops["truncated"] >= len(cut)
    assert {"not-ipv4", "malformed", "inner-source", "inner-destination"} <= set(drops)
    two.start()
    assert pings(one.container, two.container_ip)


def test_an_absent_lease_is_answered_with_icmp(pair: list[Host]) -> None:
    one, _two = pair
    # Strict reverse-path filtering, as some distributions set it, accepts the answer.
    for interface in ("all", DEVICE):
        one.namespace.run("sysctl", "-qw", f"net.ipv4.conf.{interface}.rp_filter=1")
    for namespace in (one.container, one.namespace):
        done = namespace.run("ping", "-n", "-c", "1", "-W", "2", "100.96.9.9", check=False)
        assert "Destination Net Unreachable" in done.stdout
    counters = one.status()["counters"]
    assert (counters["unreachables_sent"], one.drops()) == (2, {"no-route": 2})
    # Without the bridge, packets to our own subnet take the route of the network.
    one.namespace.ip("link", "set", "docker0", "down")
    done = one.namespace.run("ping", "-n", "-c", "1", "-W", "2", one.container_ip, check=False)
    assert "Destination Host Unreachable" in done.stdout
    assert one.drops() == {"no-route": 2, "own-subnet": 1}


def test_unreachables_are_limited(pair: list[Host]) -> None:
    one, _two = pair
    one.container.run(
        "ping", "-q", "-c", "300", "-i", "0.001", "-W", "1", "100.96.9.9", check=False
    )
    counters = one.status()["counters"]
    assert counters["drops"]["no-route"] == 300
    assert counters["unreachables_sent"] + counters["unreachables_suppressed"] == 300
    assert 50 <= counters["unreachables_sent"] < 250
    assert counters["unreachables_suppressed"] > 0


def test_multicast_and_broadcast_are_not_forwarded(pair: list[Host]) -> None:
    one, _two = pair
    before = one.drops().get("multicast", 0)
    one.namespace.run(*("ping", "-c", "1", "-W", "1", "-I", DEVICE, "224.0.0.251"), check=False)
    one.namespace.run("ping", "-c", "1", "-W", "1", "-b", "100.96.255.255", check=False)
    drops = one.drops()
    assert drops["multicast"] > before
    assert drops["broadcast"] == 1
    assert one.status()["counters"]["packets_out"] == 0


def test_kill_9_is_repaired_from_the_table_file(pair: list[Host]) -> None:
    one, two = pair
    address = one.namespace.ip("-4", "-o", "address", "show", "dev", DEVICE)
    one.kill()
    # The device, its address and its route stay, so no packet takes the default route meanwhile.
    assert one.namespace.ip("-4", "-o", "address", "show", "dev", DEVICE) == address
    assert f"dev {DEVICE}" in one.namespace.ip("route", "get", two.container_ip)
    assert not pings(one.container, two.container_ip, "-W", "1", count=1)
    one.start()
    assert one.status()["table"] == one.table
    eventually(lambda: pings(one.container, two.container_ip), "packets flow without the agent")
    # The same after a regular restart.
    assert one.process is not None
    one.process.terminate()
    assert one.process.wait(10) == 0
    assert not (one.folder / "control.sock").exists()
    one.start()
    assert pings(one.container, two.container_ip)


def test_a_boot_before_the_underlay_has_its_address(pair: list[Host]) -> None:
    one, two = pair
    one.kill()
    one.namespace.ip("address", "del", f"{one.public_ip}/24", "dev", "eth0")
    one.start()
    assert one.status()["forwarding"]
    one.namespace.ip("address", "add", f"{one.public_ip}/24", "dev", "eth0")
    assert pings(one.container, two.container_ip)


def test_the_table_changes_under_traffic(made: Namespaces, tmp_path: Path) -> None:
    one, two, three = raise_hosts(made, tmp_path, 3)
    one.apply(two)
    two.apply(one)
    three.apply(one, two)
    assert not pings(one.container, three.container_ip, count=1)
    one.apply(two, three)
    assert pings(one.container, three.container_ip)
    one.apply(two, three)  # again: no change
    before = peer_packets(one, two)
    assert pings(one.container, two.container_ip)
    one.apply(two)
    # A peer that stays keeps its counters; a removed one is an unknown sender.
    assert peer_packets(one, two) == before + 2
    one.apply(
        peers=[{**one.peer(two), "partial_checksum": True}]
    )  # the same peer, which announces more
    assert peer_packets(one, two) == before + 2
    inject_from = (three.public_ip, PORT)
    three.kill()
    inject(
        three.namespace,
        inject_from,
        (one.public_ip, PORT),
        inner(three.container_ip, one.container_ip),
    )
    assert one.drops()["stranger"] == 1


def peer_packets(host: Host, peer: Host) -> int:
    (found,) = (
        status for status in host.status()["peers"] if status["public_ip"] == peer.public_ip
    )
    return found["packets_in"]


def test_a_refused_table_changes_nothing(pair: list[Host]) -> None:
    one, two = pair
    stored = (one.folder / "table.json").read_bytes()
    wrong = [
        {**one.table, "bind": "192.0.2.1"},
        {**one.table, "device": "eth0"},
        {**one.table, "peers": [{"subnet": one.subnet, "public_ip": two.public_ip}]},
        # Each opens a descriptor that must be closed when the next step fails.
        {**one.table, "device": "eth0", "port": 9000},
        {**one.table, "device": "other0", "bind": "192.0.2.1"},
    ]
    descriptors = open_descriptors(one)
    for table in wrong:
        with pytest.raises(DatapathRefusedError):
            one.client.apply(table)
    assert one.status()["table"] == one.table
    assert (one.folder / "table.json").read_bytes() == stored
    # The server closes a client's connection a moment after the client.
    eventually(lambda: open_descriptors(one) <= descriptors, "what was opened is closed")
    assert "other0" not in one.namespace.ip("-br", "link")
    assert pings(one.container, two.container_ip)


def open_descriptors(host: Host) -> int:
    assert host.process is not None
    return len(os.listdir(f"/proc/{host.process.pid}/fd"))  # noqa: PTH208


def test_the_port_and_the_address_move(pair: list[Host]) -> None:
    one, two = pair
    for host, peer in ((one, two), (two, one)):
        host.apply(peer, port=9000)
    assert pings(one.container, two.container_ip)
    # To all addresses and back: each overlaps the one before.
    for bind in ("0.0.0.0", one.public_ip):
        one.apply(two, port=9000, bind=bind)
        assert pings(one.container, two.container_ip)
    one.namespace.ip("address", "add", "10.168.0.111/24", "dev", "eth0")
    one.apply(two, port=9000, bind="10.168.0.111")
    two.client.apply({**two.table, "peers": [{"subnet": one.subnet, "public_ip": "10.168.0.111"}]})
    assert pings(one.container, two.container_ip)
    # No other process may share the port, even with SO_REUSEADDR.
    with pytest.raises(AssertionError, match="Address already in use"):
        inject(one.namespace, ("10.168.0.111", 9000), (two.public_ip, 9000))


def test_a_full_receive_queue_is_counted_across_sockets(
    pair: list[Host], outsider: Namespace
) -> None:
    one, two = pair
    assert one.process is not None
    one.process.send_signal(signal.SIGSTOP)
    # More than the kernel's accounting of the buffer takes, at some 800 bytes for each at least.
    sent = 2 * BUFFER_SIZE // 800
    inject(outsider, ("10.168.0.99", PORT), (one.public_ip, PORT), *[b"x"] * sent)
    one.process.send_signal(signal.SIGCONT)
    eventually(lambda: sum(one.drops().values()) == sent, "each is counted, read or lost")
    lost = one.drops()["receive-queue-full"]
    assert 0 < lost < sent
    one.apply(two, port=9000)
    assert one.drops()["receive-queue-full"] == lost


def test_the_device_is_deleted_while_open(pair: list[Host]) -> None:
    one, two = pair
    one.namespace.ip("link", "delete", DEVICE)
    eventually(lambda: DEVICE in one.namespace.ip("-br", "link"), "the device is back")
    eventually(lambda: one.status()["forwarding"], "it is in use")
    assert "the device was deleted" in one.log
    one.configure_device()
    assert pings(one.container, two.container_ip)


def test_the_device_goes_down_and_up(pair: list[Host]) -> None:
    one, two = pair
    one.namespace.ip("link", "set", DEVICE, "down")
    assert not pings(two.container, one.container_ip, "-W", "1")
    assert one.drops() == {"device-down": 2}
    one.configure_device()
    assert pings(two.container, one.container_ip)


def test_the_underlay_goes_down_and_up(pair: list[Host]) -> None:
    one, two = pair
    one.namespace.ip("link", "set", "eth0", "down")
    assert not pings(one.container, two.container_ip, "-W", "1")
    assert one.drops() == {"underlay-unreachable": 2}
    one.namespace.ip("link", "set", "eth0", "up")
    eventually(lambda: pings(one.container, two.container_ip), "packets flow again")


def test_another_device_takes_over(pair: list[Host]) -> None:
    one, two = pair
    one.apply(two, device="weft7")
    links = one.namespace.ip("-br", "link")
    assert "weft7" in links
    assert DEVICE not in links
    assert pings(one.container, two.container_ip)


def test_remove_leaves_nothing(pair: list[Host]) -> None:
    one, two = pair
    one.client.remove()
    assert DEVICE not in one.namespace.ip("-br", "link")
    assert not (one.folder / "table.json").exists()
    assert one.status()["table"] is None
    assert one.namespace.run("ss", "-Hlun", f"sport = :{PORT}").stdout == ""
    one.client.remove()
    one.apply(two)
    assert pings(one.container, two.container_ip)


def test_a_flood_of_an_unknown_sender_delays_neither_control_nor_packets(
    pair: list[Host], outsider: Namespace
) -> None:
    one, two = pair
    flood = outsider.spawn(
        sys.executable,
        "-c",
        "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"while True: s.sendto(bytes(64), ('{one.public_ip}', {PORT}))\n",
    )
    eventually(lambda: one.drops().get("stranger", 0) > 0, "the flood arrives")
    eventually(lambda: "the kernel drops their datagrams" in one.log, "the filter is attached")
    unknown = one.drops()["stranger"]
    for _ in range(20):
        one.status()
    # A new table, a new filter.
    one.apply(two, mtu=MTU - 4)
    assert one.drops()["stranger"] < unknown + 1000
    # The other direction still has its turn.
    assert pings(one.container, "100.96.9.9", count=1) is False
    assert one.drops()["no-route"] == 1
    assert pings(one.container, two.container_ip)
    flood.kill()
    flood.wait()
    eventually(lambda: "the flood from unknown senders is over" in one.log, "filter detached")
    unknown = one.drops()["stranger"]
    inject(outsider, ("10.168.0.99", PORT), (one.public_ip, PORT), b"x")
    assert one.drops()["stranger"] == unknown + 1
    assert pings(one.container, two.container_ip)


def test_only_the_owner_attaches_to_the_device(pair: list[Host]) -> None:
    one, _two = pair
    assert f"{DEVICE}: tun vnet_hdr persist user 0" in one.namespace.ip("tuntap", "list")
    mode = (one.folder / "control.sock").stat().st_mode
    assert stat.S_IMODE(mode) == 0o660


def test_a_second_datapath_does_not_disturb_the_first(pair: list[Host]) -> None:
    one, two = pair
    assert one.process is not None
    second = one.spawn()
    assert second.wait(10) == 1
    assert "another datapath is listening there" in one.log
    assert one.status()["pid"] == one.process.pid
    assert pings(one.container, two.container_ip)
