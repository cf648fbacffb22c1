# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of a path, and in which unit."""

from __future__ import annotations

import enum


class Figure(enum.StrEnum):
    """One figure; its value is its name in the results."""

    TCP1 = "tcp1"
    TCP4 = "tcp4"
    UDP64 = "udp64"
    UDP64_LOSSLESS = "udp64_loss_under_1pct"
    UDP1400 = "udp1400"
    UDP1400_LOSSLESS = "udp1400_loss_under_1pct"
    RTT_P50 = "rtt_p50"
    RTT_P99 = "rtt_p99"
    RTT_P50_LOADED = "rtt_p50_loaded"
    RTT_P99_LOADED = "rtt_p99_loaded"
    CPU = "cpu_s_per_gib"

    @property
    def unit(self) -> str:
        """The unit of its values."""
        if self in {Figure.TCP1, Figure.TCP4}:
            return "Gbit/s"
        if self.startswith("udp"):
            return "datagrams/s"
        return "s/GiB" if self is Figure.CPU else "us"

    @property
    def less_is_better(self) -> bool:
        """Whether a smaller value is the better one."""
        return self.unit in {"us", "s/GiB"}
