# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the datapath counts: packets carried, and packets dropped by reason."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Drop(enum.IntEnum):
    """Why a packet was dropped; an index into `Counters.drops`."""

    # Either direction: the packet itself.
    TRUNCATED = 0  # shorter than an IPv4 header, or than its total length says
    NOT_IPV4 = enum.auto()
    MALFORMED = enum.auto()  # a header length below 20 bytes or beyond the packet
    # From the underlay.
    STRANGER = enum.auto()  # the sender's address holds no lease
    SOURCE_PORT = enum.auto()  # a peer's address, but not the backend's port
    NO_VNI = enum.auto()  # VXLAN without the flag that says that there is a VNI
    OTHER_VNI = enum.auto()
    INNER_MAC = enum.auto()  # an Ethernet destination that is not our tunnel end
    INNER_SOURCE = enum.auto()  # a source outside the sender's subnet
    INNER_DESTINATION = enum.auto()  # a destination outside our subnet
    # By the kernel, which counts here too: bad UDP checksums, and strangers while there are many.
    RECEIVE_QUEUE_FULL = enum.auto()
    RECEIVE_ERROR = enum.auto()
    DEVICE_DOWN = enum.auto()
    DEVICE_QUEUE_FULL = enum.auto()
    TUN_WRITE_ERROR = enum.auto()
    # From the device.
    IPV6 = enum.auto()  # the kernel's own router solicitations and the like
    MULTICAST = enum.auto()
    BROADCAST = enum.auto()
    NO_ROUTE = enum.auto()  # no lease covers the destination
    OWN_SUBNET = enum.auto()  # ours, but the bridge did not take it
    WRONG_CHECKSUM = enum.auto()  # one that a peer would make right by finishing it
    TOO_BIG = enum.auto()  # EMSGSIZE
    SEND_QUEUE_FULL = enum.auto()  # EAGAIN, ENOBUFS
    UNDERLAY_UNREACHABLE = enum.auto()  # ENETUNREACH, EHOSTUNREACH, ENETDOWN
    SEND_REFUSED = enum.auto()  # EPERM, EACCES: a local firewall; ECONNREFUSED: the peer's port
    SEND_ERROR = enum.auto()

    @property
    def label(self) -> str:
        """The reason as status shows it, such as `inner-source`."""
        return self.name.lower().replace("_", "-")


@dataclass(slots=True)
class Traffic:
    """Packets and bytes (of inner packets) exchanged with one peer."""

    packets_in: int = 0
    bytes_in: int = 0
    packets_out: int = 0
    bytes_out: int = 0
    # Seconds since the epoch of the last accepted datagram.
    last_heard: float | None = None

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.packets_in + other.packets_in,
            self.bytes_in + other.bytes_in,
            self.packets_out + other.packets_out,
            self.bytes_out + other.bytes_out,
            max(self.last_heard or 0.0, other.last_heard or 0.0) or None,
        )


@dataclass(slots=True)
class Counters:
    """The totals since the process started."""

    packets_in: int = 0
    bytes_in: int = 0
    packets_out: int = 0
    bytes_out: int = 0
    unreachables_sent: int = 0
    unreachables_suppressed: int = 0
    drops: list[int] = field(default_factory=lambda: [0] * len(Drop))

    def __add__(self, other: Counters) -> Counters:
        return Counters(
            self.packets_in + other.packets_in,
            self.bytes_in + other.bytes_in,
            self.packets_out + other.packets_out,
            self.bytes_out + other.bytes_out,
            self.unreachables_sent + other.unreachables_sent,
            self.unreachables_suppressed + other.unreachables_suppressed,
            [one + another for one, another in zip(self.drops, other.drops, strict=True)],
        )

    def drops_by_reason(self) -> dict[str, int]:
        """Return every reason with its count, also the zeros, so that a graph has all its lines."""
        return {reason.label: self.drops[reason] for reason in Drop}
