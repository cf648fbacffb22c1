# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ping prints."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from bench import ping
from bench.errors import BenchError

# Of iputils 20240905; the third request was lost.
OUTPUT = """PING 10.171.0.12 (10.171.0.12) 56(84) bytes of data.
64 bytes from 10.171.0.12: icmp_seq=1 ttl=64 time=0.041 ms
64 bytes from 10.171.0.12: icmp_seq=2 ttl=64 time=0.144 ms
64 bytes from 10.171.0.12: icmp_seq=4 ttl=64 time=12.3 ms

--- 10.171.0.12 ping statistics ---
4 packets transmitted, 3 received, 25% packet loss, time 6ms
rtt min/avg/max/mdev = 0.041/4.161/12.300/5.754 ms
"""


def test_times_are_in_microseconds() -> None:
    assert ping.parse_microseconds(OUTPUT, 4) == pytest.approx((41.0, 144.0, 12300.0))


def test_too_few_answers_are_no_latency() -> None:
    with pytest.raises(BenchError, match="3 of 7 requests"):
        ping.parse_microseconds(OUTPUT, 7)


def test_command_ends_by_itself_where_nothing_answers() -> None:
    line = ping.command(IPv4Address("10.171.0.12"), 400, 0.002)
    assert "-c 400 -w 4 10.171.0.12" in line


STAMPED = """PING 10.171.0.12 (10.171.0.12) 56(84) bytes of data.
[1700000000.100000] 64 bytes from 10.171.0.12: icmp_seq=1 ttl=64 time=0.041 ms
[1700000000.105000] 64 bytes from 10.171.0.12: icmp_seq=2 ttl=64 time=0.144 ms
[1700000000.225000] 64 bytes from 10.171.0.12: icmp_seq=5 ttl=64 time=101 ms
[1700000000.225100] 64 bytes from 10.171.0.12: icmp_seq=4 ttl=64 time=106 ms

--- 10.171.0.12 ping statistics ---
6 packets transmitted, 4 received, 33% packet loss, time 6ms
"""


def test_an_interruption_is_what_was_lost_and_what_waited() -> None:
    taken = ping.parse_interruption(STAMPED)
    assert (taken.lost, taken.round_trip) == (1, 106.0)
    assert taken.silence == pytest.approx(120.0, abs=0.01)


def test_where_nothing_answers_there_is_no_interruption() -> None:
    with pytest.raises(BenchError, match="0 requests"):
        ping.parse_interruption("6 packets transmitted, 0 received")
