# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's life: its files, switching it on, killing it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

from lab import paths, ssh, underlay
from lab.cgroup import Group
from lab.settings import Host, Lab

# Docker's and containerd's overlays cannot lie on the overlay of the host's root. (etcd's package
# gives /var/lib/etcd to its user only if it makes the directory itself, so that one is not bound.)
PLAIN_DIRECTORIES = ("var/lib/docker", "var/lib/containerd")


def prepare(lab: Lab, host: Host) -> None:
    """Make the files that set a host apart from its image; raise LabError if that fails."""
    directory = paths.host_var(lab.name, host.name)
    upper = directory / "upper"
    for name in ("upper", "work", "root", *PLAIN_DIRECTORIES):
        (directory / name).mkdir(parents=True, exist_ok=True)
    files = {
        "etc/hostname": f"{host.name}\n",
        "etc/hosts": f"127.0.0.1 localhost\n{hosts_lines(lab.hosts)}",
        "etc/machine-id": f"{uuid.uuid4().hex}\n",
        "root/.ssh/authorized_keys": ssh.public_key(),
    }
    for name, text in files.items():
        (upper / name).parent.mkdir(parents=True, exist_ok=True)
        (upper / name).write_text(text)
    (upper / "root").chmod(0o700)
    ssh.make_host_key(lab.name, host, upper / "etc/ssh")


def hosts_lines(hosts: tuple[Host, ...]) -> str:
    """Return the lines of hosts(5) for these hosts."""
    return "".join(f"{host.address} {host.name}\n" for host in hosts)


def start(lab: Lab, host: Host) -> None:
    """Switch a host on; its supervisor goes on by itself."""
    group = Group.of_host(lab.name, host.name).child("supervisor")
    group.create()
    with paths.console_log(lab.name, host.name).open("ab") as console:
        subprocess.Popen(
            [sys.executable, "-m", "lab.supervisor", lab.name, host.name],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
            start_new_session=True,
            # In its group before it runs, it can be found and killed; this process has one thread.
            preexec_fn=group.enter,  # noqa: PLW1509
        )


def is_running(lab_name: str, host_name: str) -> bool:
    """Tell whether any process of the host lives."""
    return Group.of_host(lab_name, host_name).populated


def kill(lab_name: str, host_name: str) -> None:
    """Take the power away: end the host's whole process tree at once."""
    Group.of_host(lab_name, host_name).destroy()


def is_cut(host: Host) -> bool:
    """Tell whether the host's underlay link is to stay down."""
    return _cut_mark(host).exists()


def set_cut(host: Host, *, cut: bool) -> None:
    """Cut or restore the host's underlay link, now and for its later boots."""
    if cut:
        _cut_mark(host).touch()
    else:
        _cut_mark(host).unlink(missing_ok=True)
    if is_running(host.lab_name, host.name):
        underlay.set_link(host, up=not cut)


def forget(lab_name: str, host_name: str) -> None:
    """Remove a killed host's files."""
    shutil.rmtree(paths.host_var(lab_name, host_name), ignore_errors=True)
    for path in paths.lab_run(lab_name).glob(f"{host_name}.*"):
        path.unlink()


def _cut_mark(host: Host) -> Path:
    return paths.lab_run(host.lab_name) / f"{host.name}.cut"
