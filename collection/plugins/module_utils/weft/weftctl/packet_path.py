# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of a packet from a container of this host to an address, step by step. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..datapath.offloads import ACTIVE
from ..host.diverted_routes import planned_route
from ..kernel.links import Link, RouteLookup
from ..kernel.state import FdbEntry, Neighbour, Route
from ..model.lease import Lease
from .facts import BRIDGE, HostFacts
from .firewall_rules import FirewallVerdict
from .fixes import RESTART_AGENT, RESTART_DATAPATH, SITE
from .formatting import format_last_packet
from .traffic import Traversal, encapsulated, forward_fix, inbound, outbound

_FAILED_NEIGHBOURS = frozenset({"failed", "incomplete"})


@dataclass(frozen=True, slots=True)
class Step:
    """One condition for the packet to pass; `passes` is None if it is unknown."""

    name: str
    passes: bool | None
    text: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class PacketPath:
    """The steps of the path, up to the first that fails.

    `peer` is the public IP of the host that holds the address, None if this host does or nobody.
    `last_heard` is when its last packet arrived, in seconds since the epoch, if that is counted.
    """

    address: IPv4Address
    steps: tuple[Step, ...]
    peer: IPv4Address | None = None
    last_heard: float | None = None

    @property
    def passes(self) -> bool | None:
        """Whether nothing on this host stops the packet; None if one step is unknown."""
        results = {step.passes for step in self.steps}
        return False if False in results else None if None in results else True


def trace_packet(address: IPv4Address, facts: HostFacts, now: float) -> PacketPath:
    """Return the path of a packet to an address; `now` is in seconds since the epoch."""
    steps: list[Step] = []
    for step in _steps(address, facts, now):
        steps.append(step)
        if step.passes is False:
            break
    peer = _holder(address, facts)
    if peer is None or peer == facts.own_lease:
        return PacketPath(address, tuple(steps))
    return PacketPath(address, tuple(steps), peer.public_ip, _last_heard(facts, peer))


def _holder(address: IPv4Address, facts: HostFacts) -> Lease | None:
    return next((lease for lease in facts.leases if address in lease.subnet), None)


def _last_heard(facts: HostFacts, peer: Lease) -> float | None:
    entries = facts.datapath["peers"] if facts.datapath else ()
    found = (entry["last_heard"] for entry in entries if entry["subnet"] == str(peer.subnet))
    return next(found, None)


def _steps(address: IPv4Address, facts: HostFacts, now: float) -> Iterator[Step]:
    network, own = facts.network, facts.own_lease
    if network is None or own is None:
        reason = facts.unreadable.get("network") or facts.unreadable.get("plan")
        yield Step("network", False, reason or "this host holds no lease", SITE)
        return
    local = _local_network(address, facts, own)
    if local is not None:
        yield local
        return
    if address not in network.network:
        route = _shown(facts.routes.get(address))
        text = f"{address} is outside the overlay network {network.network}: {route}"
        yield Step("network", address in facts.routes, text)
        return
    yield Step("network", True, f"{address} is in {network.network}")
    if address in own.subnet:
        yield from _within_own_subnet(address, facts, own)
        return
    peer = _holder(address, facts)
    if peer is None:
        text = f"no lease contains {address}, so no host has this address"
        yield Step("lease", False, text, "weftctl leases lists the subnets")
        return
    kind = "reservation" if peer.is_reservation else "lease"
    yield Step("lease", True, f"{peer.public_ip} holds {peer.subnet} ({kind})")
    yield _bridge(facts, own)
    yield from _to_peer(address, facts, peer, now)


def _local_network(address: IPv4Address, facts: HostFacts, own: Lease) -> Step | None:
    """Return the step that ends at another bridge of this host, as of a network of Docker."""
    for link in facts.links.links:
        if link.kind != "bridge" or link.name == BRIDGE:
            continue
        for entry in link.addresses:
            network = entry.interface.network
            if address in network and not network.subnet_of(own.subnet):
                text = (
                    f"{address} is in {network} of {link.name} on this host, such as a "
                    "user-defined network of Docker, which is not part of the overlay"
                )
                fix = "docker network ls; connect the container to the network bridge"
                return Step("network", None, text, fix)
    return None


