# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults: each is a context that does harm, and undoes it however it is left."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lab import host as lab_hosts
from lab import state

from .faulted_fleet import HOSTS, STORE_PREFIX, Fleet

STRANGERS_KEY = f"{STORE_PREFIX}/subnets/100.96.99.0-24"
STRANGERS_LEASE = json.dumps({"PublicIP": "10.175.0.99", "PublicIPv6": None})

_SMALL_DISK = "/run/small-disk"
_ON_SMALL_DISK = ("/etc/weft", "/opt/weft", "/var/lib/etcd", "/var/lib/weft")
_BALLAST = f"{_SMALL_DISK}/ballast"


@contextmanager
def stopped(fleet: Fleet, unit: str, hosts: Iterable[int] = HOSTS) -> Iterator[None]:
    """A service that an operator has stopped in order."""
    numbers = tuple(hosts)
    try:
        fleet.on_each(f"systemctl stop {unit}", hosts=numbers)
        yield
    finally:
        # All at once: a member of etcd waits for the others.
        fleet.on_each(f"systemctl start {unit}", hosts=numbers)


@contextmanager
def dead(fleet: Fleet, unit: str, hosts: Iterable[int]) -> Iterator[None]:
    """A service whose process was killed and that nothing starts again."""
    numbers = tuple(hosts)
    try:
        fleet.on_each(
            f"systemctl mask --runtime --quiet {unit} && systemctl kill --signal=KILL {unit} && "
            f"while systemctl is-active --quiet {unit}; do sleep 0.1; done",
            hosts=numbers,
        )
        yield
    finally:
        fleet.on_each(
            f"systemctl unmask --runtime --quiet {unit} && systemctl start {unit}", hosts=numbers
        )


@contextmanager
def members_lost(fleet: Fleet, hosts: Iterable[int]) -> Iterator[None]:
    """Members of etcd without their data, which come back if nothing took their place."""
    numbers = tuple(hosts)
    folder = "/var/lib/etcd"
    try:
        fleet.on_each(
            f"systemctl stop etcd.service && mv {folder}/default {folder}/lost", hosts=numbers
        )
        yield
    finally:
        fleet.on_each(
            f"[ -e {folder}/default ] || {{ mv {folder}/lost {folder}/default; "
            f"systemctl start etcd.service; }}; rm -rf {folder}/lost {folder}/default.before-*"
        )


@contextmanager
def cut_off(fleet: Fleet, number: int) -> Iterator[None]:
    """A host whose link has lost its carrier."""
    name = fleet.host(number).name
    try:
        fleet.lab.command("cut", name)
        yield
    finally:
        fleet.lab.command("restore", name)


@contextmanager
def powered_off(fleet: Fleet, number: int) -> Iterator[None]:
    """A host whose power was taken away; it boots when this ends."""
    name = fleet.host(number).name
    try:
        fleet.hang_up(number)
        fleet.lab.command("crash", name)
        yield
    finally:
        fleet.lab.command("start", name)


@contextmanager
def all_powered_off(fleet: Fleet) -> Iterator[None]:
    """A fleet without power; the hosts that nobody has switched on boot when this ends."""
    try:
        for number in HOSTS:
            fleet.hang_up(number)
            fleet.lab.command("crash", fleet.host(number).name)
        yield
    finally:
        fleet.lab.command("up")


def power_on(fleet: Fleet, number: int) -> None:
    """Switch a host on without waiting for it."""
    lab_hosts.start(state.require(fleet.lab.name), fleet.host(number))


@contextmanager
def small_disk(fleet: Fleet, number: int) -> Iterator[None]:
    """Move what weft and etcd write on a host to a file system of 400 MB, and back at the end."""
    folders = " ".join(_ON_SMALL_DISK)
    services = "etcd.service weftd.service weft-datapath.service"
    moved = (
        f"set -e; systemctl stop {services}; mkdir {_SMALL_DISK}; "
        f"mount -t tmpfs -o size=400m,mode=0755 weft-faults {_SMALL_DISK}; "
        f"for one in {folders}; do mkdir -p {_SMALL_DISK}$one; "
        f"cp -a --attributes-only --no-target-directory $one {_SMALL_DISK}$one; "
        f"cp -a $one/. {_SMALL_DISK}$one/; mount --bind {_SMALL_DISK}$one $one; done; "
        f"systemctl start {services}"
    )
    returned = (
        f"rm -f {_BALLAST}; systemctl stop {services}; for one in {folders}; do "
        "if mountpoint -q $one; then umount $one && find $one -mindepth 1 -delete && "
        f"cp -a {_SMALL_DISK}$one/. $one/; fi; done; "
        f"umount {_SMALL_DISK}; rmdir {_SMALL_DISK}; "
        f"systemctl reset-failed; systemctl start {services}"
    )
    try:
        fleet.on(number, moved)
        yield
    finally:
        fleet.on(number, returned)


@contextmanager
def full_disk(fleet: Fleet, number: int) -> Iterator[None]:
    """A host without a byte to write, on its small disk."""
    fill = f"cat /dev/zero >{_BALLAST} 2>/dev/null; df --output=avail {_SMALL_DISK} | tail -n 1"
    try:
        assert fleet.on(number, fill).strip() == "0"
        yield
    finally:
        fleet.on(number, f"rm -f {_BALLAST}")


@contextmanager
def stranger(fleet: Fleet, members: Iterable[int] = HOSTS) -> Iterator[None]:
    """A lease of a host that is none of the fleet's, in flannel's form."""
    numbers = tuple(members)
    try:
        fleet.etcdctl("put", STRANGERS_KEY, STRANGERS_LEASE, members=numbers)
        yield
    finally:
        fleet.etcdctl("del", STRANGERS_KEY, members=numbers)


@contextmanager
def replaced_file(fleet: Fleet, number: int, path: str, text: str) -> Iterator[None]:
    """A file with another content, of the same owner and mode."""
    quoted = shlex.quote(path)
    before = fleet.on(number, f"cat {quoted}")
    try:
        fleet.on(number, f"cat >{quoted}", text)
        yield
    finally:
        fleet.on(number, f"cat >{quoted}", before)
