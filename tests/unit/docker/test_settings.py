# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses and MTUs are taken."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.docker.settings import (
    SettingsError,
    parse_overlay_network,
    parse_settings,
)

OVERLAY = IPv4Network("100.96.0.0/16")


def test_options_carry_dockerds_names() -> None:
    assert parse_settings("100.96.1.1/24", 1472).options() == {
        "bip": "100.96.1.1/24",
        "mtu": 1472,
    }
    assert parse_settings("100.96.1.1/24").options() == {"bip": "100.96.1.1/24"}


@pytest.mark.parametrize(
    "bip",
    [
        "none",
        "100.96.1.1",
        "100.96.1.1/31",
        "100.96.1.0/24",
        "100.96.1.255/24",
        "100.96.1.256/24",
        "127.0.0.1/8",
        "224.0.0.1/24",
        "fd00::1/64",
        "docker0",
    ],
)
def test_a_bip_that_is_no_hosts_address_is_refused(bip: str) -> None:
    with pytest.raises(SettingsError, match=bip):
        parse_settings(bip)


@pytest.mark.parametrize("mtu", [-1, 0, 67, 65536])
def test_an_mtu_outside_ipv4_is_refused(mtu: int) -> None:
    with pytest.raises(SettingsError, match=f"mtu {mtu} is outside 68..65535"):
        parse_settings("100.96.1.1/24", mtu)


def test_the_bip_lies_in_the_overlay() -> None:
    assert parse_settings("100.96.1.1/24", None, OVERLAY).bip.network.subnet_of(OVERLAY)
    with pytest.raises(SettingsError, match="outside the overlay's network"):
        parse_settings("100.97.1.1/24", None, OVERLAY)


def test_an_overlay_network_has_no_host_bits() -> None:
    assert parse_overlay_network("100.96.0.0/16") == OVERLAY
    with pytest.raises(SettingsError, match=r"100\.96\.1\.1/16"):
        parse_overlay_network("100.96.1.1/16")
