# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says of the machine and of consumed time."""

from __future__ import annotations

import platform

import pytest

from bench import cpu, machine
from bench.errors import BenchError
from bench.run import parse_fragments


def test_processor_is_the_model() -> None:
    assert machine.parse_processor("processor\t: 0\nmodel name\t: AMD EPYC\n") == "AMD EPYC"


def test_processor_without_a_model_is_its_architecture() -> None:
    assert machine.parse_processor("processor\t: 0\nBogoMIPS\t: 50.0\n") == platform.machine()


def test_memory_is_in_gib() -> None:
    assert machine.parse_memory_gib("MemTotal:       24576000 kB\nMemFree: 1 kB\n") == 23.4


def test_consumed_time_is_in_seconds() -> None:
    assert cpu.parse_usage("usage_usec 1500000\nuser_usec 1\n") == 1.5
    assert cpu.parse_schedstat("2500000000 7 12\n") == 2.5


def test_control_group_without_usage_is_an_error() -> None:
    with pytest.raises(BenchError, match="usage_usec"):
        cpu.parse_usage("nr_periods 0\n")


def test_fragments_are_found_by_their_column() -> None:
    snmp = "Ip: Forwarding FragOKs FragCreates\nIp: 1 2 17\nIcmp: InMsgs\nIcmp: 4\n"
    assert parse_fragments(snmp) == 17
