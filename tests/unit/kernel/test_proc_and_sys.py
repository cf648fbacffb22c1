# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of /proc and /sys, on folders of the same form."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.device_counters import (
    DeviceCounters,
    read_device_counters,
    read_driver,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.proc_net import (
    parse_udp_counters,
    read_sysctls,
    read_udp_counters,
)

DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo
    lo:    1000      10    0    0    0     0          0         0     1000      10    0    0    0
flannel.1:    2       1    3    4   91    92         93        94        6       5    7    8   95
"""
SNMP = """\
Tcp: RtoAlgorithm RtoMin
Tcp: 1 200
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors
Udp: 1000 3 2 900 0 0 7
UdpLite: InDatagrams NoPorts
UdpLite: 5 6
"""


def test_the_counters_of_devices(tmp_path: Path) -> None:
    (tmp_path / "dev").write_text(DEV)
    assert read_device_counters(tmp_path / "dev") == {
        "lo": DeviceCounters(10, 1000, 0, 0, 10, 1000, 0, 0),
        "flannel.1": DeviceCounters(1, 2, 3, 4, 5, 6, 7, 8),
    }


def test_the_kernel_uses_this_format() -> None:
    assert "lo" in read_device_counters()


def test_the_driver_of_a_card(tmp_path: Path) -> None:
    (tmp_path / "eth0/device").mkdir(parents=True)
    (tmp_path / "eth0/device/driver").symlink_to("../../bus/pci/drivers/vmxnet3")
    (tmp_path / "docker0").mkdir()
    assert read_driver("eth0", tmp_path) == "vmxnet3"
    assert read_driver("docker0", tmp_path) is None


def test_settings_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "ipv4").mkdir()
    (tmp_path / "ipv4/ip_forward").write_text("1\n")
    names = ("ipv4/ip_forward", "bridge/bridge-nf-call-iptables")
    assert read_sysctls(names, tmp_path) == {"ipv4/ip_forward": 1}


def test_the_counters_of_udp() -> None:
    counters = parse_udp_counters(SNMP)
    assert (counters["InDatagrams"], counters["InCsumErrors"]) == (1000, 7)
    assert parse_udp_counters("Tcp: a\nTcp: 1\n") == {}
    assert "InCsumErrors" in read_udp_counters()


def test_a_proc_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_udp_counters(tmp_path / "snmp")
