# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new process receives what the old one sent; pipes stand in for TUN queues (no root)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.compiled_table import (
    Traffic,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.policy import Drop
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.engine import (
    Engine,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.handover import (
    DESCRIPTORS_MAX,
    EngineState,
    Handover,
    HandoverError,
    receive_handover,
    send_handover,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.loop import (
    EventLoop,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.status import (
    Status,
    counter_status,
    parse_counters,
    parse_traffic,
    peer_status,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.table_file import (
    TableFile,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.statistics import Counters
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import parse_table

from .packets import document

TABLE = parse_table(document())


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, socket.socket]]:
    with contextlib.ExitStack() as ends:
        one, other = map(ends.enter_context, socket.socketpair())
        other.settimeout(10)
        yield one, other


def status() -> Status:
    """That of a datapath with a table and every count different from the others."""
    counters = Counters(1, 2, 3, 4, 5, 6, [100 + reason for reason in Drop])
    return {
        "table": document(),
        "pid": 77,
        "workers": [],
        "since": 1.5,
        "forwarding": False,
        "problems": [],
        "offloads": {},
        "counters": counter_status(counters),
        "peers": [
            peer_status(peer, Traffic(*range(10 * index, 10 * index + 4)))
            for index, peer in enumerate(TABLE.peers)
        ],
    }


def udp_socket() -> socket.socket:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    return own


def test_what_is_sent_arrives(wire: tuple[socket.socket, socket.socket]) -> None:
    """More descriptors than one message takes, each of the same kind as before."""
    with contextlib.ExitStack() as opened:
        own, *others = [opened.enter_context(udp_socket()) for _each in range(DESCRIPTORS_MAX + 50)]
        readable, writable = os.pipe()
        opened.callback(os.close, readable)
        opened.callback(os.close, writable)
        listeners = [opened.enter_context(socket.socket(socket.AF_UNIX)) for _turn in range(2)]
        peers = {(f"10.168.{i // 250}.{i % 250}", 8285): each for i, each in enumerate(others)}
        state = EngineState(status(), [readable], [own], peers)
        sent = Handover(state, listeners[0], listeners[1], {"NOTIFY_SOCKET": "/run/notify"})
        with ThreadPoolExecutor(1) as background:
            sending = background.submit(send_handover, wire[0], sent)
            got = receive_handover(wire[1])
            sending.result()
        opened.callback(os.close, got.engine.device[0])
        received = [got.control, got.handover_listener, *got.engine.transports]
        for each in (*received, *got.engine.peer_queues.values()):
            opened.enter_context(each)
        assert got.engine.status == status()
        assert got.environment == sent.environment
        assert [each.family for each in received] == [socket.AF_UNIX] * 2 + [socket.AF_INET]
        assert list(got.engine.peer_queues) == list(peers)
        for endpoint, each in got.engine.peer_queues.items():
            assert each.getsockname() == peers[endpoint].getsockname()
            assert each.getblocking() is False
        os.write(writable, b"packet")
        assert os.read(got.engine.device[0], 10) == b"packet"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "closed the connection"),
        (b"{}\n", "queues"),
        (b"{\n", "Expecting"),
        (b'{"ok": false}\n', "queues"),
        (
            json.dumps(
                {"status": {}, "queues": 1, "peer_queues": [], "environment": {}},
            ).encode()
            + b"\n",
            "received 1 descriptors, expected 4",
        ),
    ],
)
def test_descriptors_of_an_unreadable_handover_are_closed(
    wire: tuple[socket.socket, socket.socket], line: bytes, reason: str
) -> None:
    readable, writable = os.pipe()
    socket.send_fds(wire[0], [b" "], [writable])
    os.close(writable)
    wire[0].sendall(line)
    wire[0].shutdown(socket.SHUT_WR)
    with pytest.raises(HandoverError, match=reason):
        receive_handover(wire[1])
    # The end of a pipe: every descriptor of the other end is closed.
    assert os.read(readable, 1) == b""
    os.close(readable)


def test_counts_survive_the_form_of_the_status() -> None:
    counters = Counters(1, 2, 3, 4, 5, 6, [100 + reason for reason in Drop])
    assert parse_counters(counter_status(counters)) == counters
    traffic = Traffic(1, 2, 3, 4, 5.5)
    assert parse_traffic(peer_status(TABLE.peers[0], traffic)) == traffic


def test_drop_reasons_of_another_release_are_ignored() -> None:
    counted = counter_status(Counters())
    del counted["drops"]["stranger"]
    counted["drops"]["from-the-future"] = 3
    assert parse_counters(counted) == Counters()


def test_an_engine_continues_with_the_counts_of_another(tmp_path: Path) -> None:
    engine = Engine(EventLoop(), TableFile(tmp_path / "table.json"))
    engine.take_over(EngineState(status()))
    state = engine.release()
    assert state.status == {**status(), "pid": os.getpid()}
    assert engine.status()["table"] is None
    engine.take_over(state)
    assert engine.status() == state.status


@pytest.mark.parametrize(
    "flaw", [{"table": document(port=0)}, {"peers": []}, {"counters": {}}], ids=lambda flaw: [*flaw]
)
def test_a_status_that_cannot_be_parsed_is_refused(tmp_path: Path, flaw: Status) -> None:
    engine = Engine(EventLoop(), TableFile(tmp_path / "table.json"))
    with pytest.raises((ValueError, KeyError)):
        engine.take_over(EngineState({**status(), **flaw}))
    assert engine.status()["table"] is None
