# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our VXLAN with a kernel's device: on a link that passes GSO packets (P), and on a wire (W)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import Offload
from tests.waiting import eventually

from .namespaces import Namespace, Namespaces, counted
from .overlay_hosts import Machine, attach, raise_underlay, wrong_checksums
from .traffic import (
    UDP_PORT,
    Listener,
    inject,
    pings,
    tcp_echo,
    tcp_listener,
    udp_echo,
    udp_listener,
)
from .vxlan_hosts import (
    VNI,
    VXLAN_MTU,
    VXLAN_PORT,
    KernelVxlanHost,
    VxlanHost,
    raise_kernel_host,
    raise_vxlan_host,
    vtep_mac,
)

PAYLOAD_MAX = VXLAN_MTU - 28
OUTSIDER = "10.168.0.99"


@pytest.fixture
def underlay(made: Namespaces) -> Namespace:
    return raise_underlay(made)


@pytest.fixture
def ours(made: Namespaces, underlay: Namespace, tmp_path: Path) -> Iterator[VxlanHost]:
    host = raise_vxlan_host(made, underlay, tmp_path, 1)
    yield host
    assert host.answers()
    assert "Traceback" not in host.log


@pytest.fixture(params=["P", "W"])
def kernels(
    request: pytest.FixtureRequest, made: Namespaces, underlay: Namespace, ours: VxlanHost
) -> KernelVxlanHost:
    """A host with a kernel's device; it and ours are peers."""
    host = raise_kernel_host(made, underlay, 2)
    if request.param == "W":
        ours.use_wire_offloads()
        host.use_wire_offloads()
    ours.apply(host)
    host.add_peer(ours)
    return host


@pytest.fixture
def outsider(made: Namespaces, ours: VxlanHost) -> Namespace:
    namespace = made.add("outsider")
    attach(made, ours.underlay, namespace, "outsider", f"{OUTSIDER}/24")
    return namespace


def listen(*machines: Machine) -> list[Listener]:
    """Start echo servers in the containers; return the TCP ones."""
    for machine in machines:
        udp_listener(machine.container, machine.container_ip)
    return [tcp_listener(machine.container, machine.container_ip) for machine in machines]


def all_kinds_cross(one: Machine, two: Machine) -> None:
    """Ping, TCP and UDP of all sizes from one's container and host to two's container."""
    for source in (one.container, one.namespace):
        assert pings(source, two.container_ip)
        assert tcp_echo(source, two.container_ip, 16 << 20) == 16 << 20
        udp_echo(source, two.container_ip, 0, 1, 2, 63, 1400, PAYLOAD_MAX, 9000, 60000)


def test_everything_crosses_both_ways(ours: VxlanHost, kernels: KernelVxlanHost) -> None:
    to_ours, to_kernels = listen(ours, kernels)
    all_kinds_cross(ours, kernels)
    all_kinds_cross(kernels, ours)
    # No source address is rewritten: the first client of each is a container.
    assert to_ours.client_address() == kernels.container_ip
    assert to_kernels.client_address() == ours.container_ip
    assert set(wrong_checksums(ours, kernels)) == {0}
    assert set(ours.drops()) <= {"multicast"}


def test_a_full_packet_crosses_and_no_larger(ours: VxlanHost, kernels: KernelVxlanHost) -> None:
    for here, there in ((ours, kernels), (kernels, ours)):
        size = ("-M", "do", "-s")
        assert pings(here.container, there.container_ip, *size, str(PAYLOAD_MAX))
        assert not pings(here.container, there.container_ip, *size, str(PAYLOAD_MAX + 1))
        assert pings(here.container, there.container_ip, "-s", "4000")


def test_a_gso_packet_of_a_kernel_is_written_unsegmented(
    ours: VxlanHost, kernels: KernelVxlanHost
) -> None:
    """A GSO packet of a kernel is one write, so few packets transfer many bytes."""
    tcp_listener(ours.namespace, ours.base)
    assert tcp_echo(kernels.namespace, ours.base, 16 << 20) == 16 << 20
    received = counted(ours.namespace, "IpInReceives")
    assert received * VXLAN_MTU < 16 << 20


def test_userspace_peers(
    made: Namespaces, underlay: Namespace, ours: VxlanHost, tmp_path: Path
) -> None:
    other = raise_vxlan_host(made, underlay, tmp_path, 2)
    listen(ours, other)
    for announced in ({}, {"partial_checksum": True}):
        for host, peer in ((ours, other), (other, ours)):
            host.apply(peers=[{**host.peer(peer), **announced}])
        all_kinds_cross(ours, other)
    for host in (ours, other):
        host.use_wire_offloads()
    all_kinds_cross(other, ours)
    assert set(wrong_checksums(ours, other)) == {0}
    for host in (ours, other):
        assert set(host.drops()) <= {"multicast"}


def test_three_hosts_of_both_kinds(
    made: Namespaces, underlay: Namespace, ours: VxlanHost, tmp_path: Path
) -> None:
    kernels = raise_kernel_host(made, underlay, 2)
    other = raise_vxlan_host(made, underlay, tmp_path, 3)
    for host in (ours, other):
        host.apply(*({1: ours, 2: kernels, 3: other}[n] for n in {1, 2, 3} - {host.number}))
        kernels.add_peer(host)
    for here in (ours, kernels, other):
        for there in (ours, kernels, other):
            assert here is there or pings(here.container, there.container_ip)


