# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole lab's life: up, down and the faults of its hosts."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from lab import host as hosts
from lab import image, lock, paths, ssh, state, underlay
from lab.cgroup import Group
from lab.errors import LabError
from lab.settings import Host, Lab, Settings

Progress = Callable[[str], None]

# More hosts at a time boot no sooner on two cores.
_BOOT_AT_ONCE = 3
_BOOT_TIMEOUT = 120.0
# A host that has no process by then will have none.
_FIRST_SIGN = 5.0
_SHUTDOWN_TIMEOUT = 90.0
_CONSOLE_LINES = 40


def up(wanted: Lab, progress: Progress) -> Lab:
    """Make the wanted lab, or start and add what a lab of that name misses.

    On failure or interruption everything that this call made is gone again.

    Raises:
        LabError: a host does not boot, the underlay is taken, or the lab is up with other settings.
    """
    with exclusive(wanted.name):
        present = state.load(wanted.name)
        if present is None:
            return _raise(wanted, progress)
        if present.settings != wanted.settings:
            raise LabError(
                f"lab {wanted.name!r} is up with {present.settings}, not {wanted.settings}; "
                f"run: python3 -m lab down --name {wanted.name}"
            )
        return _complete(present, wanted, progress)


def down(name: str, progress: Progress) -> None:
    """Remove all that a lab has on this machine, whatever state it is in."""
    with exclusive(name), _uninterrupted():
        removed = _remove(name)
    progress(f"lab {name}: {'down' if removed else 'nothing to take down'}")


def crash(host: Host, progress: Progress) -> None:
    """Take a host's power away."""
    _require_running(host)
    hosts.kill(host.lab_name, host.name)
    underlay.unplug(host.namespace, host.port)
    progress(f"{host.name}: crashed")


def start(lab: Lab, host: Host, progress: Progress) -> None:
    """Switch a host on that crashed or was switched off, and wait for it."""
    if hosts.is_running(lab.name, host.name):
        progress(f"{host.name}: runs already")
        return
    _boot(lab, (host,), progress)


def reboot(host: Host, progress: Progress) -> None:
    """Restart a host in order and wait till it is back."""
    _require_running(host)
    before = _boot_id(host)
    if before is None:
        raise LabError(f"{host.name} does not answer over SSH; use crash and start instead")
    started = time.monotonic()
    ssh.ask(host, "systemctl", "reboot")
    while time.monotonic() - started < _SHUTDOWN_TIMEOUT:
        if _boot_id(host) not in {None, before}:
            _await_boot((host,), progress, started)
            return
        time.sleep(0.5)
    raise LabError(f"{host.name} has not rebooted in {_SHUTDOWN_TIMEOUT:.0f} s\n{_console(host)}")


def cut(host: Host, progress: Progress) -> None:
    """Disconnect a host from the underlay until it is restored, across its reboots."""
    hosts.set_cut(host, cut=True)
    progress(f"{host.name}: cut")


def restore(host: Host, progress: Progress) -> None:
    """Connect a host to the underlay again."""
    hosts.set_cut(host, cut=False)
    progress(f"{host.name}: restored")


def condition(host: Host) -> str:
    """Tell a host's state in words: off, booting, what systemd says, or cut."""
    if not hosts.is_running(host.lab_name, host.name):
        return "off"
    if hosts.is_cut(host):
        return "cut"
    return ssh.ask(host, "systemctl is-system-running || true") or "booting"


def exclusive(name: str) -> AbstractContextManager[None]:
    """Let one command at a time change a lab."""
    return lock.held(paths.RUN / f"{name}.lock", f"another command on lab {name!r}")


def _raise(lab: Lab, progress: Progress) -> Lab:
    _remove(lab.name)
    _provide(lab.settings, lab.hosts, progress)
    try:
        state.save(lab)
        underlay.create(lab.settings)
        for host in lab.hosts:
            hosts.prepare(lab, host)
        _boot(lab, lab.hosts, progress)
    except BaseException:
        with _uninterrupted():
            _remove(lab.name)
        raise
    return lab


