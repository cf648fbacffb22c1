# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the kernel: devices, routes, forwarding and the reverse path filter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from ...host.diverted_routes import diverted_routes, planned_route
from ...kernel.change_text import describe
from ...kernel.connected_route import missing_connected_route
from ...kernel.difference import difference
from ...kernel.forwarding import ALL, disabled_forwarding
from ..facts import HostFacts
from ..finding import Check, CheckProblem, Severity
from ..fixes import RESTART_AGENT, SITE
from ..peer_replies import bridge_address

_SHOWN = 5
# rp_filter: 1 is strict, 2 is loose; the kernel uses the higher of `all` and the device's value
# (Documentation/networking/ip-sysctl.rst).
_STRICT = 1


def _kernel(facts: HostFacts) -> list[CheckProblem]:
    """Find each change that the agent would have to make."""
    if facts.plan is None:
        return []
    changes = difference(facts.plan.state, facts.state)
    problems = [
        CheckProblem(f"the kernel differs from the leases: {describe(change)}", RESTART_AGENT)
        for change in changes[:_SHOWN]
    ]
    if len(changes) > _SHOWN:
        problems.append(CheckProblem(f"{len(changes) - _SHOWN} more differences", RESTART_AGENT))
    return problems


def _routes(facts: HostFacts) -> list[CheckProblem]:
    """Find peers to which the kernel sends by another route than weft's, of any routing table."""
    if facts.plan is None:
        return []
    planned = facts.plan.state.routes
    diverted = diverted_routes(facts.links, planned, facts.peers)
    problems = [CheckProblem(each.text, each.command) for each in diverted]
    known = {each.peer.subnet for each in diverted}
    for peer in facts.peers:
        address = bridge_address(peer)
        expected, found = planned_route(address, planned), facts.routes.get(address)
        # Without weft's own route, the check `kernel` reports the difference.
        if expected not in facts.state.routes or expected is None or peer.subnet in known:
            continue
        if found is None or (found.device, found.gateway) != (expected.device, expected.gateway):
            actual = f"by dev {found.device}" if found else "nowhere"
            problems.append(
                CheckProblem(
                    f"the kernel sends packets to {peer.subnet} of {peer.public_ip} {actual}, "
                    f"which belong on {expected.device}",
                    f"delete the rule or route that 'ip rule' and 'ip route get {address}' show",
                )
            )
    if len(problems) > _SHOWN:
        more = f"{len(problems) - _SHOWN} more subnets of peers have a wrong route"
        problems = [*problems[:_SHOWN], CheckProblem(more, "ip route; ip rule")]
    return problems


def _ip_forward(facts: HostFacts) -> list[CheckProblem]:
    """Find disabled forwarding of IPv4; Docker enables it, other programs disable it again."""
    forwarding = {
        name: value != 0
        for name, value in (
            (ALL, facts.sysctls.get("ipv4/ip_forward")),
            *(
                (device, facts.sysctls.get(f"ipv4/conf/{device}/forwarding"))
                for device in facts.forwarding_devices
            ),
        )
        if value is not None
    }
    devices = tuple(name for name in forwarding if name != ALL) or tuple(forwarding)
    disabled = disabled_forwarding(forwarding, devices)
    return [_disabled_forwarding(facts, name) for name in disabled]


def _disabled_forwarding(facts: HostFacts, name: str) -> CheckProblem:
    text = f"{name} is 0: the kernel forwards no packets between containers and peers"
    if facts.forwarding_file is not None:
        text += f". {facts.forwarding_file} sets it to 0 at boot and at 'sysctl --system'"
        return CheckProblem(
            text, f"sysctl -w {name}=1; {SITE}, which adds a file that is applied later"
        )
    return CheckProblem(text, f"sysctl -w {name}=1")


