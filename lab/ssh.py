# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching hosts over SSH: the lab's key, the hosts' keys, the client's options."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab import lock, paths
from lab.command import BOUND, run
from lab.settings import Host


def ensure_key() -> None:
    """Make the key that opens every lab host, if there is none yet."""
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    with lock.held(paths.CACHE / ".key.lock"):
        if not paths.SSH_KEY.exists():
            _generate(paths.SSH_KEY, "weft-lab")


def public_key() -> str:
    """Return the line of authorized_keys for the lab's key."""
    return paths.SSH_KEY.with_suffix(".pub").read_text()


def make_host_key(lab_name: str, host: Host, directory: Path) -> None:
    """Make a host's key in its /etc/ssh and note it in the lab's known_hosts."""
    directory.mkdir(parents=True, exist_ok=True)
    key = directory / "ssh_host_ed25519_key"
    _generate(key, host.name)
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    with paths.known_hosts(lab_name).open("a") as known:
        known.write(f"{host.address},{host.name} {public}\n")


def options(lab_name: str) -> tuple[str, ...]:
    """Return the client's options for any host of a lab, but for the key."""
    return (
        *("-o", f"UserKnownHostsFile={paths.known_hosts(lab_name)}"),
        *("-o", "StrictHostKeyChecking=accept-new"),
        *("-o", "IdentitiesOnly=yes"),
        *("-o", "ConnectTimeout=10"),
        # A host that crashed answers nothing, so a session with it would last for ever.
        *("-o", "ServerAliveInterval=10"),
        *("-o", "LogLevel=ERROR"),
    )


def command(host: Host, *words: str) -> tuple[str, ...]:
    """Return the command that runs words on a host, or logs in without any."""
    client = ("ssh", "-F", "none", "-i", str(paths.SSH_KEY), *options(host.lab_name))
    batch = ("-o", "BatchMode=yes") if words else ()
    return (*client, *batch, f"root@{host.address}", *words)


def ask(host: Host, *words: str, stdin: str | None = None) -> str | None:
    """Run words on a host and return what they print; None if that fails or takes 30 s."""
    try:
        done = subprocess.run(
            (*BOUND, *command(host, *words)),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _generate(path: Path, comment: str) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path)
