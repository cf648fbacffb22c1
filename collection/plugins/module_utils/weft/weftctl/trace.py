# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a packet from a container of this host to an address, step by step. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from typing import Any

from ..datapath.offloads import ACTIVE
from ..kernel.state import FdbEntry, Neighbour, Route
from ..model.lease import Lease
from .advice import RESTART_AGENT, RESTART_DATAPATH, SITE
from .ages import heard_text
from .facts import HostFacts
from .host.verdict import Fate
from .screen import Colour, Paint
from .traffic import Crossing, encapsulated, forward_mend, inbound, outbound

_DEAD_NEIGHBOURS = frozenset({"failed", "incomplete"})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the packet needs; passes is None where that cannot be told."""

    name: str
    passes: bool | None
    text: str
    mend: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The steps as far as they lead: the first that fails is the last."""

    address: IPv4Address
    steps: tuple[Step, ...]

    @property
    def passes(self) -> bool | None:
        """Whether the packet would pass; None where nothing stops it and something is unknown."""
        verdicts = {step.passes for step in self.steps}
        return False if False in verdicts else None if None in verdicts else True


def trace(address: IPv4Address, facts: HostFacts, now: float) -> Trace:
    """Follow a packet to an address; now is in seconds of the epoch."""
    steps: list[Step] = []
    for step in _steps(address, facts, now):
        steps.append(step)
        if step.passes is False:
            break
    return Trace(address, tuple(steps))


def trace_document(found: Trace) -> dict[str, Any]:
    """The trace as plain values."""
    return {
        "address": str(found.address),
        "passes": found.passes,
        "steps": [asdict(step) for step in found.steps],
    }


def render_trace(found: Trace, paint: Paint) -> str:
    """A line for each step, and the verdict."""
    marks = {
        True: paint("ok", Colour.GOOD),
        False: paint("no", Colour.BAD),
        None: paint("? ", Colour.DOUBTFUL),
    }
    width = max(len(step.name) for step in found.steps)
    lines = []
    for step in found.steps:
        lines.append(f"{marks[step.passes]}  {step.name:<{width}}  {step.text}")
        if step.mend:
            lines.append(f"    {'':<{width}}  mend: {step.mend}")
    verdict = {True: "would pass", False: "would not pass", None: "may pass"}[found.passes]
    return "\n".join([*lines, "", f"a packet to {found.address} {verdict}"])


def _steps(address: IPv4Address, facts: HostFacts, now: float) -> Iterator[Step]:
    network, own = facts.network, facts.own
    if network is None or own is None:
        reason = facts.unread.get("network") or facts.unread.get("plan") or "no lease is held"
        yield Step("network", False, reason, SITE)
        return
    if address not in network.network:
        yield _outside(address, facts)
        return
    yield Step("network", True, f"{address} is in {network.network}")
    if address in own.subnet:
        yield from _within_own_subnet(address, facts, own)
        return
    peer = next((lease for lease in facts.leases if address in lease.subnet), None)
    if peer is None:
        yield Step(
            "lease", False, "no lease covers it, so no host has it", "weftctl leases shows those"
        )
        return
    kind = "reservation" if peer.is_reservation else "lease"
    yield Step("lease", True, f"{peer.subnet} by {peer.public_ip}, {kind}")
    yield from _to_peer(address, facts, peer, now)


def _outside(address: IPv4Address, facts: HostFacts) -> Step:
    route = facts.routes.get(address)
    way = f"the kernel sends it by {route.device}" if route else "no route leads there"
    return Step("network", route is not None, f"{address} is no container's: {way}")


def _within_own_subnet(address: IPv4Address, facts: HostFacts, own: Lease) -> Iterator[Step]:
    yield Step("lease", True, f"{own.subnet} is this host's own")
    route, bridge = facts.routes.get(address), facts.bridge
    if bridge is None:
        yield Step("bridge", False, "there is no bridge for it", "systemctl start docker")
    elif route is not None and (route.local or route.device == bridge.name):
        holder = "the bridge itself" if route.local else "a container of this host, if any"
        yield Step("bridge", True, f"{bridge.name}: {holder}")
    else:
        way = f"by {route.device}" if route else "nowhere"
        text = f"the kernel sends it {way}, and not to {bridge.name}, which lacks {own.bip}"
        yield Step("bridge", False, text, "weftctl doctor")


def _to_peer(address: IPv4Address, facts: HostFacts, peer: Lease, now: float) -> Iterator[Step]:
    planned = _planned_route(address, facts)
    if planned is None:
        reason = facts.unread.get("plan") or _unplanned(facts, peer)
        yield Step("backend", False, reason, "weftctl doctor")
        return
    yield Step("backend", True, f"{peer.backend_type or 'udp'}, by {planned.device}")
    yield _route(address, facts, planned)
    yield _device(facts, planned)
    table = facts.plan.datapath_table if facts.plan else None
    if table is not None and table["device"] == planned.device:
        yield _through_datapath(facts, peer, now)
    elif any(device.name == planned.device for device in facts.state.vxlan_devices):
        yield _through_vxlan(facts, planned, peer)
    yield _firewall(address, facts, planned)
    yield from _underlay(facts, peer)


def _planned_route(address: IPv4Address, facts: HostFacts) -> Route | None:
    routes = facts.plan.state.routes if facts.plan else frozenset()
    covering = (route for route in routes if address in route.destination)
    return max(covering, key=lambda route: route.destination.prefixlen, default=None)


