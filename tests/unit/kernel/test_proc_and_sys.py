# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from /proc and /sys, from folders of the same form."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.device_counters import (
    DeviceCounters,
    read_device_counters,
    read_driver,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.sysctl import (
    parse_udp_counters,
    read_settings,
    read_udp_counters,
)

SNMP = """\
Tcp: RtoAlgorithm RtoMin
Tcp: 1 200
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors
Udp: 1000 3 2 900 0 0 7
UdpLite: InDatagrams NoPorts
UdpLite: 5 6
"""


def test_the_counters_of_a_device(tmp_path: Path) -> None:
    statistics = tmp_path / "flannel0/statistics"
    statistics.mkdir(parents=True)
    for number, field in enumerate(fields(DeviceCounters), start=1):
        (statistics / field.name).write_text(f"{number}\n")
    assert read_device_counters("flannel0", tmp_path) == DeviceCounters(1, 2, 3, 4, 5, 6, 7, 8)
    assert read_device_counters("flannel.1", tmp_path) is None


def test_the_kernel_has_every_counter_that_is_asked_for() -> None:
    assert read_device_counters("lo") is not None


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
    assert read_settings(names, tmp_path) == {"ipv4/ip_forward": 1}


def test_the_counters_of_udp() -> None:
    counters = parse_udp_counters(SNMP)
    assert (counters["InDatagrams"], counters["InCsumErrors"]) == (1000, 7)
    assert parse_udp_counters("Tcp: a\nTcp: 1\n") == {}
    assert "InCsumErrors" in read_udp_counters()


def test_a_proc_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_udp_counters(tmp_path / "snmp")