def _bridge(facts: HostFacts, own: Lease) -> Step:
    """Return the step from a container of this host into docker0."""
    if "links" in facts.unreadable:
        return Step("bridge", None, facts.unreadable["links"])
    bridge = facts.bridge
    if bridge is None:
        return Step("bridge", False, f"{BRIDGE} does not exist", "systemctl start docker")
    addresses = [str(entry.interface) for entry in bridge.addresses]
    if own.bip not in addresses:
        text = f"{bridge.name} has {', '.join(addresses) or 'no address'} but needs {own.bip}"
        return Step("bridge", False, text, "weftctl doctor")
    if not bridge.up:
        return Step("bridge", False, f"{bridge.name} is down", f"ip link set {bridge.name} up")
    return Step("bridge", True, f"{bridge.name} has {own.bip}")


def _shown(route: RouteLookup | Route | None) -> str:
    """Return a route as ip-route(8) shows it."""
    if route is None:
        return "the kernel has no route to it"
    return "route " + (f"via {route.gateway} " if route.gateway else "") + f"dev {route.device}"


def _within_own_subnet(address: IPv4Address, facts: HostFacts, own: Lease) -> Iterator[Step]:
    yield Step("lease", True, f"{own.subnet} is the subnet of this host")
    route, bridge = facts.routes.get(address), facts.bridge
    if bridge is None:
        yield Step("bridge", False, f"{BRIDGE} does not exist", "systemctl start docker")
    elif route is not None and (route.local or route.device == bridge.name):
        target = "the bridge itself" if route.local else "a container of this host, if in use"
        yield Step("bridge", True, f"{bridge.name}: {target}")
    else:
        yield _local_route_lost(facts, route, bridge, own)


def _local_route_lost(
    facts: HostFacts, route: RouteLookup | None, bridge: Link, own: Lease
) -> Step:
    expected = f"{_shown(route)}, expected dev {bridge.name}"
    step = _bridge(facts, own)
    if step.passes is False:
        return Step("bridge", False, f"{expected}: {step.text}", step.fix)
    text = f"{expected}: the route {own.subnet} dev {bridge.name} is missing or overridden"
    restore = f"ip route replace {own.subnet} dev {bridge.name} src {own.bip.partition('/')[0]}"
    return Step("bridge", False, text, restore)


def _to_peer(address: IPv4Address, facts: HostFacts, peer: Lease, now: float) -> Iterator[Step]:
    planned = planned_route(address, facts.plan.state.routes if facts.plan else ())
    if planned is None:
        reason = facts.unreadable.get("plan") or _reason_without_route(facts, peer)
        yield Step("backend", False, reason, "weftctl doctor")
        return
    yield Step("backend", True, f"{peer.backend_type or 'udp'}, device {planned.device}")
    yield _route(address, facts, planned)
    yield _device(facts, planned)
    table = facts.plan.datapath_table if facts.plan else None
    if table is not None and table["device"] == planned.device:
        yield _userspace_datapath(facts, peer, now)
    elif any(device.name == planned.device for device in facts.state.vxlan_devices):
        yield _kernel_vxlan(facts, planned, peer)
    yield _firewall(address, facts, planned)
    yield from _underlay(facts, peer)


def _reason_without_route(facts: HostFacts, peer: Lease) -> str:
    for problem in facts.plan.problems if facts.plan else ():
        if str(peer.public_ip) in problem or str(peer.subnet) in problem:
            return problem
    own = facts.agent.get("backend") or "another backend"
    announced = peer.backend_type or "udp"
    return f"{peer.public_ip} announces backend {announced}, but this host runs {own}: no route"


def _route(address: IPv4Address, facts: HostFacts, planned: Route) -> Step:
    found = facts.routes.get(address)
    if "routes" in facts.unreadable:
        return Step("route", None, facts.unreadable["routes"])
    if found is None:
        return Step("route", False, f"the kernel has no route to {address}", RESTART_AGENT)
    if (found.device, found.gateway) == (planned.device, planned.gateway):
        return Step("route", True, _shown(found))
    text = f"the kernel has {_shown(found)}, expected {_shown(planned)}"
    return Step("route", False, text, f"ip route show match {address}; {RESTART_AGENT}")


