# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel counted on the devices of this network namespace (proc(5), /proc/pid/net/dev)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# By the process: a unit with ProcSubset=pid has no /proc/net, and /sys may show another namespace.
_COUNTERS = Path("/proc/self/net/dev")
_DEVICES = Path("/sys/class/net")
# The eight columns of what came in stand before those of what went out.
_OUT = 8


@dataclass(frozen=True, slots=True)
class DeviceCounters:
    """Packets and bytes since the device was made; rx is what it gave to the host."""

    rx_packets: int
    rx_bytes: int
    rx_errors: int
    rx_dropped: int
    tx_packets: int
    tx_bytes: int
    tx_errors: int
    tx_dropped: int


def read_device_counters(path: Path = _COUNTERS) -> dict[str, DeviceCounters]:
    """The counters of all devices by name. Raises OSError."""
    return parse_device_counters(path.read_text(encoding="ascii"))


def parse_device_counters(text: str) -> dict[str, DeviceCounters]:
    """Read the text of /proc/net/dev: two lines of titles, then one a device."""
    counters = {}
    for line in text.splitlines()[2:]:
        name, _colon, columns = line.rpartition(":")
        numbers = [int(column) for column in columns.split()]
        rx_bytes, rx_packets, rx_errors, rx_dropped = numbers[:4]
        tx_bytes, tx_packets, tx_errors, tx_dropped = numbers[_OUT : _OUT + 4]
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
    """The name of the driver of a device, None where it has none, as a virtual one."""
    try:
        return (devices / device / "device/driver").readlink().name
    except OSError:
        return None
