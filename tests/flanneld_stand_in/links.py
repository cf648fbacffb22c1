# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iproute2, and the host's interface as it shows it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any


@dataclass(frozen=True, slots=True)
class Interface:
    """The interface to the other hosts, with its first address; mtu in bytes."""

    name: str
    address: IPv4Address
    mtu: int


def ip(words: str) -> None:
    """Run `ip` with these words. Raises CalledProcessError."""
    subprocess.run(["ip", *words.split()], check=True)


def read_link(name: str) -> dict[str, Any] | None:
    """What `ip -d address show` tells of a link, None where there is no such link."""
    done = subprocess.run(
        ["ip", "-j", "-d", "-4", "address", "show", "dev", name],
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        return None
    (link,) = [entry for entry in json.loads(done.stdout) if entry]
    return dict(link)


def read_interface(name: str) -> Interface:
    """The interface of that name. Raises SystemExit if there is none."""
    link = read_link(name)
    if link is None or not link["addr_info"]:
        raise SystemExit(f"there is no interface {name} with an IPv4 address: give --iface another")
    return Interface(name, IPv4Address(link["addr_info"][0]["local"]), link["mtu"])
