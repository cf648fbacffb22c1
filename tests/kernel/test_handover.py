# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A datapath is handed over to another process while containers exchange packets."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process import (
    handover_server,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.handover import (
    REQUEST,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.status import (
    Status,
)
from tests.waiting import eventually

from .echoes import echoes
from .namespaces import Namespaces
from .overlay_hosts import DEVICE, NETWORK, Host, raise_hosts, raise_underlay
from .traffic import pings, tcp_echo, tcp_listener
from .vxlan_hosts import VxlanHost, raise_vxlan_host

_FAILED = "handover failed, this process continues to forward"

Pair = tuple[Host, Host] | tuple[VxlanHost, VxlanHost]


@pytest.fixture(params=["udp", "vxlan", "udp, 2 queues", "vxlan, 2 queues"])
def every_pair(request: pytest.FixtureRequest, made: Namespaces, tmp_path: Path) -> Iterator[Pair]:
    """Two hosts of each backend, with one queue and with several."""
    backend, _, queues = request.param.partition(", ")
    pair: Pair
    if backend == "udp":
        one, two = raise_hosts(made, tmp_path, 2)
        pair = one, two
    else:
        underlay = raise_underlay(made)
        pair = (
            raise_vxlan_host(made, underlay, tmp_path, 1),
            raise_vxlan_host(made, underlay, tmp_path, 2),
        )
    yield from meeting(pair, **({"queues": 2} if queues else {}))


@pytest.fixture
def pair(made: Namespaces, tmp_path: Path) -> Iterator[Pair]:
    one, two = raise_hosts(made, tmp_path, 2)
    yield from meeting((one, two))


def meeting(pair: Pair, **changes: int) -> Iterator[Pair]:
    """Apply each host to the other, and check at the end that none has crashed."""
    one, two = pair
    one.apply(two, **changes)
    two.apply(one, **changes)
    assert pings(one.container, two.container_ip)
    yield pair
    for host in pair:
        assert "Traceback" not in host.log


@contextlib.contextmanager
def requested_handover(host: Host) -> Iterator[socket.socket]:
    """Request a handover and receive it, but do not report ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(10)
        asking.connect(str(host.folder / "control.handover"))
        asking.sendall(REQUEST)
        assert asking.recv(1) == b" "
        yield asking


def carried(host: Host) -> int:
    return carried_by(host.status())


def carried_by(status: Status) -> int:
    """Return the packets of a status, in and out, which are those of its only peer."""
    (peer,) = status["peers"]
    assert peer["packets_in"] == status["counters"]["packets_in"]
    assert peer["packets_out"] == status["counters"]["packets_out"]
    return peer["packets_in"] + peer["packets_out"]


def test_no_packet_is_lost_and_no_count(
    every_pair: Pair, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    one, two = every_pair
    assert one.process is not None
    before = one.status()
    with echoes(one.container, two.container_ip, tmp_path / "echoes") as figures:
        pid = one.take_over()
    print(f"{request.node.callspec.id}: {figures}")
    assert figures.lost == 0
    # On an idle machine some milliseconds; what the TUN queue holds (1,000 packets) bounds it.
    assert figures.longest_silence < 4
    assert one.process.wait(10) == 0
    after = one.status()
    assert after["pid"] == pid != before["pid"]
    assert after["table"] == before["table"]
    assert after["since"] == before["since"]
    assert after["offloads"] == before["offloads"]
    assert not set(after["workers"]) & set(before["workers"])
    assert len(after["workers"]) == len(before["workers"])
    eventually(lambda: carried(one) == carried_by(before) + 2 * figures.sent, "each was counted")
    assert after["counters"]["drops"]["receive-queue-full"] == 0
    assert one.drops() == two.drops() == {}
    # The device has kept its address and its route.
    device = one.table["device"]
    assert NETWORK in one.namespace.ip("route", "show", "dev", device)


def test_a_stream_outlives_three_hand_overs(pair: Pair) -> None:
    one, two = pair
    tcp_listener(two.container, two.container_ip)
    size = 8 << 20
    with ThreadPoolExecutor(1) as background:
        stream = background.submit(tcp_echo, one.container, two.container_ip, size)
        pids = [host.take_over() for host in (one, two, one)]
        assert stream.result() == size
    assert len(set(pids)) == 3
    assert one.drops() == two.drops() == {}


def test_control_requests_during_a_handover_are_answered(pair: Pair) -> None:
    one, _two = pair
    pids: list[int] = []
    ending = threading.Event()

    def ask() -> None:
        while not ending.is_set():
            pids.append(one.status()["pid"])

    with ThreadPoolExecutor(1) as background:
        asking = background.submit(ask)
        former, pid = one.status()["pid"], one.take_over()
        eventually(lambda: pid in pids, "the new process answers")
        ending.set()
        asking.result()
    assert set(pids) == {former, pid}


def test_the_table_can_change_afterwards(pair: Pair) -> None:
    one, two = pair
    one.take_over()
    one.apply(two, queues=2)
    assert pings(one.container, two.container_ip)
    one.take_over()
    one.apply(two, bind="0.0.0.0", port=one.table["port"])
    assert pings(one.container, two.container_ip)
    one.client.remove()
    assert DEVICE not in one.namespace.ip("-br", "link")
    assert one.namespace.run("ss", "-Hlun").stdout == ""


@pytest.mark.parametrize("expected", [None, 1, 3])
def test_workers_that_were_not_prepared_are_started(pair: Pair, expected: int | None) -> None:
    """The file of the table, which gives the number of workers, is missing or outdated."""
    one, two = pair
    one.apply(two, queues=2)
    file = one.folder / "table.json"
    if expected is None:
        file.unlink()
    else:
        file.write_text(json.dumps({**json.loads(file.read_text()), "queues": expected}))
    pid = one.take_over()
    workers = one.status()["workers"]
    assert len(workers) == 2
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    assert sorted(map(int, children.split())) == sorted(workers)
    assert pings(one.container, two.container_ip)


def test_several_hundred_peers_keep_their_queues(pair: Pair) -> None:
    """More than a message can hold (SCM_MAX_FD)."""
    one, two = pair
    one.namespace.ip("route", "add", "default", "dev", "eth0")
    others = [
        {
            "subnet": f"100.96.{20 + number // 2}.{number % 2 * 128}/25",
            "public_ip": f"10.169.{number // 250}.{number % 250 + 1}",
        }
        for number in range(300)
    ]
    table = {**one.table, "peers": [*one.table["peers"], *others]}
    one.client.apply(table)

    def sockets() -> list[str]:
        """The local address and the peer of each UDP socket."""
        lines = one.namespace.run("ss", "-Huan").stdout.splitlines()
        return sorted(" ".join(line.split()[-2:]) for line in lines)

    before = sockets()
    assert len(before) == 1 + len(table["peers"])
    one.take_over()
    assert sockets() == before
    assert pings(one.container, two.container_ip)
    assert one.status()["table"] == table


@pytest.mark.parametrize("queues", [1, 2])
def test_a_new_process_that_ends_too_early(pair: Pair, tmp_path: Path, queues: int) -> None:
    one, two = pair
    one.apply(two, queues=queues)
    before = one.status()
    with echoes(one.container, two.container_ip, tmp_path / "echoes") as figures:
        with requested_handover(one):
            pass
        eventually(
            lambda: _FAILED in one.log,
            "the old process continues",
        )
    assert figures.lost == 0
    eventually(lambda: carried(one) == carried_by(before) + 2 * figures.sent, "each was counted")
    assert one.status()["pid"] == before["pid"]
    assert one.take_over() != before["pid"]
    assert pings(one.container, two.container_ip)


def test_a_new_process_that_hangs_delays_packets_and_loses_none(pair: Pair, tmp_path: Path) -> None:
    one, two = pair
    pid = one.status()["pid"]
    with echoes(one.container, two.container_ip, tmp_path / "echoes", 0.02) as figures:
        with requested_handover(one):
            eventually(
                lambda: f"{_FAILED}: timed out" in one.log,
                "timeout",
            )
        assert one.status()["pid"] == pid
    assert figures.lost == 0
    assert figures.longest_silence > handover_server.READY_TIMEOUT * 0.9


@pytest.mark.parametrize("words", [b"", b"give\n"])
def test_a_request_of_other_bytes_gets_nothing(pair: Pair, words: bytes) -> None:
    one, two = pair
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.connect(str(one.folder / "control.handover"))
        asking.sendall(words)
        asking.settimeout(10)
        assert asking.recv(1) == b""
    assert pings(one.container, two.container_ip)


def test_where_nothing_runs_nothing_is_taken_over(pair: Pair) -> None:
    one, two = pair
    one.kill()
    starter = one.spawn("--take-over")
    assert starter.wait(timeout=60) == 1
    assert "cannot take over" in one.log
    assert "systemctl restart weft-datapath" in one.log
    one.start()
    assert pings(one.container, two.container_ip)


def test_before_the_first_table(made: Namespaces, tmp_path: Path) -> None:
    one, two = raise_hosts(made, tmp_path, 2)
    one.take_over()
    one.apply(two)
    two.apply(one)
    assert pings(one.container, two.container_ip)


def test_the_new_process_stops_on_sigterm(pair: Pair) -> None:
    one, two = pair
    pid = one.take_over()
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: not Path(f"/proc/{pid}").exists(), "it has ended")
    assert not list(one.folder.glob("control.*"))
    one.start()
    assert pings(one.container, two.container_ip)


@pytest.mark.parametrize(
    "end", [signal.SIGTERM, signal.SIGKILL], ids=["a plain restart", "a crash"]
)
def test_what_it_costs_without_a_hand_over(
    pair: Pair, tmp_path: Path, request: pytest.FixtureRequest, end: signal.Signals
) -> None:
    """Packets are lost until the next process has started; nothing else changes."""
    one, two = pair
    assert one.process is not None
    with echoes(one.container, two.container_ip, tmp_path / "echoes") as figures:
        one.process.send_signal(end)
        one.process.wait()
        one.start()
    print(f"{request.node.callspec.id}: {figures}")
    assert 0 < figures.lost < figures.sent
    assert pings(one.container, two.container_ip)
