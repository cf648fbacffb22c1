# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bridge holds now, and whether dockerd must be restarted to hold what is wanted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

from .settings import BridgeSettings

DEFAULT_MTU = 1500
"""What dockerd gives the default bridge if it is told nothing, in bytes (moby daemon/config)."""


@dataclass(frozen=True, slots=True)
class BridgeState:
    """The bridge device: its IPv4 addresses and its MTU in bytes; both empty if it is absent."""

    addresses: tuple[IPv4Interface, ...] = ()
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class EngineState:
    """The running dockerd: whether there is one, the MTU it gives to the default bridge, and by
    what it keeps its firewall, such as ``iptables``.

    The MTU is in bytes; both are None if dockerd did not answer.
    """

    running: bool
    mtu: int | None = None
    firewall: str | None = None


def parse_bridge(text: str, device: str) -> BridgeState:
    """Read ``device`` out of the answer of ``ip -N -j -4 address show``."""
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
    mtu_left: int = DEFAULT_MTU,
) -> bool:
    """Tell whether the running dockerd lacks what is wanted.

    Before version 25 dockerd gives its MTU to containers alone and the kernel keeps an idle
    bridge at 1500 (moby #46849), so dockerd's own answer about the MTU comes before the
    device's. Without an answer a bridge at another MTU proves nothing: then only ``changed``,
    a change of the files in this run, asks for a restart. ``mtu_left`` is what dockerd will
    have if no MTU is wanted; that it has another one matters only to the run that changed it.
    """
    if not engine.running:
        return False
    if wanted.bip not in bridge.addresses:
        return True
    mtu = wanted.mtu or mtu_left
    if engine.mtu is None:
        return changed and bridge.mtu != mtu
    return engine.mtu != mtu and (changed or wanted.mtu is not None)


def release_required(
    given: Mapping[str, str],
    bridge: BridgeState,
    engine: EngineState,
    *,
    changed: bool,
    overlay_network: IPv4Network | None,
) -> bool:
    """Tell whether the running dockerd still has what weft took back.

    ``given`` are the options that dockerd's files hold now, by their names. Whether the bridge's
    address was weft's shows in that it lies in the overlay's network and nothing gives it;
    without that network only ``changed``, a change of the files in this run, tells.
    """
    if not engine.running:
        return False
    if engine.mtu is not None and str(engine.mtu) != given.get("mtu", str(DEFAULT_MTU)):
        return True
    if "bip" in given or overlay_network is None:
        return changed
    return changed or any(address.ip in overlay_network for address in bridge.addresses)
