# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When dockerd must be restarted."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.docker.bridge import (
    BridgeState,
    EngineState,
    parse_bridge,
    restart_required,
    restart_required_after_removal,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.settings import BridgeSettings

BIP = IPv4Interface("100.96.1.1/24")
OTHER = IPv4Interface("172.17.0.1/16")
WANTED = BridgeSettings(BIP, 1472)


def test_the_bridge_is_found_among_the_links() -> None:
    answer = [
        {"ifname": "eth0", "mtu": 1400, "addr_info": [{"local": "10.0.0.1", "prefixlen": 8}]},
        {},
        {"ifname": "docker0", "mtu": 1500, "addr_info": [{"local": "172.17.0.1", "prefixlen": 16}]},
    ]
    text = json.dumps(answer)
    assert parse_bridge(text, "docker0") == BridgeState((OTHER,), 1500)
    assert parse_bridge(text, "docker1") == BridgeState()


@pytest.mark.parametrize(
    ("bridge", "engine", "changed", "required"),
    [
        # dockerd is down: it will read the files when it starts
        (BridgeState(), EngineState(running=False), True, False),
        # the bridge has another address, or is not there
        (BridgeState((OTHER,), 1472), EngineState(running=True, mtu=1472), False, True),
        (BridgeState(), EngineState(running=True, mtu=1472), False, True),
        # all is carried, also by an idle bridge before version 25, which stays at 1500
        (BridgeState((BIP,), 1472), EngineState(running=True, mtu=1472), True, False),
        (BridgeState((BIP,), 1500), EngineState(running=True, mtu=1472), True, False),
        # dockerd still has the old MTU, whatever the device shows
        (BridgeState((BIP,), 1472), EngineState(running=True, mtu=1500), False, True),
        # dockerd does not answer
        (BridgeState((BIP,), 1472), EngineState(running=True), True, False),
        (BridgeState((BIP,), 1500), EngineState(running=True), True, True),
        (BridgeState((BIP,), 1500), EngineState(running=True), False, False),
    ],
)
def test_a_restart_is_required_if_the_running_dockerd_differs(
    bridge: BridgeState, engine: EngineState, changed: bool, required: bool
) -> None:
    assert restart_required(WANTED, bridge, engine, changed=changed) is required


@pytest.mark.parametrize(
    ("running_mtu", "default_mtu", "changed", "required"),
    [
        (1500, 1500, True, False),
        (1472, 1500, True, True),
        (1472, 1500, False, False),
        (1472, 1472, True, False),
    ],
)
def test_a_removed_mtu_requires_a_restart_in_the_run_that_removes_it(
    running_mtu: int, default_mtu: int, changed: bool, required: bool
) -> None:
    bridge = BridgeState((BIP,), running_mtu)
    engine = EngineState(running=True, mtu=running_mtu)
    wanted = replace(WANTED, mtu=None)
    assert (
        restart_required(wanted, bridge, engine, changed=changed, default_mtu=default_mtu)
        is required
    )


OVERLAY = IPv4Network("100.96.0.0/16")


@pytest.mark.parametrize(
    ("given", "address", "mtu", "changed", "network", "required"),
    [
        ({}, BIP, 1500, False, OVERLAY, True),
        ({}, OTHER, 1500, False, OVERLAY, False),
        # without the network, only the run that changes the files can tell
        ({}, BIP, 1500, False, None, False),
        ({}, BIP, 1500, True, None, True),
        # the address is somebody else's wish
        ({"bip": "100.96.1.1/24"}, BIP, 1500, False, OVERLAY, False),
        ({}, OTHER, 1472, False, OVERLAY, True),
        ({"mtu": "1472"}, OTHER, 1472, False, OVERLAY, False),
        ({}, OTHER, None, False, OVERLAY, False),
    ],
)
def test_removed_settings_are_detected_in_the_running_dockerd(
    *,
    given: dict[str, str],
    address: IPv4Interface,
    mtu: int | None,
    changed: bool,
    network: IPv4Network | None,
    required: bool,
) -> None:
    bridge, engine = BridgeState((address,), 1500), EngineState(running=True, mtu=mtu)
    found = restart_required_after_removal(
        given, bridge, engine, changed=changed, overlay_network=network
    )
    assert found is required
    down = EngineState(running=False)
    assert not restart_required_after_removal(
        given, bridge, down, changed=changed, overlay_network=network
    )
