# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets for the tests of the datapath, built by scapy and not by the code under test."""

from __future__ import annotations

from typing import Any

from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.compiled_table import (
    CompiledTable,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.egress import Egress
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.ingress import Ingress
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import Offloads
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets.packet_io import (
    PacketIO,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.statistics import Counters
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import parse_table
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.token_bucket import (
    TokenBucket,
)

PEER = ("10.168.0.12", 8285)
OTHER_PEER = ("10.168.0.13", 8285)


def document(**changes: Any) -> dict[str, Any]:
    """Host 1's table with hosts 2 and 3 as peers."""
    return {
        "backend": "udp",
        "device": "flannel0",
        "bind": "10.168.0.11",
        "port": 8285,
        "network": "100.96.0.0/16",
        "subnet": "100.96.1.0/24",
        "mtu": 1472,
        "peers": [
            {"subnet": "100.96.2.0/24", "public_ip": "10.168.0.12"},
            {"subnet": "100.96.3.0/24", "public_ip": "10.168.0.13"},
        ],
        **changes,
    }


def forwarding(**changes: Any) -> CompiledTable:
    return CompiledTable(parse_table(document(**changes)))


def packet(
    source: str = "100.96.2.2", destination: str = "100.96.1.2", size: int = 8, **fields: Any
) -> bytes:
    """A UDP packet with `size` bytes of payload and the IP header fields given."""
    return bytes(
        IP(src=source, dst=destination, **fields)
        / UDP(sport=1000, dport=2000)
        / Raw(bytes(index % 251 for index in range(size)))
    )


class BothDirections:
    """The packet path in both directions, on injected calls."""

    def __init__(
        self,
        compiled: CompiledTable,
        io: PacketIO,
        counters: Counters,
        unreachables: TokenBucket,
        offloads: Offloads,
    ) -> None:
        self.drain_device = Egress(compiled, io, counters, unreachables, offloads).drain
        self.drain_transport = Ingress(compiled, io, counters, offloads).drain