def _unplanned(facts: HostFacts, peer: Lease) -> str:
    spoken = facts.agent.get("backend") or "this host's backend"
    for problem in facts.plan.problems if facts.plan else ():
        if str(peer.public_ip) in problem or str(peer.subnet) in problem:
            return problem
    announced = peer.backend_type or "udp"
    return f"{peer.public_ip} announces {announced}, and {spoken} makes no route to it"


def _route(address: IPv4Address, facts: HostFacts, planned: Route) -> Step:
    found = facts.routes.get(address)
    if "routes" in facts.unread:
        return Step("route", None, facts.unread["routes"])
    if found is None:
        return Step("route", False, f"the kernel has no route to {address}", RESTART_AGENT)
    way = f"by {found.device}" + (f" via {found.gateway}" if found.gateway else "")
    if (found.device, found.gateway) == (planned.device, planned.gateway):
        return Step("route", True, way)
    wanted = f"by {planned.device}" + (f" via {planned.gateway}" if planned.gateway else "")
    text = f"the kernel sends it {way}, and should {wanted}"
    return Step("route", False, text, f"ip route show match {address}; {RESTART_AGENT}")


def _device(facts: HostFacts, planned: Route) -> Step:
    link = facts.links.named(planned.device)
    if link is None or not link.up:
        state = "is down" if link else "is not there"
        return Step("device", False, f"{planned.device} {state}", RESTART_AGENT)
    return Step("device", True, f"{link.name} is up, MTU {link.mtu}")


def _through_datapath(facts: HostFacts, peer: Lease, now: float) -> Step:
    status = facts.datapath
    if status is None:
        return Step("datapath", False, facts.unread["datapath"], RESTART_DATAPATH)
    if not status["forwarding"]:
        text = "; ".join(status["problems"]) or "it has no table"
        return Step("datapath", False, text, RESTART_DATAPATH)
    known = next((held for held in status["peers"] if held["subnet"] == str(peer.subnet)), None)
    if known is None or known["public_ip"] != str(peer.public_ip):
        text = f"the datapath does not know {peer.public_ip} with {peer.subnet}"
        return Step("datapath", False, text, RESTART_AGENT)
    offloads = [name for name, state in status["offloads"].items() if state == ACTIVE]
    heard = heard_text(known["last_heard"], now)
    text = f"weft's own, peer last heard {heard}, offloads {', '.join(offloads) or 'none'}"
    return Step("datapath", True, text)


def _through_vxlan(facts: HostFacts, planned: Route, peer: Lease) -> Step:
    device, gateway = planned.device, planned.gateway
    neighbour: Neighbour | None = next(
        (
            entry
            for entry in facts.state.neighbours
            if entry.device == device and entry.address == gateway
        ),
        None,
    )
    if neighbour is None:
        return Step("datapath", False, f"{device} has no neighbour {gateway}", RESTART_AGENT)
    entry = FdbEntry(device, neighbour.mac, peer.public_ip)
    if entry not in facts.state.fdb:
        text = f"the FDB of {device} has not {neighbour.mac} at {peer.public_ip}"
        return Step("datapath", False, text, RESTART_AGENT)
    return Step("datapath", True, f"the kernel's VXLAN, {neighbour.mac} at {peer.public_ip}")


def _firewall(address: IPv4Address, facts: HostFacts, planned: Route) -> Step:
    if "rulesets" in facts.unread:
        return Step("firewall", None, facts.unread["rulesets"])
    if facts.sysctls.get("ipv4/ip_forward") == 0:
        mend = "sysctl -w net.ipv4.ip_forward=1"
        return Step("firewall", False, "the kernel forwards nothing", mend)
    there = outbound(facts, address, planned.device)
    worst = _worst((there, *inbound(facts, address, planned.device)))
    if worst is None:
        return Step("firewall", True, f"{there.verdict.rule} accepts it, and the way back is open")
    way = "out" if worst is there else "back"
    text = f"{way}: {worst.verdict.rule} {_deed(worst)} it"
    return Step("firewall", _passes(worst), text, forward_mend(facts, worst))


def _underlay(facts: HostFacts, peer: Lease) -> Iterator[Step]:
    route = facts.routes.get(peer.public_ip)
    if route is None:
        mend = f"ip route get {peer.public_ip}"
        yield Step("underlay", False, f"the kernel has no route to {peer.public_ip}", mend)
        return
    next_hop = route.gateway or peer.public_ip
    state = facts.neighbours.get(next_hop)
    way = f"{peer.public_ip} by {route.device}" + (f" via {route.gateway}" if route.gateway else "")
    if state in _DEAD_NEIGHBOURS:
        text = f"{way}: {next_hop} does not answer there ({state})"
        yield Step("underlay", False, text, f"start {next_hop}, or mend the link to it")
        return
    yield Step("underlay", True, way + (f", {next_hop} is {state}" if state else ""))
    worst = _worst(encapsulated(facts, peer.public_ip))
    if worst is not None:
        text = f"{worst.verdict.rule} {_deed(worst)} UDP {worst.packet.destination_port}"
        yield Step("port", _passes(worst), text, "weftctl doctor")


def _worst(crossings: Iterable[Crossing]) -> Crossing | None:
    """The first that is dropped, or else the first that may be; None where all pass."""
    stopped = [each for each in crossings if each.verdict.fate is not Fate.ACCEPTED]
    return min(stopped, key=lambda each: each.verdict.fate is not Fate.DROPPED, default=None)


def _passes(crossing: Crossing) -> bool | None:
    return False if crossing.verdict.fate is Fate.DROPPED else None


def _deed(crossing: Crossing) -> str:
    return "drops" if crossing.verdict.fate is Fate.DROPPED else "may decide on"
