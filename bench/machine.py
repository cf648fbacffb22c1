# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describing the machine and the programs that were measured."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.endpoint import Endpoint

Description = Mapping[str, str | int | float]


def describe_machine() -> Description:
    """Return processor, memory and kernel."""
    return {
        "processor": parse_processor(Path("/proc/cpuinfo").read_text()),
        "cores": os.cpu_count() or 0,
        "memory_gib": parse_memory_gib(Path("/proc/meminfo").read_text()),
        "kernel": platform.release(),
    }


def describe(endpoint: Endpoint) -> Description:
    """Return what the machine is, and the Debian and Python of the hosts."""
    return {
        **describe_machine(),
        "hosts": f"two lab hosts of Debian {endpoint.host.suite} that share these cores",
        "python": endpoint.run(
            "python3 -c 'import platform; print(platform.python_version())'"
        ).strip(),
    }


def caption(description: Description, repeats: int) -> str:
    """Say in a line what the results were measured on."""
    return (
        f"medians of {repeats}, whiskers from least to greatest; {description['hosts']}; "
        f"{description['processor']}, {description['cores']} cores, "
        f"Linux {description['kernel']}, Python {description['python']}"
    )


def load() -> float:
    """Return the machine's load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def versions(endpoint: Endpoint, packages: Iterable[str]) -> Mapping[str, str]:
    """Return the versions of those Debian packages that are installed."""
    names = shlex.join(packages)
    output = endpoint.run(
        f"dpkg-query --show --showformat '${{Package}} ${{Version}}\\n' {names} 2>/dev/null || true"
    )
    pairs = (line.split() for line in output.splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def parse_processor(cpuinfo: str) -> str:
    """Read the model from /proc/cpuinfo; not every architecture names one there."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def parse_memory_gib(meminfo: str) -> float:
    """Read the memory from /proc/meminfo, which has it in KiB."""
    total = next(line for line in meminfo.splitlines() if line.startswith("MemTotal:"))
    return round(int(total.split()[1]) / 2**20, 1)
