# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two queues of the device, each with a worker process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.client import (
    DatapathRefusedError,
)
from tests.waiting import eventually

from .namespaces import Namespace, Namespaces
from .overlay_hosts import DEVICE, NETWORK, Host, raise_hosts, wrong_checksums
from .traffic import TCP_PORT, pings, tcp_echo, tcp_listener

FLOWS = 64


@pytest.fixture
def pair(made: Namespaces, tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """Two hosts with two queues each; at the end of a test both datapaths still answer."""
    one, two = raise_hosts(made, tmp_path, 2)
    one.apply(two, queues=2)
    two.apply(one, queues=2)
    yield one, two
    for host in (one, two):
        assert host.answers()
        assert "Traceback" not in host.log


def workers(host: Host) -> list[int]:
    return host.status()["workers"]


def bytes_read(pid: int) -> int:
    """Return what a process has read with read and readv: a worker's packets from the device."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def send_one_datagram_a_flow(source: Namespace, target: str) -> None:
    """Send a datagram from each of FLOWS ports; none is answered, so the flows stay separate."""
    source.run(sys.executable, "-c", _ONE_A_FLOW, target, str(FLOWS))


_ONE_A_FLOW = """
import socket, sys
for flow in range(int(sys.argv[2])):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("", 6000 + flow))
        sender.sendto(b"one", (sys.argv[1], 9))
"""


def test_four_streams_both_ways(pair: tuple[Host, Host]) -> None:
    one, two = pair
    assert pings(one.container, two.container_ip)
    ports = range(TCP_PORT, TCP_PORT + 4)
    listeners = [tcp_listener(two.container, two.container_ip, port) for port in ports]
    size = 4 << 20
    with ThreadPoolExecutor(len(ports)) as streams:
        # Each byte is echoed, so that both directions are busy.
        echoed = streams.map(
            lambda port: tcp_echo(one.container, two.container_ip, size, port), ports
        )
        assert list(echoed) == [size] * len(ports)
    assert {listener.client_address() for listener in listeners} == {one.container_ip}
    assert set(wrong_checksums(one, two)) == {0}
    assert one.drops() == two.drops() == {}


def test_both_workers_forward_and_their_counters_are_summed(pair: tuple[Host, Host]) -> None:
    one, two = pair
    before = [bytes_read(pid) for pid in workers(one)]
    # An ICMP error comes back for each; no process receives it.
    send_one_datagram_a_flow(one.container, two.container_ip)
    (peer,) = one.status()["peers"]
    assert peer["packets_out"] == one.status()["counters"]["packets_out"] == FLOWS
    assert peer["bytes_out"] == FLOWS * (20 + 8 + len(b"one"))
    after = [bytes_read(pid) for pid in workers(one)]
    assert len(after) == 2
    assert all(now > then + 100 for now, then in zip(after, before, strict=True))


def test_a_table_reaches_every_worker(pair: tuple[Host, Host]) -> None:
    one, two = pair
    pids = workers(one)
    one.apply(queues=2)
    send_one_datagram_a_flow(one.container, two.container_ip)
    assert one.drops() == {"no-route": FLOWS}
    one.apply(two, queues=2)
    send_one_datagram_a_flow(one.container, two.container_ip)
    assert one.drops() == {"no-route": FLOWS}
    (peer,) = one.status()["peers"]
    assert peer["packets_out"] == FLOWS
    assert workers(one) == pids


@pytest.mark.parametrize("mode", ["P", "W"])
def test_order_within_a_flow(pair: tuple[Host, Host], mode: str) -> None:
    """Eight flows both ways between two hosts, whose datagrams of one size share batches."""
    if mode == "W":
        for host in pair:
            host.use_wire_offloads()
    ends = [
        here.container.spawn(
            *(sys.executable, "-c", _SEQUENCES, here.container_ip, there.container_ip, "8", "2000"),
            stdout=-1,
        )
        for here, there in (pair, pair[::-1])
    ]
    for end in ends:
        output, _ = end.communicate(timeout=60)
        received, disordered = map(int, output.split())
        assert disordered == 0
        # A busy machine loses many; enough must be left for the test.
        assert received > 1000


# Numbers the datagrams of argv[3] flows, argv[4] of each, and counts those that come late.
_SEQUENCES = """
import select, socket, sys, time
here, there, flows, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sockets = []
for flow in range(flows):
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    own.bind((here, 6000 + flow))
    sockets.append(own)
# As in a handshake, no flow begins before the first packets of both directions have crossed.
for own in sockets:
    own.settimeout(0.1)
    while True:
        own.sendto(bytes(4), (there, own.getsockname()[1]))
        try:
            own.recv(2048)
        except OSError:
            continue
        own.sendto(bytes(4), (there, own.getsockname()[1]))
        own.setblocking(False)
        break
time.sleep(1)
newest, received, disordered = [0] * flows, 0, 0
def receive(wait):
    global received, disordered
    ready = select.select(sockets, [], [], wait)[0]
    for own in ready:
        number = int.from_bytes(own.recv(2048)[:4], "big")
        flow = sockets.index(own)
        received += number > 0
        disordered += 0 < number < newest[flow]
        newest[flow] = max(newest[flow], number)
    return ready
