# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process as systemd starts it; without a table it needs no privilege."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.client import (
    DatapathClient,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.loop import (
    EventLoop,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.main import (
    stop_on_signals,
)
from tests.waiting import eventually

PACKAGE_PARENT = Path(__file__).parents[3] / "collection/plugins/module_utils"
START = "import sys; from weft.datapath.process.main import run; sys.exit(run(sys.argv[1:]))"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, "--control", str(folder / "c.sock"), *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(PACKAGE_PARENT),
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": "100000",
        },
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_life_under_systemd(tmp_path: Path, manager: socket.socket) -> None:
    process = start(tmp_path, "--state", str(tmp_path / "table.json"))
    try:
        assert manager.recv(100) == b"STATUS=no table"
        assert manager.recv(100) == b"READY=1"
        # Ready means that the socket answers.
        assert DatapathClient(tmp_path / "c.sock").status()["pid"] == process.pid
        assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        process.terminate()
        while (message := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert message == b"STOPPING=1"
        assert process.wait(10) == 0
        assert not (tmp_path / "c.sock").exists()
    finally:
        process.kill()
        _, errors = process.communicate()
    assert "Traceback" not in errors


def test_the_new_process_becomes_the_main_process(tmp_path: Path, manager: socket.socket) -> None:
    """Its starter has no environment of systemd, like a command of ExecReload."""
    first = start(tmp_path, "--state", str(tmp_path / "table.json"))
    pid = 0
    try:
        while manager.recv(100) != b"READY=1":
            pass
        # A file, since the process in the background would keep a pipe open.
        with (tmp_path / "log").open("wb") as log:
            starter = subprocess.run(
                [sys.executable, "-c", START, "--control", str(tmp_path / "c.sock"), "--take-over"],
                env={**os.environ, "PYTHONPATH": str(PACKAGE_PARENT)},
                stderr=log,
                check=False,
                timeout=30,
            )
        assert starter.returncode == 0, (tmp_path / "log").read_text()
        pid = DatapathClient(tmp_path / "c.sock").status()["pid"]
        # The manager's queue is full of the watchdog's messages until now.
        while (message := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert message == b"MAINPID=%d" % pid
        assert first.wait(10) == 0
        assert manager.recv(100) == b"WATCHDOG=1"
        os.kill(pid, signal.SIGTERM)
        while (message := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert message == b"STOPPING=1"
        eventually_gone(tmp_path / "c.sock", tmp_path / "c.handover")
    finally:
        first.kill()
        _, errors = first.communicate()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert "Traceback" not in errors


def eventually_gone(*paths: Path) -> None:
    eventually(lambda: not any(path.exists() for path in paths), f"{paths} are removed")


def test_a_signal_after_the_first_is_written_nowhere() -> None:
    """The number of the wakeup descriptor may be another file's by then."""
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    loop = EventLoop()
    try:
        stop_on_signals(loop)
        os.kill(os.getpid(), signal.SIGTERM)
        loop.run()
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in former.items():
            signal.signal(number, handler)
        loop.close()


def test_no_place_for_the_socket_is_one_clear_line(tmp_path: Path) -> None:
    process = start(tmp_path / "missing")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert len(errors.splitlines()) == 1
    assert "its directory must exist" in errors
