# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel counted on a device (Documentation/ABI/testing/sysfs-class-net-statistics)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

_DEVICES = Path("/sys/class/net")


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


def read_device_counters(device: str, devices: Path = _DEVICES) -> DeviceCounters | None:
    """The counters of a device, None where there is none of that name."""
    folder = devices / device / "statistics"
    try:
        return DeviceCounters(
            **{
                field.name: int((folder / field.name).read_text(encoding="ascii"))
                for field in fields(DeviceCounters)
            }
        )
    except OSError:
        return None


def read_driver(device: str, devices: Path = _DEVICES) -> str | None:
    """The name of the driver of a device, None where it has none, as a virtual one."""
    try:
        return (devices / device / "device/driver").readlink().name
    except OSError:
        return None
