# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control server on a real socket, with clients of every bad manner."""

from __future__ import annotations

import json
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.client import (
    DatapathClient,
    DatapathRefusedError,
    DatapathUnavailableError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.control import (
    CLIENTS_MAX,
    REQUEST_MAX,
    ControlServer,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.loop import (
    EventLoop,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets.listening import (
    ListenError,
)


class Served:
    """A server whose reply repeats the request."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loop = EventLoop()
        self._server = ControlServer(self._loop, path, self._handle)
        self._ending, self._end = socket.socketpair()
        self._loop.watch(self._ending.fileno(), lambda _events: self._loop.stop())
        self._thread = threading.Thread(target=self._loop.run)
        self._thread.start()

    def _handle(self, request: object) -> dict[str, Any]:
        if isinstance(request, dict) and "repeat" in request:
            return {"ok": True, "data": "x" * request["repeat"]}
        if request == {"command": "remove"}:
            return {"ok": False, "error": "not today"}
        return {"ok": True, "request": request}

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(10)
        connection.connect(str(self.path))
        return connection

    def ask(self, line: bytes) -> dict[str, Any]:
        with self.connect() as connection:
            connection.sendall(line)
            return read_reply(connection)

    def close(self) -> None:
        self._end.close()
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._server.close()
        self._loop.close()
        self._ending.close()


def no_reply(_request: object) -> dict[str, Any]:
    return {}


def read_reply(connection: socket.socket) -> dict[str, Any]:
    with connection.makefile("rb") as stream:
        reply = json.loads(stream.readline())
    assert isinstance(reply, dict)
    return reply


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "control.sock")
    yield server
    server.close()


def test_one_line_each_way(served: Served) -> None:
    assert served.ask(b'{"command": "x"}\n') == {"ok": True, "request": {"command": "x"}}


def test_the_mode_keeps_others_out(served: Served) -> None:
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o660


@pytest.mark.parametrize(
    "garbage", [b"\n", b"{\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n", b"\x00" * 1000 + b"\n"]
)
def test_garbage_is_answered(served: Served, garbage: bytes) -> None:
    reply = served.ask(garbage)
    assert reply["ok"] is False
    assert "not JSON" in reply["error"]


def test_requests_in_one_piece_and_in_many(served: Served) -> None:
    with served.connect() as connection, connection.makefile("rb") as stream:
        connection.sendall(b"1\n2\n3\n")
        assert [json.loads(stream.readline())["request"] for _ in range(3)] == [1, 2, 3]
        for byte in b'{"a": 4}\n':
            connection.sendall(bytes([byte]))
        assert json.loads(stream.readline())["request"] == {"a": 4}


def test_a_stuck_client_delays_no_other(served: Served) -> None:
    with served.connect() as silent, served.connect() as deaf:
        silent.sendall(b'{"command"')
        # Far more than the socket buffers take, and never read.
        for _ in range(5):
            deaf.sendall(b'{"repeat": 5000000}\n')
        # The loop answers other clients while the replies are unread.
        assert served.ask(b"7\n")["request"] == 7
        # When it reads, each of its replies is complete.
        with deaf.makefile("rb") as stream:
            for _ in range(5):
                assert len(json.loads(stream.readline())["data"]) == 5_000_000


def send_without_end(connection: socket.socket) -> None:
    for _ in range(2 * REQUEST_MAX // 65536):
        connection.sendall(b"x" * 65536)
    connection.recv(1)


def test_a_line_without_end_is_cut_off(served: Served) -> None:
    with served.connect() as connection, pytest.raises(ConnectionError):
        send_without_end(connection)
    assert served.ask(b"7\n")["request"] == 7


def test_a_large_request_is_taken(served: Served) -> None:
    text = "y" * (REQUEST_MAX - 100)
    assert served.ask(json.dumps(text).encode() + b"\n")["request"] == text


def test_too_many_clients_drop_the_longest_idle(served: Served) -> None:
    crowd = [served.connect() for _ in range(CLIENTS_MAX)]
    try:
        crowd[0].sendall(b"1\n")
        assert read_reply(crowd[0])["request"] == 1
        assert served.ask(b"7\n")["request"] == 7
        # The first has sent a request, so the second is the longest idle.
        assert crowd[1].recv(1) == b""
        crowd[0].sendall(b"2\n")
        assert read_reply(crowd[0])["request"] == 2
    finally:
        for connection in crowd:
            connection.close()


def test_clients_that_leave_are_forgotten(served: Served) -> None:
    for index in range(3 * CLIENTS_MAX):
        with served.connect() as connection:
            if index % 2:
                connection.sendall(b'{"repeat": 1000000}\n')
    assert served.ask(b"7\n")["request"] == 7


def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(path))
    server = Served(path)
    try:
        assert server.ask(b"7\n")["request"] == 7
        with pytest.raises(ListenError, match="another datapath is listening there"):
            ControlServer(EventLoop(), path, no_reply)
    finally:
        server.close()
    assert not path.exists()


def test_no_directory_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match="its directory must exist"):
        ControlServer(EventLoop(), tmp_path / "missing" / "x.sock", no_reply)


def test_the_client_s_errors(served: Served, tmp_path: Path) -> None:
    DatapathClient(served.path).apply({"a": 1})
    with pytest.raises(DatapathRefusedError, match="not today"):
        DatapathClient(served.path).remove()
    with pytest.raises(DatapathUnavailableError, match=r"nobody.sock: No such file.*running"):
        DatapathClient(tmp_path / "nobody.sock").status()


def test_the_client_gives_up_in_time(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        started = time.monotonic()
        with pytest.raises(DatapathUnavailableError, match="timed out"):
            DatapathClient(path, timeout=0.2).status()
        assert time.monotonic() - started < 20