for number in range(1, count + 1):
    for own in sockets:
        own.sendto(number.to_bytes(4, "big") + bytes(1000), (there, own.getsockname()[1]))
    while receive(0):
        pass
    if number % 8 == 0:
        time.sleep(0.002)
while receive(1):
    pass
print(received, disordered)
"""


def test_a_killed_worker_is_replaced(pair: tuple[Host, Host]) -> None:
    one, two = pair
    assert pings(one.container, two.container_ip)
    (before,) = one.status()["peers"]
    victim, other = workers(one)
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: len(set(workers(one)) - {victim, other}) == 2, "both are new", 20)
    assert pings(one.container, two.container_ip)
    (after,) = one.status()["peers"]
    assert after["packets_in"] == before["packets_in"] + 2
    # The device has kept its address and its route.
    assert NETWORK in one.namespace.ip("route", "show", "dev", DEVICE)
    assert not Path(f"/proc/{victim}").exists()


def test_a_worker_that_hangs_is_replaced(pair: tuple[Host, Host]) -> None:
    one, two = pair
    hanging = workers(one)[1]
    os.kill(hanging, signal.SIGSTOP)
    eventually(lambda: workers(one) and hanging not in workers(one), "it is replaced")
    assert f"worker {hanging}: no answer within 2 seconds" in one.log
    assert pings(one.container, two.container_ip)


def test_workers_end_with_the_main_process(pair: tuple[Host, Host]) -> None:
    one, two = pair
    pids = workers(one)
    one.kill()
    eventually(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "the workers end too"
    )
    one.start()
    assert pings(one.container, two.container_ip)


def test_all_end_quietly_when_systemd_stops_the_unit(pair: tuple[Host, Host]) -> None:
    one, _two = pair
    assert one.process is not None
    pids = workers(one)
    # As KillMode=control-group does (systemd.kill(5)).
    for pid in (*pids, one.process.pid):
        os.kill(pid, signal.SIGTERM)
    assert one.process.wait(10) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert "has ended" not in one.log
    one.start()


def test_another_count_of_queues(pair: tuple[Host, Host]) -> None:
    """The kernel cannot add queues to a device with one queue: it is created again."""
    one, two = pair
    for queues, kind in ((1, "tun vnet_hdr persist"), (2, "tun multi_queue vnet_hdr persist")):
        one.apply(two, queues=queues)
        assert kind in one.namespace.ip("tuntap", "list")
        assert len(workers(one)) == (queues if queues > 1 else 0)
        assert pings(one.container, two.container_ip)
    # From several to more, the device stays, with its address and routes.
    one.client.apply({**one.table, "queues": 3})
    assert len(workers(one)) == 3
    assert pings(one.container, two.container_ip)


def test_another_device_with_another_count(pair: tuple[Host, Host]) -> None:
    one, two = pair
    one.apply(two, device="weft7", queues=1)
    assert pings(one.container, two.container_ip)
    links = one.namespace.ip("-br", "link")
    assert "weft7" in links
    assert DEVICE not in links


def test_after_a_refused_table_the_former_stays_in_force(pair: tuple[Host, Host]) -> None:
    one, two = pair
    for changes in ({"bind": "192.0.2.1"}, {"bind": "192.0.2.1", "queues": 1}):
        with pytest.raises(DatapathRefusedError, match=r"cannot bind UDP 192\.0\.2\.1"):
            one.client.apply({**one.table, **changes})
        eventually(lambda: len(workers(one)) == 2, "two workers carry", 2)
        assert one.status()["table"] == one.table
        assert pings(one.container, two.container_ip)


def test_the_port_and_the_address_move(pair: tuple[Host, Host]) -> None:
    one, two = pair
    for host, peer in ((one, two), (two, one)):
        host.apply(peer, port=9000, queues=2)
    assert pings(one.container, two.container_ip)
    # To all addresses and back: each overlaps the ones before.
    for bind in ("0.0.0.0", one.public_ip):
        one.apply(two, port=9000, bind=bind, queues=2)
        assert pings(one.container, two.container_ip)
    (counts,) = one.status()["peers"]
    assert counts["packets_in"] == 6


def test_remove_leaves_nothing(pair: tuple[Host, Host]) -> None:
    one, _two = pair
    pids = workers(one)
    one.client.remove()
    assert DEVICE not in one.namespace.ip("-br", "link")
    assert one.namespace.run("ss", "-Hlun").stdout == ""
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_the_device_is_deleted_while_open(pair: tuple[Host, Host]) -> None:
    one, two = pair
    one.namespace.ip("link", "delete", DEVICE)
    eventually(lambda: DEVICE in one.namespace.ip("-br", "link"), "the device is back")
    eventually(lambda: one.status()["forwarding"], "it is in use")
    one.configure_device()
    assert pings(one.container, two.container_ip)
