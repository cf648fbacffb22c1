# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports as the options and results of modules write them. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Protocol(Enum):
    """The transport protocol of a port."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class Port:
    """A port of one protocol."""

    protocol: Protocol
    number: int

    def document(self) -> dict[str, Any]:
        """Return the port as a return value."""
        return {"protocol": self.protocol.value, "port": self.number}


def port_options() -> dict[str, Any]:
    """Return the argument_spec of a port."""
    return {
        "protocol": {"type": "str", "choices": ["tcp", "udp"], "required": True},
        "port": {"type": "int", "required": True},
    }


def parse_port(options: dict[str, Any]) -> Port:
    """Return the port of these options. Raises ValueError for a number that is no port."""
    if not 0 < options["port"] < 65536:
        raise ValueError(f"{options['port']} is not a port: give a number from 1 to 65535")
    return Port(Protocol(options["protocol"]), options["port"])
