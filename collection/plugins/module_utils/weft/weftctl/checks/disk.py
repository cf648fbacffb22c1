# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check of the file systems in which the agent and etcd write."""

from __future__ import annotations

from ..facts import HostFacts
from ..finding import Check, CheckProblem, Severity

_FULL, _SCARCE = 0.005, 0.05


def _disk(facts: HostFacts) -> list[CheckProblem]:
    """Find file systems that are full, or nearly: etcd then stops, and leases are not saved."""
    return [
        CheckProblem(
            f"the file system of {folder} has {100 * free:.1f} % free space or inodes",
            f"free space: df -h {folder}; df -i {folder}; journalctl --vacuum-size=100M; then "
            "systemctl start etcd weftd, if one of them has stopped",
            Severity.FAULT if free < _FULL else Severity.WARNING,
        )
        for folder, free in facts.free_space.items()
        if free < _SCARCE
    ]


DISK = Check("disk", "the agent and etcd have space for their files", ("free_space",), _disk)
