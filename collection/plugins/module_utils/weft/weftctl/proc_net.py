# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network sysctls and UDP counters of the kernel, from /proc (proc(5))."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_SYSCTLS = Path("/proc/sys/net")
_SNMP = Path("/proc/self/net/snmp")


def read_sysctls(names: Iterable[str], directory: Path = _SYSCTLS) -> dict[str, int]:
    """Read sysctls by their path below net, such as ipv4/ip_forward; a missing one is left out."""
    found = {}
    for name in names:
        try:
            found[name] = int((directory / name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return found


def read_udp_counters(path: Path = _SNMP) -> dict[str, int]:
    """Read the counters of UDP, such as InCsumErrors. Raises OSError."""
    return parse_udp_counters(path.read_text(encoding="ascii"))


def parse_udp_counters(text: str) -> dict[str, int]:
    """Parse the UDP counters of /proc/net/snmp: a line of names, then a line of numbers."""
    lines = [line.split()[1:] for line in text.splitlines() if line.startswith("Udp:")]
    return dict(zip(lines[0], map(int, lines[1]), strict=True)) if len(lines) == 2 else {}
