# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the facts of this host, each source by itself: one that fails leaves the others be."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import IPv4Address

from ..backends.plan import RefusedError
from ..backends.registry import UnknownBackendError
from ..backends.vtep import TYPE as VXLAN
from ..datapath.process.client import DatapathClient, DatapathError
from ..docker.conflicts import flags_given
from ..docker.invocation import read_invocation
from ..host.lease_view import LeaseView, load_view
from ..host.overlay_plan import active_backends, plan_overlay
from ..host.settings import SettingsError, load_settings
from ..host.status import Datapath
from ..host.underlay import UnderlayError, choose_underlay
from ..kernel import iptables
from ..kernel.device_counters import read_device_counters, read_driver
from ..kernel.netlink import KernelError, Netlink
from ..model.lease import Lease
from ..model.network import NetworkError
from ..store.certificate_expiry import CertificateError, store_certificate_expiry
from ..store.client import StoreClient
from ..store.errors import (
    StoreError,
    StoreFault,
)
from ..system.programs import run_program
from .agent_status import read_agent_status
from .facts import HostFacts, bridge_of
from .host.arp import other_claimants
from .host.sysctl import read_settings, read_udp_counters
from .host.verdict import parse_rulesets
from .places import Places

_DOCKER_UNIT = "docker.service"
_CONCURRENT_PROBES = 32
_PROBE_TIMEOUT = 10.0
_CLOCK_TIMEOUT = 5.0


class UnreadError(Exception):
    """A fact cannot be read; the message says why and what to do."""


_FAILURES = (
    UnreadError,
    OSError,
    ValueError,
    SettingsError,
    StoreError,
    CertificateError,
    NetworkError,
    KernelError,
    UnderlayError,
    RefusedError,
    UnknownBackendError,
    DatapathError,
    iptables.FirewallError,
    subprocess.SubprocessError,
)


def gather(
    places: Places, addresses: Iterable[IPv4Address] = (), *, probes: bool = False
) -> HostFacts:
    """Read what there is; the kernel is asked for its routes to `addresses`, too.

    With `probes`, the clock is asked for, the link for others with this host's address, and every
    peer by an echo request through the overlay.
    """
    gathering = _Gathering(places)
    with contextlib.ExitStack() as stack:
        gathering.read(("agent",), gathering.agent)
        gathering.read(("settings",), gathering.settings)
        gathering.read(("certificate_expiry",), gathering.certificate)
        gathering.read(("datapath",), gathering.datapath)
        gathering.read(("sysctls", "udp_counters"), gathering.kernel_counters)
        gathering.read(("rulesets",), gathering.rulesets)
        gathering.read(("docker_config",), gathering.docker_config)
        gathering.read(
            ("links", "neighbours"),
            lambda facts: gathering.links(facts, stack.enter_context(Netlink())),
        )
        gathering.read(("underlay",), gathering.underlay)
        gathering.read(("network", "leases", "own", "peers"), gathering.store)
        gathering.read(("plan",), gathering.plan)
        gathering.read(("state", "counters"), gathering.state)
        gathering.read(("routes",), lambda facts: gathering.routes(facts, addresses))
        if probes:
            gathering.read(("clock_synchronised",), gathering.clock)
            gathering.read(("claimants",), gathering.claimants)
            gathering.read(("reached",), gathering.reached)
    return gathering.facts


