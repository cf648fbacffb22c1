# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an underlay is free on a machine."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from lab.underlay import Occupied, conflict

UNDERLAY = IPv4Network("10.168.0.0/24")


@pytest.mark.parametrize("network", ["10.168.0.0/24", "10.168.0.128/25", "10.0.0.0/8"])
def test_overlap_is_named(network: str) -> None:
    others = [Occupied(IPv4Network("192.0.2.0/24"), "eth0"), Occupied(IPv4Network(network), "tun0")]
    assert conflict(UNDERLAY, others) == others[1]


@pytest.mark.parametrize("network", ["0.0.0.0/0", "10.168.1.0/24", "192.0.2.0/24"])
def test_what_does_not_overlap_is_no_conflict(network: str) -> None:
    assert conflict(UNDERLAY, [Occupied(IPv4Network(network), "eth0")]) is None