def _bridge_route(facts: HostFacts) -> list[CheckProblem]:
    """Find a missing route to this host's containers; the bridge itself replies without it."""
    if facts.own_lease is None:
        return []
    route = missing_connected_route(facts.links, IPv4Interface(facts.own_lease.bip))
    if route is None:
        return []
    other = next((each for each in facts.links.routes if each.destination == route.network), None)
    if other is None:
        text = (
            f"the route to {route.network} dev {route.device} is missing: no container of this "
            "host is reachable"
        )
        return [CheckProblem(text, route.command)]
    via = f"via {other.gateway} " if other.gateway else ""
    return [
        CheckProblem(
            f"the route to {route.network} is {via}dev {other.device} instead of dev "
            f"{route.device}: no container of this host is reachable",
            f"ip route del {route.network} {via}dev {other.device}, and stop the program that "
            "adds it",
        )
    ]


def _rp_filter(facts: HostFacts) -> list[CheckProblem]:
    """Find devices with a strict filter that drops packets of peers."""
    return [
        *_rp_filter_of_overlay(facts),
        *_rp_filter_of_underlay(facts),
        *_rp_filter_of_bridges(facts),
    ]


def _rp_filter_of_overlay(facts: HostFacts) -> Iterator[CheckProblem]:
    strict = [device for device in facts.devices if _rp_filter_mode(facts, device) == _STRICT]
    several_backends = len(facts.settings.backends) > 1
    for device in strict:
        if several_backends:
            yield _strict_filter(device, "replies may leave by the device of the other backend")
            continue
        for peer in facts.peers:
            other = _device_towards(facts, bridge_address(peer))
            if other is not None and other not in facts.devices:
                yield _strict_filter(device, f"the route to {peer.subnet} is dev {other}")
                break


def _rp_filter_of_underlay(facts: HostFacts) -> Iterator[CheckProblem]:
    if facts.underlay is None or facts.port is None:
        return
    interface = facts.underlay.interface
    if _rp_filter_mode(facts, interface) != _STRICT:
        return
    for peer in facts.peers:
        other = _device_towards(facts, peer.public_ip)
        if other is not None and other != interface:
            yield _strict_filter(interface, f"the route to {peer.public_ip} is dev {other}")
            return


def _rp_filter_of_bridges(facts: HostFacts) -> Iterator[CheckProblem]:
    """Yield strict filters that drop replies of a container that is on a second network, too."""
    for bridge in facts.other_bridges:
        if _rp_filter_mode(facts, bridge) == _STRICT:
            reason = "a container on the overlay and on this network may send its replies here"
            yield replace(_strict_filter(bridge, reason), severity=Severity.WARNING)


def _rp_filter_mode(facts: HostFacts, device: str) -> int:
    values = (facts.sysctls.get(f"ipv4/conf/{name}/rp_filter", 0) for name in ("all", device))
    return max(values)


def _device_towards(facts: HostFacts, address: IPv4Address) -> str | None:
    route = facts.routes.get(address)
    return route.device if route else None


def _strict_filter(device: str, reason: str) -> CheckProblem:
    # sysctl(8) writes a dot in the name of a device as a slash.
    name = device.replace(".", "/")
    return CheckProblem(
        f"rp_filter of {device} is strict but {reason}: the kernel drops packets of peers",
        f"sysctl -w net.ipv4.conf.{name}.rp_filter=2",
    )


KERNEL = Check("kernel", "devices and routes match the leases", ("plan", "state"), _kernel)
ROUTES = Check(
    "routes",
    "the kernel sends packets to peers by the overlay",
    ("plan", "state", "links", "routes"),
    _routes,
)
BRIDGE_ROUTE = Check(
    "bridge-route",
    "the route to this host's containers exists",
    ("own_lease", "links"),
    _bridge_route,
)
IP_FORWARD = Check("ip-forward", "the kernel forwards IPv4", ("sysctls",), _ip_forward)
RP_FILTER = Check(
    "rp-filter",
    "the reverse path filter accepts packets of peers",
    ("plan", "sysctls", "routes"),
    _rp_filter,
)
