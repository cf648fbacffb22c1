# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of coalescing again, packet by packet and parsed by scapy: the oracle of the tests."""

from __future__ import annotations

from scapy.layers.inet import IP, TCP, UDP

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.coalescing import (
    SEGMENTS_MAX,
    Obstacle,
    candidate,
)

from .flows import redone


def naive_runs(packets: list[bytes]) -> list[int]:
    """How many packets are in each run, by the rules alone."""
    found: list[list[bytes]] = []
    for packet in packets:
        if found and joins(found[-1], packet):
            found[-1].append(packet)
        else:
            found.append([packet])
    return [len(run) for run in found]


def joins(run: list[bytes], packet: bytes) -> bool:
    """Whether `packet` may follow `run`."""
    members = [*run, packet]
    if any(
        isinstance(candidate(bytearray(one), 0, len(one), 0), Obstacle) or redone(one) != one
        for one in members
    ):
        return False
    first, last, new = IP(run[0]), IP(run[-1]), IP(packet)
    return (
        flow(first) == flow(new)
        and not (TCP in last and last[TCP].flags.P)
        and len(run[-1]) == len(run[0]) >= len(packet)
        and len(members) <= SEGMENTS_MAX
        and len(run[0]) + sum(len(payload(IP(one))) for one in members[1:]) <= 0xFFFF
        and (TCP not in new or new[TCP].seq == (last[TCP].seq + len(payload(last))) % (1 << 32))
        and (new.flags.DF or new.id == (last.id + 1) % (1 << 16))
    )


def payload(packet: IP) -> bytes:
    return bytes(packet[TCP if TCP in packet else UDP].payload)


def flow(packet: IP) -> tuple[object, ...]:
    ip = (packet.tos, packet.flags, packet.ttl, packet.proto, packet.src, packet.dst)
    if UDP in packet:
        return (*ip, packet[UDP].sport, packet[UDP].dport)
    tcp = packet[TCP]
    flags = str(tcp.flags).replace("P", "")
    options = bytes(tcp)[20 : tcp.dataofs * 4]
    return (
        *ip,
        tcp.sport,
        tcp.dport,
        tcp.ack,
        tcp.reserved,
        flags,
        tcp.window,
        tcp.urgptr,
        options,
    )
