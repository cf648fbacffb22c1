# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces for tests: made under names of their own, removed by name, also on failure."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from pyroute2 import netns

_COMMANDS = {
    "bridge": "iproute2",
    "ethtool": "ethtool",
    "ip": "iproute2",
    "nstat": "iproute2",
    "ping": "iputils-ping",
    "ss": "iproute2",
    "sysctl": "procps",
}


def unusable() -> str | None:
    """Return why this machine cannot run the tests, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for command, package in _COMMANDS.items():
        if shutil.which(command) is None:
            return f"the command {command} is missing: install {package}"
    return None


@dataclass(frozen=True)
class Namespace:
    """One network namespace; commands run inside it by `ip netns exec`."""

    name: str
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list, repr=False)

    def run(
        self, *command: str, check: bool = True, stdin: str | None = None, timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; with `check`, fail with its output if it fails."""
        done = subprocess.run(
            self._inside(command),
            capture_output=True,
            check=False,
            input=stdin,
            text=True,
            timeout=timeout,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} in {self.name}: {done.stdout}{done.stderr}")
        return done

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Put this thread inside; a socket that it opens there stays there."""
        netns.pushns(self.name)
        try:
            yield
        finally:
            netns.popns()

    def ip(self, *arguments: str) -> str:
        """Run `ip` inside and return what it prints."""
        return self.run("ip", *arguments).stdout

    def spawn(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        stdout: IO[bytes] | int = subprocess.DEVNULL,
        stderr: IO[bytes] | int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a command, which ends with the namespace at the latest; its pid is its own."""
        process = subprocess.Popen(
            self._inside(command),
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        self._processes.append(process)
        return process

    def stop_processes(self) -> None:
        """Kill what `spawn` started, and what that left in the background, by pid."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
        listed = subprocess.run(
            ["ip", "netns", "pids", self.name], capture_output=True, check=True, text=True
        )
        for pid in map(int, listed.stdout.split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _inside(self, command: tuple[str, ...]) -> list[str]:
        return ["ip", "netns", "exec", self.name, *command]


def counted(namespace: Namespace, name: str) -> int:
    """Return what the namespace's kernel counted under a name of nstat, such as UdpInErrors."""
    words = namespace.run("nstat", "-asz", name).stdout.split()
    return int(words[words.index(name) + 1])


class Namespaces:
    """Makes namespaces and joins them; `close` removes all of them with what runs inside."""

    def __init__(self) -> None:
        self._prefix = f"weft-{uuid.uuid4().hex[:8]}"
        self._made: list[Namespace] = []

    def add(self, label: str) -> Namespace:
        """Make a namespace with its loopback up."""
        namespace = Namespace(f"{self._prefix}-{label}")
        _ip("netns", "add", namespace.name)
        self._made.append(namespace)
        namespace.ip("link", "set", "lo", "up")
        return namespace

    def join(self, one: Namespace, one_end: str, other: Namespace, other_end: str) -> None:
        """Put a veth pair between two namespaces, both ends up, without addresses."""
        _ip(
            *("link", "add", one_end, "netns", one.name, "type", "veth"),
            *("peer", "name", other_end, "netns", other.name),
        )
        one.ip("link", "set", one_end, "up")
        other.ip("link", "set", other_end, "up")

    def close(self) -> None:
        """Remove every namespace; a device inside one goes with it."""
        with contextlib.ExitStack() as removals:
            # Every callback runs, whatever another raises.
            for namespace in self._made:
                removals.callback(_ip, "netns", "delete", namespace.name)
                removals.callback(namespace.stop_processes)
        self._made.clear()


@contextlib.contextmanager
def namespaces() -> Iterator[Namespaces]:
    """Yield a set of namespaces that is removed in the end."""
    made = Namespaces()
    try:
        yield made
    finally:
        made.close()


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, check=False, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