def frame(
    source: Machine, destination: Machine, inner: Packet | None = None, **headers: object
) -> bytes:
    """A datagram from the VTEP of the machine, with fields of the VXLAN and Ethernet headers."""
    inner = inner or (
        IP(src=source.container_ip, dst=destination.container_ip)
        / UDP(sport=9, dport=UDP_PORT)
        / Raw(b"injected")
    )
    ethernet = Ether(src=vtep_mac(source), dst=headers.pop("dst", vtep_mac(destination)))
    return bytes(VXLAN(**{"flags": "Instance", "vni": VNI, **headers}) / ethernet / inner)


def test_packets_for_others_are_counted(
    made: Namespaces, ours: VxlanHost, kernels: KernelVxlanHost, outsider: Namespace
) -> None:
    us = (ours.public_ip, VXLAN_PORT)
    received = counted(ours.container, "IpInReceives")
    inject(outsider, (OUTSIDER, VXLAN_PORT), us, frame(kernels, ours))
    assert ours.drops() == {"stranger": 1}
    # A peer may send from any port, as kernels do, but only from its own subnet and to our VTEP.
    arp = ARP(op="who-has", psrc=kernels.base, pdst=ours.base)
    inject(
        kernels.namespace,
        (kernels.public_ip, 40000),
        us,
        frame(kernels, ours, vni=VNI + 1),
        frame(kernels, ours, vni=VNI + 1),
        frame(kernels, ours, flags=0),
        frame(kernels, ours, dst="02:77:0a:a8:00:63"),
        frame(kernels, ours, dst="ff:ff:ff:ff:ff:ff"),
        frame(kernels, ours, arp, dst="ff:ff:ff:ff:ff:ff"),
        frame(kernels, ours, IP(src="100.96.3.2", dst=ours.container_ip) / UDP()),
        frame(kernels, ours, IP(src=kernels.container_ip, dst="100.96.3.2") / UDP()),
        frame(kernels, ours)[:20],
        b"",
    )
    expected = {
        "stranger": 1,
        "other-vni": 2,
        "no-vni": 1,
        "inner-mac": 2,
        "not-ipv4": 1,
        "inner-source": 1,
        "inner-destination": 1,
        "truncated": 2,
    }
    eventually(lambda: ours.drops() == expected, "each is counted by its reason")
    assert counted(ours.container, "IpInReceives") == received
    inject(kernels.namespace, (kernels.public_ip, 40000), us, frame(kernels, ours))
    eventually(lambda: counted(ours.container, "IpInReceives") > received, "the right one arrives")


def test_another_network_on_the_same_port(ours: VxlanHost, kernels: KernelVxlanHost) -> None:
    """A kernel's device of another VNI: no packet crosses, and the received ones are counted."""
    ours.apply(kernels, vni=VNI + 1)
    assert not pings(kernels.container, ours.container_ip, "-W", "1")
    assert ours.drops() == {"other-vni": 2}
    assert not pings(ours.container, kernels.container_ip, "-W", "1")
    ours.apply(kernels)
    assert pings(kernels.container, ours.container_ip)


@pytest.mark.parametrize("offloads", [{}, {"coalesce-udp": False}])
def test_datagrams_merged_by_a_kernel_keep_their_sizes(
    ours: VxlanHost, kernels: KernelVxlanHost, offloads: dict[str, bool]
) -> None:
    ours.apply(kernels, **({"offloads": offloads} if offloads else {}))
    receiver = ours.container.spawn(
        *("python3", "-c", _RECEIVE_DATAGRAMS, ours.container_ip), stdout=-1
    )
    assert receiver.stdout is not None
    assert receiver.stdout.readline() == b"ready\n"
    kernels.container.run("python3", "-c", _SEND_TRAIN, ours.container_ip)
    assert receiver.stdout.readline().decode().split() == ["1000"] * 10 + ["7"]
    assert set(wrong_checksums(ours)) == {0}


def test_everything_crosses_without_offloads(ours: VxlanHost, kernels: KernelVxlanHost) -> None:
    ours.apply(kernels, offloads=dict.fromkeys(map(str, Offload), False))
    listen(ours, kernels)
    all_kinds_cross(ours, kernels)
    all_kinds_cross(kernels, ours)
    assert set(wrong_checksums(ours, kernels)) == {0}


_RECEIVE_DATAGRAMS = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
    receiver.bind((sys.argv[1], 5003))
    print("ready", flush=True)
    lengths = [len(receiver.recv(65536))]
    while lengths[-1] != 7:
        lengths.append(len(receiver.recv(65536)))
    print(*lengths, flush=True)
"""
_SEND_TRAIN = """
import socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.connect((sys.argv[1], 5003))
    sender.sendmsg([bytes(10000)], [(17, 103, struct.pack("=H", 1000))])
    sender.send(bytes(7))
"""