class _Gathering:
    """The facts as they grow; each step builds on those before it."""

    def __init__(self, places: Places) -> None:
        self.facts = HostFacts(now=time.time())
        self._places = places
        self._netlink: Netlink | None = None

    def read(self, names: tuple[str, ...], step: Callable[[HostFacts], HostFacts]) -> None:
        """Take a step; where it fails, the facts that it would have brought stay unread."""
        try:
            self.facts = step(self.facts)
        except _FAILURES as error:
            unread = {**self.facts.unread, **dict.fromkeys(names, _sentence(error))}
            self.facts = replace(self.facts, unread=unread)

    def agent(self, facts: HostFacts) -> HostFacts:
        status = read_agent_status(self._places.status)
        document = status.document or {}
        problems = [*status.problems, *document.get("problems", ())]
        return replace(facts, agent={**document, "problems": problems, "running": status.running})

    def settings(self, facts: HostFacts) -> HostFacts:
        return replace(facts, settings=load_settings(self._places.settings))

    def certificate(self, facts: HostFacts) -> HostFacts:
        expiry = store_certificate_expiry(facts.settings.store)
        return replace(facts, certificate_expiry=expiry)

    def datapath(self, facts: HostFacts) -> HostFacts:
        return replace(facts, datapath=DatapathClient(self._places.control).status())

    def kernel_counters(self, facts: HostFacts) -> HostFacts:
        names = ("ipv4/ip_forward", "bridge/bridge-nf-call-iptables")
        return replace(facts, sysctls=read_settings(names), udp_counters=read_udp_counters())

    def rulesets(self, facts: HostFacts) -> HostFacts:
        return replace(facts, rulesets=parse_rulesets(iptables.read_rules()))

    def docker_config(self, facts: HostFacts) -> HostFacts:
        """daemon.json and, of the options that weft sets, what is on the command line."""
        try:
            text = self._places.docker_config.read_text(encoding="utf-8")
        except FileNotFoundError:
            text = ""
        document = json.loads(text or "{}")
        config = document if isinstance(document, dict) else {}
        invocation = read_invocation(_DOCKER_UNIT, load_path=self._places.units)
        for given in flags_given(invocation):
            config[given.option] = int(given.value) if given.value.isdigit() else given.value
        return replace(facts, docker_config=config)

    def links(self, facts: HostFacts, netlink: Netlink) -> HostFacts:
        self._netlink = netlink
        neighbours = netlink.read_neighbour_states()
        return replace(facts, links=netlink.read_links(), neighbours=neighbours)

    def underlay(self, facts: HostFacts) -> HostFacts:
        netlink, choice = self._open_netlink(), facts.settings.interface
        towards = netlink.lookup_device(choice.can_reach) if choice.can_reach else None
        underlay = choose_underlay(choice, facts.links, towards)
        names = ("all", underlay.interface)
        sysctls = read_settings(f"ipv4/conf/{name}/rp_filter" for name in names)
        return replace(
            facts,
            underlay=underlay,
            sysctls={**facts.sysctls, **sysctls},
            driver=read_driver(underlay.interface),
        )

    def store(self, facts: HostFacts) -> HostFacts:
        problem, fault = facts.unread.get("settings"), StoreFault.OTHER
        view: LeaseView | None = None
        if problem is None:
            try:
                with StoreClient(facts.settings.store) as store:
                    snapshot = store.snapshot()
                leases = {lease.subnet: lease for lease in snapshot.leases}
                view = LeaseView(snapshot.network, leases, snapshot.revision)
            except StoreError as error:
                problem, fault = str(error), error.fault
        view = view or load_view(self._places.snapshot)
        facts = self.facts = replace(facts, store_problem=problem, store_fault=fault)
        if view.network is None:
            raise UnreadError(problem or "the store has no network: publish one (site.yml)")
        network = view.network.parse()
        underlay = facts.underlay
        own = view.own_lease(underlay.public_ip, network.network) if underlay else None
        return replace(
            facts,
            network=network,
            leases=view.leases_within(network.network),
            own=own,
            peers=view.peers_of(own, network.network) if own else (),
        )

    def plan(self, facts: HostFacts) -> HostFacts:
        network, own, underlay = facts.network, facts.own, facts.underlay
        if network is None or own is None or underlay is None:
            raise UnreadError(_missing(facts))
        carried_by = facts.agent.get("datapath") or facts.settings.datapath
        backends = active_backends(facts.settings, network)
        return replace(
            facts,
            plan=plan_overlay(
                facts.settings,
                network,
                own,
                facts.peers,
                links=facts.links,
                underlay=underlay,
                kernel_vxlan=carried_by != Datapath.USERSPACE
                and any(backend.type == VXLAN for backend in backends),
                offloads=facts.datapath["offloads"] if facts.datapath else None,
            ),
        )

    def state(self, facts: HostFacts) -> HostFacts:
        if facts.plan is None:
            raise UnreadError(facts.unread["plan"])
        state = self._open_netlink().read_state(
            {device.name for device in facts.plan.state.devices}
        )
        sysctls = read_settings(f"ipv4/conf/{name}/rp_filter" for name in facts.devices)
        return replace(
            facts,
            state=state,
            sysctls={**facts.sysctls, **sysctls},
            counters={
                name: counters
                for name, counters in read_device_counters().items()
                if name in facts.devices
            },
        )

    def routes(self, facts: HostFacts, addresses: Iterable[IPv4Address]) -> HostFacts:
        netlink, peers = self._open_netlink(), facts.peers
        asked = frozenset((*addresses, *map(bridge_of, peers), *(peer.public_ip for peer in peers)))
        found = {address: netlink.lookup_route(address) for address in asked}
        return replace(
            facts,
            asked=asked,
            routes={address: route for address, route in found.items() if route is not None},
        )

    def _open_netlink(self) -> Netlink:
        if self._netlink is None:
            raise UnreadError(self.facts.unread["links"])
        return self._netlink

    def clock(self, facts: HostFacts) -> HostFacts:
        command = ["timedatectl", "show", "--property=NTPSynchronized", "--property=CanNTP"]
        done = run_program(command, _CLOCK_TIMEOUT)
        answers = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        if "NTPSynchronized" not in answers:
            raise UnreadError(f"{command[0]}: {done.stderr.strip() or 'no answer'}")
        return replace(
            facts,
            clock_synchronised=answers["NTPSynchronized"] == "yes",
            ntp_available=answers.get("CanNTP") != "no",
        )

    def claimants(self, facts: HostFacts) -> HostFacts:
        underlay = facts.underlay
        if underlay is None:
            raise UnreadError(facts.unread["underlay"])
        return replace(facts, claimants=other_claimants(underlay.interface, underlay.address))

    def reached(self, facts: HostFacts) -> HostFacts:
        addresses = [address for peer in facts.peers for address in _probed(peer)]
        with ThreadPoolExecutor(_CONCURRENT_PROBES) as pool:
            return replace(
                facts, reached=dict(zip(addresses, pool.map(_answers, addresses), strict=True))
            )


def _probed(peer: Lease) -> tuple[IPv4Address, IPv4Address]:
    return bridge_of(peer), peer.public_ip


def _answers(address: IPv4Address) -> bool:
    command = ["ping", "-n", "-q", "-c", "2", "-i", "0.3", "-W", "1", str(address)]
    return run_program(command, _PROBE_TIMEOUT).returncode == 0


def _missing(facts: HostFacts) -> str:
    for name in ("settings", "links", "underlay", "network"):
        if name in facts.unread:
            return facts.unread[name]
    public_ip = facts.underlay.public_ip if facts.underlay else "this host"
    return (
        f"no lease is held by {public_ip}: reserve a subnet for it (site.yml, or the module "
        "weft.overlay.subnet_reservation)"
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{error.filename} is missing"
    return str(error)
