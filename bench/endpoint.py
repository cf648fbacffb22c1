# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two hosts that are measured, and running commands on them."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from bench.errors import BenchError
from lab import ssh
from lab.settings import Host

_TIMEOUT = 60.0
# How much of a command an error names, in characters.
_BRIEF = 60


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host of the lab; its commands share one SSH connection, whose socket is in `sockets`."""

    host: Host
    sockets: Path

    @property
    def name(self) -> str:
        """The host's name."""
        return self.host.name

    @property
    def underlay(self) -> IPv4Address:
        """The host's address on the underlay."""
        return self.host.address

    def run(self, line: str, stdin: str | bytes = b"", timeout: float = _TIMEOUT) -> str:
        """Run a line of shell and return what it prints.

        Raises:
            BenchError: it fails, or lasts longer than `timeout` seconds.
        """
        try:
            done = subprocess.run(
                self._client(("-oControlMaster=auto", "-oControlPersist=yes"), line),
                input=stdin.encode() if isinstance(stdin, str) else stdin,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BenchError(
                f"{self.name}: {_brief(line)} lasts longer than {timeout:.0f} s"
            ) from error
        output = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            words = (done.stderr.decode(errors="replace").strip() or output.strip()).splitlines()
            reason = "; ".join(words[-3:]) or f"exit code {done.returncode}"
            raise BenchError(f"{self.name}: {_brief(line)}: {reason}")
        return output

    def close(self) -> None:
        """End the shared connection, if there is one."""
        subprocess.run(self._client(("-O", "exit")), capture_output=True, check=False)

    def _client(self, options: Sequence[str], *words: str) -> tuple[str, ...]:
        client, *rest = ssh.command(self.host, *words)
        return (client, f"-oControlPath={self.sockets}/{self.name}", *options, *rest)

    def write(self, path: str, text: str) -> None:
        """Write a file that only root may read, and the directories above it."""
        quoted = shlex.quote(path)
        self.run(f"umask 077 && mkdir -p $(dirname {quoted}) && cat > {quoted}", text)

    def install(self, *packages: str) -> None:
        """Install Debian packages from the host's apt cache."""
        names = shlex.join(packages)
        self.run(
            "DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-download "
            f"--no-install-recommends {names}",
            timeout=180,
        )

    def start(
        self,
        unit: str,
        *command: str,
        environment: Sequence[str] = (),
        properties: Sequence[str] = (),
    ) -> None:
        """Run a command as a transient systemd unit, with settings of systemd.service(5)."""
        settings = [f"--setenv={assignment}" for assignment in environment]
        settings += [f"--property={assignment}" for assignment in properties]
        self.run(shlex.join(("systemd-run", "--quiet", f"--unit={unit}", *settings, *command)))

    def last_words(self, unit: str) -> str:
        """Return the last lines that a unit logged, as one."""
        journal = self.run(f"journalctl --unit={shlex.quote(unit)} --lines=3 --output=cat")
        return "; ".join(journal.splitlines())


def _brief(line: str) -> str:
    return repr(line if len(line) <= _BRIEF else f"{line[:_BRIEF]}...")


@dataclass(frozen=True, slots=True)
class Pair:
    """The sending host, on the left, and the receiving one, on the right."""

    left: Endpoint
    right: Endpoint

    @property
    def both(self) -> tuple[Endpoint, Endpoint]:
        """Left and right."""
        return self.left, self.right

    def on_both(self, *lines: str) -> tuple[str, str]:
        """Run a line of shell on both hosts at once, or one on each."""
        with ThreadPoolExecutor(2) as pool:
            left = pool.submit(self.left.run, lines[0])
            right = pool.submit(self.right.run, lines[-1])
            return left.result(), right.result()
