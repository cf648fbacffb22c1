# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzzing of the control socket: the real server, commands and table file, over a real socket.

The seeds are whole lines; what is made of them comes in pieces, from many clients at once, and is
never finished by some. Every finished line is answered, in order, and the table in force and its
file are the last that was applied.
"""

from __future__ import annotations

import copy
import json
import random
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.commands import (
    Commands,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.control import (
    CLIENTS_MAX,
    REQUEST_MAX,
    ControlServer,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.engine import (
    Engine,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.loop import (
    EventLoop,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.table_file import (
    TableFile,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets import (
    tun,
    udp_socket,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import parse_table

from .packets import document
from .seeds import REQUESTS

SEED = 2026
ROUNDS = 400
# What a value becomes.
WRONG: tuple[Any, ...] = (
    *(None, True, -1, 0, 65536, 1 << 70, 1.5, float("inf"), "", "x" * 300, "\ud800", "a\0b", "é"),
    *([], {}, [[]], {"": ""}, "0.0.0.0", "255.255.255.255", "::1", "100.96.0.0/0", "1/2/3", "%d"),
)


def vxlan_document() -> dict[str, Any]:
    mac = "02:77:0a:a8:00:0c"
    peers = [{"subnet": "100.96.2.0/24", "public_ip": "10.168.0.12", "vtep_mac": mac}]
    return document(backend="vxlan", vni=1, vtep_mac=mac, offloads={}, peers=peers)


class Served:
    """A datapath's control half in a thread; its device and socket are never opened."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "control.sock"
        self.file = TableFile(folder / "table.json")
        self._loop = EventLoop()
        engine = Engine(self._loop, self.file)
        handle = Commands(engine, lambda: None).handle
        self._server = ControlServer(self._loop, self.path, handle)
        self._ending, self._end = socket.socketpair()
        self._loop.watch(self._ending.fileno(), lambda _events: self._loop.stop())
        self._thread = threading.Thread(target=self._loop.run)
        self._thread.start()

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(20)
        connection.connect(str(self.path))
        return connection

    def ask(self, line: bytes) -> dict[str, Any]:
        with self.connect() as connection:
            connection.sendall(line + b"\n")
            return reply_on(connection)

    def close(self) -> None:
        self._end.close()
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._server.close()
        self._loop.close()
        self._ending.close()


