# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet counters of the devices of this network namespace (proc(5), /proc/pid/net/dev)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# /proc/self: a unit with ProcSubset=pid has no /proc/net, and /sys may show another namespace.
_COUNTERS = Path("/proc/self/net/dev")
_DEVICES = Path("/sys/class/net")
# The eight columns of received packets precede those of sent packets.
_TX_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class DeviceCounters:
    """Packets and bytes since the device was created; rx: received by the host."""

    rx_packets: int
    rx_bytes: int
    rx_errors: int
    rx_dropped: int
    tx_packets: int
    tx_bytes: int
    tx_errors: int
    tx_dropped: int


def read_device_counters(path: Path = _COUNTERS) -> dict[str, DeviceCounters]:
    """Return the counters of all devices by name. Raises OSError."""
    return parse_device_counters(path.read_text(encoding="ascii"))


def parse_device_counters(text: str) -> dict[str, DeviceCounters]:
    """Return the counters by name from /proc/net/dev: two title lines, then one per device."""
    counters = {}
    for line in text.splitlines()[2:]:
        name, _colon, columns = line.rpartition(":")
        numbers = [int(column) for column in columns.split()]
        rx_bytes, rx_packets, rx_errors, rx_dropped = numbers[:4]
        tx_bytes, tx_packets, tx_errors, tx_dropped = numbers[_TX_COLUMNS : _TX_COLUMNS + 4]
        counters[name.strip()] = DeviceCounters(
            rx_packets,
            rx_bytes,
            rx_errors,
            rx_dropped,
            tx_packets,
            tx_bytes,
            tx_errors,
            tx_dropped,
        )
    return counters


def read_driver(device: str, devices: Path = _DEVICES) -> str | None:
    """Return the name of the driver of a device, None if it is virtual."""
    try:
        return (devices / device / "device/driver").readlink().name
    except OSError:
        return None
