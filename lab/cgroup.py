# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control groups (version 2): each host's processes form one, which can be killed at once.

See Documentation/admin-guide/cgroup-v2.rst of the kernel: cgroup.procs, cgroup.events, cgroup.kill.
"""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lab import lock, paths
from lab.errors import LabError

_ROOT = "weft-lab"
# What systemd hands on to its services when it can.
_CONTROLLERS = frozenset({"cpu", "cpuset", "io", "memory", "pids"})


@dataclass(frozen=True, slots=True)
class Group:
    """One control group, by its directory."""

    path: Path

    @classmethod
    def of_host(cls, lab_name: str, host_name: str) -> Self:
        """Return the group of all processes of a host."""
        return cls(_mount_point() / _ROOT / lab_name / host_name)

    @classmethod
    def of_lab(cls, lab_name: str) -> Self:
        """Return the group that holds a lab's hosts."""
        return cls(_mount_point() / _ROOT / lab_name)

    def child(self, name: str) -> Group:
        """Return a group inside this one."""
        return Group(self.path / name)

    @property
    def children(self) -> tuple[str, ...]:
        """The names of the groups inside this one."""
        if not self.path.is_dir():
            return ()
        return tuple(sorted(entry.name for entry in self.path.iterdir() if entry.is_dir()))

    def create(self) -> None:
        """Make the group, and hand the usual controllers down to it where they exist."""
        with _lock():
            self.path.mkdir(parents=True, exist_ok=True)
        depth = len(self.path.relative_to(_mount_point()).parts)
        for ancestor in reversed(self.path.parents[:depth]):
            present = set((ancestor / "cgroup.controllers").read_text().split())
            wanted = " ".join(f"+{name}" for name in sorted(present & _CONTROLLERS))
            (ancestor / "cgroup.subtree_control").write_text(wanted)

    def enter(self) -> None:
        """Move the calling process into the group."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    @property
    def populated(self) -> bool:
        """Whether a process lives in the group or below it."""
        try:
            return "populated 1" in (self.path / "cgroup.events").read_text()
        except FileNotFoundError:
            return False

    def destroy(self, timeout: float = 20.0) -> None:
        """Kill all processes of the group at once and remove it, within a time in seconds."""
        deadline = time.monotonic() + timeout
        while self.path.is_dir():
            (self.path / "cgroup.kill").write_text("1")
            # A process may still be dying, or have entered since: busy (EBUSY) until it is gone.
            with suppress(OSError):
                self.remove()
                return
            if time.monotonic() > deadline:
                raise LabError(f"processes in {self.path} survive SIGKILL for {timeout:.0f} s")
            time.sleep(0.02)

    def remove(self) -> None:
        """Remove the group and those inside it; all must be without processes."""
        for name in self.children:
            self.child(name).remove()
        if self.path.is_dir():
            self.path.rmdir()

    def remove_empty_parent(self) -> None:
        """Remove the group that holds this one, unless it holds others too."""
        # cgroupfs answers rmdir(2) with EBUSY where other file systems say ENOTEMPTY.
        with _lock(), suppress(OSError):
            self.path.parent.rmdir()


def _lock() -> AbstractContextManager[None]:
    return lock.held(paths.RUN / ".cgroup.lock")


def _mount_point() -> Path:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, directory, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(directory)
    raise LabError(
        "control groups version 2 are not mounted; run: "
        "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"
    )
