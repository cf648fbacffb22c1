# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the bridge, and whether dockerd must be restarted to apply the settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

from .settings import BridgeSettings

DEFAULT_MTU = 1500
"""dockerd's default MTU of the default bridge, in bytes (moby daemon/config)."""


@dataclass(frozen=True, slots=True)
class BridgeState:
    """The bridge's IPv4 addresses and its MTU in bytes; empty and None if it does not exist."""

    addresses: tuple[IPv4Interface, ...] = ()
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class EngineState:
    """Whether dockerd runs, its MTU of the default bridge in bytes, and its firewall backend.

    The firewall backend is such as ``iptables``. MTU and backend are None if dockerd's API is
    unreachable.
    """

    running: bool
    mtu: int | None = None
    firewall: str | None = None


def parse_bridge(text: str, device: str) -> BridgeState:
    """Parse the state of ``device`` from the output of ``ip -N -j -4 address show``."""
    for link in json.loads(text or "[]"):
        if link.get("ifname") == device:
            return BridgeState(
                tuple(
                    IPv4Interface(f"{entry['local']}/{entry['prefixlen']}")
                    for entry in link.get("addr_info", [])
                    if "local" in entry
                ),
                link.get("mtu"),
            )
    return BridgeState()


def restart_required(
    wanted: BridgeSettings,
    bridge: BridgeState,
    engine: EngineState,
    *,
    changed: bool,
    default_mtu: int = DEFAULT_MTU,
) -> bool:
    """Return whether the running dockerd must be restarted to apply the wanted settings.

    Before version 25, dockerd sets its MTU on containers only and the kernel keeps an idle bridge
    at 1500 (moby #46849), so the MTU that dockerd's API returns takes precedence over that of the
    device. Without it, a different MTU of the bridge requires a restart only if this run changed
    the files (``changed``). ``default_mtu`` is dockerd's MTU if none is wanted; a different MTU
    then requires a restart only in the run that changed the files.
    """
    if not engine.running:
        return False
    if wanted.bip not in bridge.addresses:
        return True
    mtu = wanted.mtu or default_mtu
    if engine.mtu is None:
        return changed and bridge.mtu != mtu
    return engine.mtu != mtu and (changed or wanted.mtu is not None)


def differs_in_mtu_only(wanted: BridgeSettings, bridge: BridgeState) -> bool:
    """Return whether the bridge has the wanted address, so that a restart changes only the MTU."""
    return wanted.bip in bridge.addresses


def restart_required_after_removal(
    given: Mapping[str, str],
    bridge: BridgeState,
    engine: EngineState,
    *,
    changed: bool,
    overlay_network: IPv4Network | None,
) -> bool:
    """Return whether the running dockerd still uses settings that weft has removed.

    ``given`` are the options in dockerd's files by name. An address of the bridge was set by weft
    if it is in the overlay's network and no file gives a bip. If the overlay's network is unknown,
    only a change of the files in this run (``changed``) requires a restart.
    """
    if not engine.running:
        return False
    if engine.mtu is not None and str(engine.mtu) != given.get("mtu", str(DEFAULT_MTU)):
        return True
    if "bip" in given or overlay_network is None:
        return changed
    return changed or any(address.ip in overlay_network for address in bridge.addresses)
