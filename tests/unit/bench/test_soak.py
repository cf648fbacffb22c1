# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a process's memory."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from bench.errors import BenchError
from bench.paths.weft import vtep_mac
from bench.soak import parse_resident


def test_the_resident_set_in_kib() -> None:
    assert parse_resident("Name:\tpython3\nVmHWM:\t   19000 kB\nVmRSS:\t   18832 kB\n") == 18832


def test_a_kernel_thread_has_none() -> None:
    with pytest.raises(BenchError, match="no VmRSS"):
        parse_resident("Name:\tkthreadd\n")


def test_a_tunnel_end_is_named_after_its_host() -> None:
    assert vtep_mac(IPv4Address("10.171.0.11")) == "02:77:0a:ab:00:0b"
