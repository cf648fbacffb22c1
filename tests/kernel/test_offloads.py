# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The offloads with real kernels: on a link that passes GSO packets (P), and on a wire (W)."""

from __future__ import annotations

import errno
import fcntl
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import (
    ACTIVE,
    Offload,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process import probe
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets import tun
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import virtio_net
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.layer4 import (
    PROTOCOL_TCP,
    PROTOCOL_UDP,
)
from tests.waiting import eventually

from .namespaces import Namespaces, counted
from .overlay_hosts import DEVICE, MTU, PORT, Host, raise_hosts, wrong_checksums
from .traffic import inject, pings, tcp_echo, tcp_listener, udp_echo, udp_listener

PARTIAL = "partial-checksum"
ALL_OFF = dict.fromkeys(map(str, Offload), False)
CONFIGURATIONS = {
    "partial": (True, {}),
    "full": (False, {}),
    "no-gso": (True, {"udp-gso": False}),
    "no-gro": (True, {"udp-gro": False}),
    "no-tso": (True, {"tun-tso": False, "tun-uso": False}),
    "no-coalescing": (True, {"coalesce-tcp": False, "coalesce-udp": False}),
    "off": (False, ALL_OFF),
}


@pytest.fixture(params=["P", "W"])
def pair(
    request: pytest.FixtureRequest, made: Namespaces, tmp_path: Path
) -> Iterator[tuple[Host, Host]]:
    """Two hosts on a link of each mode; at the end no kernel has counted a wrong checksum."""
    one, two = raise_hosts(made, tmp_path, 2)
    if request.param == "W":
        for host in (one, two):
            host.use_wire_offloads()
    connect_hosts(one, two)
    yield one, two
    for host in (one, two):
        assert host.answers()
        assert "Traceback" not in host.log


def connect_hosts(one: Host, two: Host, configuration: str = "partial") -> None:
    apply_peer(one, two, configuration)
    apply_peer(two, one, configuration)


def apply_peer(host: Host, peer: Host, configuration: str) -> None:
    partial, offloads = CONFIGURATIONS[configuration]
    announced = {"partial_checksum": True} if partial else {}
    document = {"subnet": peer.subnet, "public_ip": peer.public_ip, **announced}
    changes = {"offloads": offloads} if offloads else {}
    host.apply(peer, peers=[document], **changes)


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_everything_crosses(pair: tuple[Host, Host], configuration: str) -> None:
    one, two = pair
    connect_hosts(one, two, configuration)
    tcp_listener(two.container, two.container_ip)
    udp_listener(two.container, two.container_ip)
    assert pings(one.container, two.container_ip, "-s", "4000")
    # From the container, and from the host, whose TCP uses the device directly.
    for source in (one.container, one.namespace):
        assert tcp_echo(source, two.container_ip, 8 << 20) == 8 << 20
        udp_echo(source, two.container_ip, 0, 1, 2, 63, 1400, MTU - 28, 9000, 60000)
    assert set(wrong_checksums(one, two)) == {0}
    for host in pair:
        assert set(host.drops()) <= {"multicast"}
        refused = [state for state in host.status()["offloads"].values() if "refused" in state]
        assert refused == []


def test_no_packet_is_lost_when_one_host_sees_an_announcement_first(
    pair: tuple[Host, Host],
) -> None:
    """While only one host has the announcement, no checksum stays partial."""
    one, two = pair
    tcp_listener(two.container, two.container_ip)
    udp_listener(two.container, two.container_ip)
    connect_hosts(one, two, "full")
    for first, other in ((one, two), (two, one)):
        apply_peer(first, other, "partial")
        assert first.status()["offloads"][PARTIAL] == ACTIVE
        udp_echo(one.container, two.container_ip, *[1000] * 10)
        assert tcp_echo(one.container, two.container_ip, 1 << 20) == 1 << 20
        apply_peer(first, other, "full")
    assert set(wrong_checksums(one, two)) == {0}


def test_batches_need_fewer_calls(pair: tuple[Host, Host]) -> None:
    """TCP arrives in GSO packets: the receiving kernel sees far fewer packets than the wire."""
    one, two = pair
    tcp_listener(two.namespace, two.base)
    before = device_packets(two)
    assert tcp_echo(one.namespace, two.base, 32 << 20) == 32 << 20
    (peer,) = two.status()["peers"]
    assert device_packets(two) - before < peer["packets_in"] / 3


def device_packets(host: Host) -> int:
    (link,) = json.loads(host.namespace.ip("-s", "-j", "link", "show", "dev", DEVICE))
    return int(link["stats64"]["rx"]["packets"])


def test_datagrams_of_one_batch_stay_datagrams(pair: tuple[Host, Host]) -> None:
    one, two = pair
    receiver = two.container.spawn(
        *("python3", "-c", _COUNT_DATAGRAMS, two.container_ip, "4000"), stdout=-1
    )
    assert receiver.stdout is not None
    assert receiver.stdout.readline() == b"ready\n"
    one.container.run("python3", "-c", _SEND_DATAGRAMS, two.container_ip, "4000")
    assert receiver.stdout.readline() == b"4000 in order\n"


_SEND_DATAGRAMS = """
import socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.connect((sys.argv[1], 5003))
    for number in range(int(sys.argv[2])):
        sender.send(number.to_bytes(4, "big") * (8 if number % 50 else 5))
        if number % 100 == 0:
            time.sleep(0.005)
"""
_COUNT_DATAGRAMS = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    receiver.bind((sys.argv[1], 5003))
    receiver.settimeout(10)
    print("ready", flush=True)
    wanted = int(sys.argv[2])
    for number in range(wanted):
        data = receiver.recv(65536)
        assert data == number.to_bytes(4, "big") * (8 if number % 50 else 5), (number, data)
    print(wanted, "in order", flush=True)
"""


def test_a_wrong_checksum_arrives_wrong(pair: tuple[Host, Host]) -> None:
    """A batch with one wrong segment, as a peer would send it: only that one is dropped."""
    one, two = pair
    for configuration in ("full", "partial"):
        connect_hosts(one, two, configuration)
        two.kill()  # frees its port for the test
        before = counted(one.container, "UdpInCsumErrors")
        received = counted(one.container, "IpInReceives")
        datagrams = [
            bytes(
                IP(src=two.container_ip, dst=one.container_ip, id=index, flags="DF")
                / UDP(sport=9, dport=5002)
                / Raw(bytes([index] * 40))
            )
            for index in range(6)
        ]
        broken = bytearray(datagrams[3])
        broken[27] ^= 1
        datagrams[3] = bytes(broken)
        inject(two.namespace, (two.public_ip, PORT), (one.public_ip, PORT), *datagrams)
        eventually(
            lambda: counted(one.container, "UdpInCsumErrors") == before + 1,  # noqa: B023
            "the wrong one is counted by the container's kernel",
        )
        assert counted(one.container, "IpInReceives") >= received + 1
        two.start()


@pytest.mark.parametrize("table", ["main", "100"])
def test_a_smaller_path_mtu_is_discovered(pair: tuple[Host, Host], table: str) -> None:
    """The path MTU is smaller than that of the devices, for all sources or for ours only.

    Our source is not the default one of the host.
    """
    one, two = pair
    if table != "main":
        one.namespace.ip("rule", "add", "from", one.public_ip, "lookup", table)
        one.namespace.ip("address", "add", "10.168.0.99/24", "dev", "eth0")
        one.namespace.ip("route", "replace", "10.168.0.0/24", "dev", "eth0", "src", "10.168.0.99")
    one.namespace.ip(
        *("route", "add", f"{two.public_ip}/32", "dev", "eth0", "mtu", "1400", "table", table)
    )
    tcp_listener(two.container, two.container_ip)
    assert tcp_echo(one.container, two.container_ip, 1 << 20) == 1 << 20
    assert pings(one.container, two.container_ip, "-s", "3000", "-M", "dont")
    assert counted(one.namespace, "IpFragCreates") == 0
    done = one.container.run(
        *("ping", "-n", "-c", "2", "-W", "1", "-M", "do", "-s", str(MTU - 28), two.container_ip),
        check=False,
    )
    assert "1372" in done.stdout + done.stderr


# Changes to the virtio-net header of a GSO packet that the driver refuses or accepts.
REFUSED = [
    {"gso_size": 0},
    {"csum_offset": 4000},
    {"header_length": 4000},
    {"gso_type": 0x7F},
]
ACCEPTED = [
    {},
    {"header_length": 0},
    {"gso_size": 1000},
    {"gso_type": virtio_net.GSO_TCPV4 | virtio_net.GSO_ECN},
]


def test_packets_that_the_driver_accepts(made: Namespaces) -> None:
    """The behaviour on which the start-up probe relies."""
    device = probe._open_temporary()
    try:
        for change in ACCEPTED:
            packet = probe.gso_packet(PROTOCOL_TCP, **change)
            assert os.write(device, packet) == len(packet), change
        packet = probe.gso_packet(PROTOCOL_UDP)
        assert os.write(device, packet) == len(packet)
        for protocol, change in itertools.product((PROTOCOL_TCP, PROTOCOL_UDP), REFUSED):
            with pytest.raises(OSError) as refused:  # noqa: PT011
                os.write(device, probe.gso_packet(protocol, **change))
            assert refused.value.errno == errno.EINVAL, (protocol, change)
        other_version = bytearray(probe.gso_packet(PROTOCOL_TCP))
        other_version[virtio_net.LENGTH] = 0x15
        for refused_alone in (
            probe.gso_packet(PROTOCOL_UDP, flags=0),
            # 201 segments; UDP_MAX_SEGMENTS is 128.
            probe.gso_packet(PROTOCOL_UDP, gso_size=1),
            probe.gso_packet(PROTOCOL_UDP, gso_type=virtio_net.GSO_TCPV4),
            probe.gso_packet(PROTOCOL_TCP, gso_type=virtio_net.GSO_UDP_L4),
            bytes(other_version),
        ):
            with pytest.raises(OSError) as refused:  # noqa: PT011
                os.write(device, refused_alone)
            assert refused.value.errno == errno.EINVAL, refused_alone.hex()
        for cut in (b"", virtio_net.PLAIN[:5], virtio_net.PLAIN):
            with pytest.raises(OSError):  # noqa: PT011
                os.write(device, cut)
        # Reads: UDP's two bits together or not at all, and nothing without checksums.
        fcntl.ioctl(device, tun.TUNSETOFFLOAD, 0)
        tun.set_offloads(device, checksum=True, tcp=True, udp=True)
        with pytest.raises(OSError) as refused:  # noqa: PT011
            fcntl.ioctl(device, tun.TUNSETOFFLOAD, tun.TUN_F_CSUM | tun.TUN_F_USO4)
        assert refused.value.errno == errno.EINVAL
    finally:
        os.close(device)
    assert b"weft-probe" not in Path("/proc/net/dev").read_bytes()