def _device(facts: HostFacts, planned: Route) -> Step:
    link = facts.links.named(planned.device)
    if link is None or not link.up:
        state = "is down" if link else "does not exist"
        return Step("device", False, f"{planned.device} {state}", RESTART_AGENT)
    return Step("device", True, f"{link.name} is up, MTU {link.mtu}")


def _userspace_datapath(facts: HostFacts, peer: Lease, now: float) -> Step:
    status = facts.datapath
    if status is None:
        return Step("datapath", False, facts.unreadable["datapath"], RESTART_DATAPATH)
    if not status["forwarding"]:
        text = "; ".join(status["problems"]) or "the datapath has no forwarding table"
        return Step("datapath", False, text, RESTART_DATAPATH)
    known = next((entry for entry in status["peers"] if entry["subnet"] == str(peer.subnet)), None)
    if known is None or known["public_ip"] != str(peer.public_ip):
        text = f"the datapath has no peer {peer.public_ip} with {peer.subnet}"
        return Step("datapath", False, text, RESTART_AGENT)
    offloads = [name for name, state in status["offloads"].items() if state == ACTIVE]
    last = format_last_packet(known["last_heard"], now)
    text = f"userspace, last packet from the peer {last}, offloads {', '.join(offloads) or 'none'}"
    return Step("datapath", True, text)


def _kernel_vxlan(facts: HostFacts, planned: Route, peer: Lease) -> Step:
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
        text = f"the FDB of {device} has no entry {neighbour.mac} dst {peer.public_ip}"
        return Step("datapath", False, text, RESTART_AGENT)
    return Step("datapath", True, f"kernel VXLAN, {neighbour.mac} dst {peer.public_ip}")


def _firewall(address: IPv4Address, facts: HostFacts, planned: Route) -> Step:
    for name in ("rulesets", "nft_chains"):
        if name in facts.unreadable:
            return Step("firewall", None, f"not checked: {facts.unreadable[name]}")
    if facts.sysctls.get("ipv4/ip_forward") == 0:
        text = "net.ipv4.ip_forward is 0: the kernel forwards no packets"
        return Step("firewall", False, text, "sysctl -w net.ipv4.ip_forward=1")
    forward = tuple(outbound(facts, address, planned.device))
    worst = _worst((*forward, *inbound(facts, address, planned.device)))
    if worst is None:
        text = f"{forward[0].decision.rule} accepts the packet; replies are accepted"
        return Step("firewall", True, text)
    packet = "the packet" if worst in forward else "the reply"
    text = f"{worst.decision.rule} {_verb(worst)} {packet}"
    return Step("firewall", _passes(worst), text, forward_fix(facts, worst))


def _underlay(facts: HostFacts, peer: Lease) -> Iterator[Step]:
    route = facts.routes.get(peer.public_ip)
    if route is None:
        text = f"the kernel has no route to {peer.public_ip}"
        yield Step("underlay", False, text, f"ip route get {peer.public_ip}")
        return
    next_hop = route.gateway or peer.public_ip
    state = facts.neighbours.get(next_hop)
    text = f"{peer.public_ip} by {_shown(route)}"
    if state in _FAILED_NEIGHBOURS:
        yield Step(
            "underlay",
            False,
            f"{text}: {next_hop} does not reply to ARP ({state})",
            f"start {next_hop}, or repair the link to it",
        )
        return
    yield Step("underlay", True, text + (f", neighbour {next_hop} is {state}" if state else ""))
    worst = _worst(encapsulated(facts, peer.public_ip))
    if worst is not None:
        text = f"{worst.decision.rule} {_verb(worst)} UDP {worst.packet.destination_port}"
        yield Step("port", _passes(worst), text, "weftctl doctor")


def _worst(traversals: Iterable[Traversal]) -> Traversal | None:
    """Return the first that is dropped, else the first uncertain one; None if all are accepted."""
    failed = [each for each in traversals if each.decision.verdict is not FirewallVerdict.ACCEPTED]
    return min(
        failed, key=lambda each: each.decision.verdict is not FirewallVerdict.DROPPED, default=None
    )


def _passes(traversal: Traversal) -> bool | None:
    return False if traversal.decision.verdict is FirewallVerdict.DROPPED else None


def _verb(traversal: Traversal) -> str:
    dropped = traversal.decision.verdict is FirewallVerdict.DROPPED
    return "drops" if dropped else "may apply to"