def reply_on(connection: socket.socket) -> dict[str, Any]:
    with connection.makefile("rb") as stream:
        reply = json.loads(stream.readline())
    assert isinstance(reply["ok"], bool)
    assert reply["ok"] or isinstance(reply["error"], str)
    return dict(reply)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server whose tables are accepted and then fail at the device: the name is packed first."""

    def no_device(name: str, _queues: int) -> list[int]:
        tun._IFREQ.pack(name.encode(), 0)
        raise tun.TunError(1, "no device in this test")

    def no_transport(*_arguments: object, **_options: object) -> list[socket.socket]:
        return [socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]

    monkeypatch.setattr(tun, "open_device", no_device)
    monkeypatch.setattr(udp_socket, "open_transports", no_transport)
    server = Served(tmp_path)
    server.file.save(parse_table(document()))
    yield server
    server.close()


def changed(value: Any, chance: random.Random) -> Any:
    """A table or command with one value, somewhere in it, replaced or taken away."""
    value = copy.deepcopy(value)
    if isinstance(value, dict) and value:
        key = chance.choice(sorted(value))
        kind = chance.randrange(5)
        if kind == 0:
            del value[key]
        elif kind == 1:
            value[str(chance.choice(WRONG))] = chance.choice(WRONG)
        elif kind == 2:
            value[key] = chance.choice(WRONG)
        else:
            value[key] = changed(value[key], chance)
        return value
    if isinstance(value, list) and value and chance.random() < 0.7:
        at = chance.randrange(len(value))
        value[at] = changed(value[at], chance)
        return value
    return chance.choice(WRONG)


def damaged(line: bytes, chance: random.Random) -> bytes:
    data = bytearray(line)
    for _turn in range(chance.randrange(3)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(3)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at:at] = chance.choice((b"[", b"{", b'"', b"\\u0000", b"\xff", b"1e9", b"null"))
        elif data:
            data[at - 1] = chance.randrange(256)
    return bytes(data.replace(b"\n", b" "))


def test_lines_of_any_shape_are_answered_and_change_nothing(served: Served) -> None:
    chance = random.Random(SEED)
    stored = served.file.path.read_bytes()
    apply = [{"command": "apply", "table": table} for table in (document(), vxlan_document())]
    with served.connect() as connection:
        for turn in range(ROUNDS):
            line = chance.choice(list(REQUESTS.values()))
            if turn % 2:
                line = json.dumps(changed(chance.choice(apply), chance)).encode()
            if turn % 3 == 0:
                line = damaged(line, chance)
            if b'"remove"' in line:
                continue  # would be obeyed
            cut = chance.randrange(len(line) + 1)
            connection.sendall(line[:cut])
            connection.sendall(line[cut:] + b"\n")
            reply_on(connection)
    assert served.file.path.read_bytes() == stored
    assert served.ask(b'{"command": "status"}')["table"] is None


def test_each_value_of_a_table_is_replaced_by_each_wrong_one(served: Served) -> None:
    table = vxlan_document()
    with served.connect() as connection:
        for key in table:
            for value in WRONG:
                request = {"command": "apply", "table": {**table, key: value}}
                connection.sendall(json.dumps(request).encode() + b"\n")
                assert not reply_on(connection)["ok"]


@pytest.mark.parametrize(
    "opening", [b"[", b'{"a":', b'{"command":[', b'{"command":"apply","table":[']
)
def test_every_depth_is_answered(served: Served, opening: bytes) -> None:
    """Around the interpreter's limit too: what can just be read can be named in the error."""
    closing = {b"[": b"]", b"{": b"}"}
    limit = sys.getrecursionlimit()
    head, repeated = opening, opening[-1:] if opening.endswith(b"[") else b'{"a":'
    tail = b"]" if opening.endswith(b"[") else b"}"
    outer = closing[opening[:1]] if opening.startswith(b"{") and tail == b"]" else b""
    for depth in [*range(limit - 120, limit + 10), 10 * limit]:
        inner = b"" if tail == b"]" else b"0"
        line = head + repeated * depth + inner + tail * (depth + 1) + outer
        assert not served.ask(line)["ok"]


def test_a_huge_line_and_a_huge_table(served: Served) -> None:
    peers = [
        {"subnet": f"100.96.{index >> 8}.{index & 255}/32", "public_ip": "10.168.0.12"}
        for index in range(512, 20_000)
    ]
    table = document(peers=[*peers, {"subnet": "100.97.0.0/32", "public_ip": "10.168.0.12"}])
    reply = served.ask(json.dumps({"command": "apply", "table": table}).encode())
    assert "not inside the network" in reply["error"]
    assert not served.ask(b'{"command": "' + b"x" * (REQUEST_MAX - 100) + b'"}')["ok"]


def test_many_clients_with_halves_of_lines(served: Served) -> None:
    chance = random.Random(SEED)
    clients: list[socket.socket] = []
    try:
        for _turn in range(ROUNDS):
            if len(clients) > CLIENTS_MAX + 4:
                clients.pop(chance.randrange(len(clients))).close()
            if len(clients) < 4 or chance.random() < 0.2:
                clients.append(served.connect())
            client = chance.choice(clients)
            line = chance.choice(list(REQUESTS.values())) + b"\n"
            try:
                client.sendall(line[: chance.randrange(len(line) + 1)])
            except ConnectionError:
                # Pushed out by the crowd.
                clients.remove(client)
                client.close()
        assert served.ask(b'{"command": "status"}')["ok"]
    finally:
        for client in clients:
            client.close()