def _complete(present: Lab, wanted: Lab, progress: Progress) -> Lab:
    lab = present.grown(tuple(host.suite for host in wanted.hosts))
    added = lab.hosts[len(present.hosts) :]
    off = [host for host in present.hosts if not hosts.is_running(lab.name, host.name)]
    if not added and not off:
        progress(f"lab {lab.name}: up already, {len(lab.hosts)} hosts")
        return lab
    _provide(lab.settings, added, progress)
    try:
        state.save(lab)
        for host in added:
            hosts.prepare(lab, host)
        _boot(lab, (*off, *added), progress)
    except BaseException:
        with _uninterrupted():
            for host in added:
                _remove_host(lab.name, host.name)
            for host in off:
                hosts.kill(lab.name, host.name)
                underlay.unplug(host.namespace, host.port)
            state.save(present)
        raise
    for host in present.hosts if added else ():
        ssh.ask(host, "cat >> /etc/hosts", stdin=hosts.hosts_lines(added))
    return lab


def _provide(settings: Settings, wanted: Sequence[Host], progress: Progress) -> None:
    ssh.ensure_key()
    for suite in dict.fromkeys(host.suite for host in wanted):
        image.ensure(suite, settings.flavour, progress)


def _boot(lab: Lab, wanted: Sequence[Host], progress: Progress) -> None:
    for first in range(0, len(wanted), _BOOT_AT_ONCE):
        batch = wanted[first : first + _BOOT_AT_ONCE]
        started = time.monotonic()
        for host in batch:
            hosts.start(lab, host)
        _await_boot(batch, progress, started)


def _await_boot(batch: Sequence[Host], progress: Progress, started: float) -> None:
    """Wait till systemd has finished booting each host; the monotonic start is in seconds."""
    waiting = [host for host in batch if not hosts.is_cut(host)]
    while waiting:
        for host in tuple(waiting):
            answer = ssh.ask(host, "systemctl is-system-running || true")
            if answer in {"running", "degraded"}:
                elapsed = time.monotonic() - started
                progress(f"{host.name}: {answer}, {host.suite}, {host.address}, {elapsed:.1f} s")
                waiting.remove(host)
        elapsed = time.monotonic() - started
        for host in waiting:
            if elapsed > _BOOT_TIMEOUT:
                raise LabError(f"{host.name} has not booted in {elapsed:.0f} s\n{_console(host)}")
            if elapsed > _FIRST_SIGN and not hosts.is_running(host.lab_name, host.name):
                raise LabError(f"{host.name} went off while booting\n{_console(host)}")
        time.sleep(0.3)


def _boot_id(host: Host) -> str | None:
    return ssh.ask(host, "cat", "/proc/sys/kernel/random/boot_id")


def _console(host: Host) -> str:
    log = paths.console_log(host.lab_name, host.name)
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"--- console of {host.name} ---", *lines[-_CONSOLE_LINES:]])


def _require_running(host: Host) -> None:
    if not hosts.is_running(host.lab_name, host.name):
        raise LabError(
            f"{host.name} is off; run: python3 -m lab start --name {host.lab_name} {host.name}"
        )


def _remove(name: str) -> bool:
    """Remove what is there of a lab, going by the machine rather than by the record."""
    group = Group.of_lab(name)
    found = bool(group.children)
    for host_name in group.children:
        hosts.kill(name, host_name)
    group.remove()
    group.remove_empty_parent()
    for namespace, port in underlay.leftovers(name):
        underlay.unplug(namespace, port)
        found = True
    found |= underlay.remove(name)
    for directory in (paths.lab_var(name), paths.lab_run(name)):
        if directory.exists():
            shutil.rmtree(directory)
            found = True
    return found


def _remove_host(lab_name: str, host_name: str) -> None:
    hosts.kill(lab_name, host_name)
    underlay.unplug(f"{lab_name}-{host_name}", f"ve-{host_name}")
    hosts.forget(lab_name, host_name)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let no signal stop the clearing away."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
