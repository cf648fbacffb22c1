# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether rp_filter drops what comes by another device than the answer would leave by.

The kernel takes the higher of `all` and the device's own; 1 is strict, 2 is loose
(Documentation/networking/ip-sysctl.rst).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from ..facts import HostFacts, bridge_of
from ..finding import Check, Flaw

_STRICT = 1


def examine(facts: HostFacts) -> list[Flaw]:
    """Devices whose strict filter drops what peers send."""
    return [*_overlay(facts), *_underlay(facts)]


def _overlay(facts: HostFacts) -> Iterator[Flaw]:
    strict = [device for device in facts.devices if _mode(facts, device) == _STRICT]
    changing = len(facts.settings.backends) > 1
    for device in strict:
        if changing:
            yield _flaw(device, "while this host speaks two backends, answers may leave by another")
            continue
        for peer in facts.peers:
            other = _device_towards(facts, bridge_of(peer))
            if other is not None and other not in facts.devices:
                yield _flaw(device, f"the route to {peer.subnet} leaves by {other}")
                break


def _underlay(facts: HostFacts) -> Iterator[Flaw]:
    if facts.underlay is None or facts.port is None:
        return
    interface = facts.underlay.interface
    if _mode(facts, interface) != _STRICT:
        return
    for peer in facts.peers:
        other = _device_towards(facts, peer.public_ip)
        if other is not None and other != interface:
            yield _flaw(interface, f"the route to {peer.public_ip} leaves by {other}")
            return


def _mode(facts: HostFacts, device: str) -> int:
    values = (facts.sysctls.get(f"ipv4/conf/{name}/rp_filter", 0) for name in ("all", device))
    return max(values)


def _device_towards(facts: HostFacts, address: IPv4Address) -> str | None:
    route = facts.routes.get(address)
    return route.device if route else None


def _flaw(device: str, why: str) -> Flaw:
    # A dot in a device's name is a slash to sysctl(8).
    name = device.replace(".", "/")
    return Flaw(
        f"rp_filter of {device} is strict, and {why}: what comes in is dropped",
        f"sysctl -w net.ipv4.conf.{name}.rp_filter=2",
    )


CHECK = Check(
    "rp-filter",
    "the reverse path filter lets the overlay in",
    ("plan", "sysctls", "routes"),
    examine,
)
