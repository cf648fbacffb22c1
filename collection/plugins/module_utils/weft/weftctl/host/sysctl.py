# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's settings and counters of the network, from /proc (proc(5))."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_SETTINGS = Path("/proc/sys/net")
_SNMP = Path("/proc/self/net/snmp")


def read_settings(names: Iterable[str], settings: Path = _SETTINGS) -> dict[str, int]:
    """The settings by their path below net, such as ipv4/ip_forward; those there are."""
    found = {}
    for name in names:
        try:
            found[name] = int((settings / name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return found


def read_udp_counters(path: Path = _SNMP) -> dict[str, int]:
    """The counters of the protocol UDP, such as InCsumErrors. Raises OSError."""
    return parse_udp_counters(path.read_text(encoding="ascii"))


def parse_udp_counters(text: str) -> dict[str, int]:
    """The counters in the text of /proc/net/snmp: a line of names, then one of numbers."""
    lines = [line.split()[1:] for line in text.splitlines() if line.startswith("Udp:")]
    return dict(zip(lines[0], map(int, lines[1]), strict=True)) if len(lines) == 2 else {}
