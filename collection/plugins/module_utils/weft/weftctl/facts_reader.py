# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the facts of this host, each source independently: an error affects its facts only."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from ..backends.vxlan import TYPE as VXLAN
from ..datapath.process.client import DatapathClient
from ..docker.conflicts import flags_given
from ..docker.invocation import LOAD_PATH, read_invocation
from ..errors import WeftError
from ..host.lease_view import LeaseView, load_view
from ..host.overlay_plan import active_backends, plan_overlay
from ..host.settings import load_settings
from ..host.status import Datapath
from ..host.underlay import select_underlay
from ..kernel import iptables
from ..kernel.device_counters import read_device_counters, read_driver
from ..kernel.netlink import Netlink
from ..kernel.network_conflicts import find_conflicts
from ..kernel.nft_tables import read_foreign_rules
from ..store.certificate_expiry import store_certificate_validity
from ..store.client import StoreClient
from ..store.errors import StoreError, StoreFault
from ..system.programs import run_program
from .agent_status import read_agent_status
from .arp_probe import conflicting_macs
from .facts import HostFacts
from .firewall_rules import parse_rulesets
from .free_space import read_free_space
from .nft_rules import parse_nft_chains
from .paths import HostPaths
from .peer_probe import probe_peers, reach_peers
from .peer_replies import bridge_address
from .proc_net import read_sysctls, read_udp_counters
from .sysctl_files import file_that_disables_forwarding

_DOCKER_UNIT = "docker.service"
_CLOCK_TIMEOUT = 5.0
_IP_TIMEOUT = 10.0


class UnreadableFactError(WeftError):
    """A fact cannot be read; the message names the reason and the next step."""


def read_facts(
    paths: HostPaths, addresses: Iterable[IPv4Address] = (), *, probe: bool = False
) -> HostFacts:
    """Read the facts, with the kernel's routes to the peers and to `addresses`.

    `probe` also reads the clock's state, searches the link for hosts with this host's address, and
    probes every peer, through the overlay and outside it.
    """
    reader = _FactsReader(paths)
    with contextlib.ExitStack() as stack:
        reader.read(("agent",), reader.agent)
        reader.read(("settings",), reader.settings)
        reader.read(("certificate_expiry",), reader.certificate)
        reader.read(("datapath",), reader.datapath)
        reader.read(("sysctls", "udp_counters"), reader.kernel_counters)
        reader.read(("rulesets",), reader.rulesets)
        reader.read(("nft_chains",), reader.nft_chains)
        reader.read(("docker_config",), reader.docker_config)
        reader.read(("free_space",), reader.free_space)
        reader.read(
            ("links", "neighbours"),
            lambda facts: reader.links(facts, stack.enter_context(Netlink())),
        )
        reader.read(("underlay",), reader.underlay)
        reader.read(("network", "leases", "own_lease", "peers"), reader.store)
        reader.read(("plan",), reader.plan)
        reader.read(("state", "counters"), reader.state)
        reader.read(("routes",), lambda facts: reader.routes(facts, addresses))
        if probe:
            reader.read(("clock_synchronised",), reader.clock)
            reader.read(("network_conflicts",), reader.network_conflicts)
            reader.read(("conflicting_macs",), reader.conflicting_macs)
            reader.read(("peer_replies",), reader.peer_replies)
    return reader.facts


class _FactsReader:
    """Collects the facts; each step uses the facts of the steps before it."""

    def __init__(self, paths: HostPaths) -> None:
        self.facts = HostFacts(now=time.time())
        self._paths = paths
        self._netlink: Netlink | None = None

    def read(self, names: tuple[str, ...], step: Callable[[HostFacts], HostFacts]) -> None:
        """Run a step; if it fails, the facts `names` become unreadable."""
        try:
            self.facts = step(self.facts)
        except (WeftError, OSError) as error:
            unreadable = {**self.facts.unreadable, **dict.fromkeys(names, _reason(error))}
            self.facts = replace(self.facts, unreadable=unreadable)

    def agent(self, facts: HostFacts) -> HostFacts:
        status = read_agent_status(self._paths.status)
        document = status.document or {}
        problems = [*status.problems, *document.get("problems", ())]
        return replace(facts, agent={**document, "problems": problems, "running": status.running})

    def settings(self, facts: HostFacts) -> HostFacts:
        return replace(facts, settings=load_settings(self._paths.settings))

    def certificate(self, facts: HostFacts) -> HostFacts:
        validity = store_certificate_validity(facts.settings.store)
        if validity is None:
            return facts
        return replace(facts, certificate_begin=validity.begin, certificate_expiry=validity.end)

    def datapath(self, facts: HostFacts) -> HostFacts:
        return replace(facts, datapath=DatapathClient(self._paths.control).status())

    def kernel_counters(self, facts: HostFacts) -> HostFacts:
        names = ("ipv4/ip_forward", "bridge/bridge-nf-call-iptables")
        disabling = file_that_disables_forwarding()
        return replace(
            facts,
            sysctls=read_sysctls(names),
            forwarding_file=str(disabling) if disabling else None,
            udp_counters=read_udp_counters(),
        )

    def rulesets(self, facts: HostFacts) -> HostFacts:
        return replace(facts, rulesets=parse_rulesets(iptables.read_rules()))

    def nft_chains(self, facts: HostFacts) -> HostFacts:
        return replace(facts, nft_chains=parse_nft_chains(read_foreign_rules()))

    def free_space(self, facts: HostFacts) -> HostFacts:
        return replace(facts, free_space=read_free_space(self._paths.written))

    def docker_config(self, facts: HostFacts) -> HostFacts:
        """daemon.json, with the options that weft sets if dockerd's command line has them."""
        config = self._daemon_json()
        invocation = read_invocation(_DOCKER_UNIT, load_path=self._paths.units or LOAD_PATH)
        for given in flags_given(invocation):
            config[given.option] = int(given.value) if given.value.isdigit() else given.value
        return replace(facts, docker_config=config)

    def _daemon_json(self) -> dict[str, Any]:
        path = self._paths.docker_config
        try:
            document = json.loads(path.read_text(encoding="utf-8") or "{}")
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise UnreadableFactError(f"{path} is not valid JSON: {error}") from error
        return document if isinstance(document, dict) else {}

    def links(self, facts: HostFacts, netlink: Netlink) -> HostFacts:
        self._netlink = netlink
        neighbours = netlink.read_neighbour_states()
        return replace(facts, links=netlink.read_links(), neighbours=neighbours)

    def underlay(self, facts: HostFacts) -> HostFacts:
        netlink, choice = self._open_netlink(), facts.settings.interface
        towards = netlink.lookup_device(choice.can_reach) if choice.can_reach else None
        underlay = select_underlay(choice, facts.links, towards)
        names = ("all", underlay.interface)
        sysctls = read_sysctls(f"ipv4/conf/{name}/rp_filter" for name in names)
        return replace(
            facts,
            underlay=underlay,
            sysctls={**facts.sysctls, **sysctls},
            driver=read_driver(underlay.interface),
        )

    def store(self, facts: HostFacts) -> HostFacts:
        problem, fault = facts.unreadable.get("settings"), StoreFault.OTHER
        view: LeaseView | None = None
        if problem is None:
            try:
                with StoreClient(facts.settings.store) as store:
                    snapshot = store.snapshot()
                leases = {lease.subnet: lease for lease in snapshot.leases}
                view = LeaseView(snapshot.network, leases, snapshot.revision)
            except StoreError as error:
                problem, fault = str(error), error.fault
        view = view or load_view(self._paths.snapshot)
        facts = self.facts = replace(facts, store_problem=problem, store_fault=fault)
        if view.network is None:
            raise UnreadableFactError(
                problem or "etcd holds no network: run site.yml, which publishes it"
            )
        network = view.network.parse()
        underlay = facts.underlay
        own = view.own_lease(underlay.public_ip, network.network) if underlay else None
        return replace(
            facts,
            network=network,
            leases=view.leases_within(network.network),
            own_lease=own,
            peers=view.peers_of(own, network.network) if own else (),
        )

    def plan(self, facts: HostFacts) -> HostFacts:
        network, own, underlay = facts.network, facts.own_lease, facts.underlay
        if network is None or own is None or underlay is None:
            raise UnreadableFactError(_reason_without_plan(facts))
        datapath = facts.agent.get("datapath") or facts.settings.datapath
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
                kernel_vxlan=datapath != Datapath.USERSPACE
                and any(backend.type == VXLAN for backend in backends),
                offloads=facts.datapath["offloads"] if facts.datapath else None,
            ),
        )

    def state(self, facts: HostFacts) -> HostFacts:
        if facts.plan is None:
            raise UnreadableFactError(facts.unreadable["plan"])
        state = self._open_netlink().read_state(
            {device.name for device in facts.plan.state.devices}
        )
        sysctls = read_sysctls(
            f"ipv4/conf/{name}/{sysctl}"
            for name in (*facts.forwarding_devices, *facts.other_bridges)
            for sysctl in ("rp_filter", "forwarding")
        )
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
        targets = {*addresses, *map(bridge_address, peers), *(peer.public_ip for peer in peers)}
        found = {address: netlink.lookup_route(address) for address in targets}
        routes = {address: route for address, route in found.items() if route is not None}
        return replace(facts, routes=routes)

    def _open_netlink(self) -> Netlink:
        if self._netlink is None:
            raise UnreadableFactError(self.facts.unreadable["links"])
        return self._netlink

    def network_conflicts(self, facts: HostFacts) -> HostFacts:
        network, underlay = facts.network, facts.underlay
        if network is None or underlay is None:
            raise UnreadableFactError(facts.unreadable["underlay" if network else "network"])
        conflicts = find_conflicts(
            network.network,
            _output_of_ip("-d", "-4", "address", "show"),
            _output_of_ip("-4", "route", "show", "table", "all"),
            iptables.read_rules(),
            None if underlay.interface in facts.devices else underlay.interface,
        )
        return replace(facts, network_conflicts=tuple(conflicts))

    def clock(self, facts: HostFacts) -> HostFacts:
        command = ["timedatectl", "show", "--property=NTPSynchronized", "--property=CanNTP"]
        try:
            done = run_program(command, _CLOCK_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise UnreadableFactError(
                f"timedatectl did not answer within {_CLOCK_TIMEOUT:.0f} s"
            ) from error
        values = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        if "NTPSynchronized" not in values:
            raise UnreadableFactError(f"timedatectl: {done.stderr.strip() or 'no answer'}")
        return replace(
            facts,
            clock_synchronised=values["NTPSynchronized"] == "yes",
            ntp_available=values.get("CanNTP") != "no",
        )

    def conflicting_macs(self, facts: HostFacts) -> HostFacts:
        underlay = facts.underlay
        if underlay is None:
            raise UnreadableFactError(facts.unreadable["underlay"])
        macs = conflicting_macs(underlay.interface, underlay.address)
        return replace(facts, conflicting_macs=macs)

    def peer_replies(self, facts: HostFacts) -> HostFacts:
        if facts.plan is None:
            return replace(facts, peer_replies=reach_peers(facts.peers))
        return replace(facts, peer_replies=probe_peers(facts.peers, facts.plan.mtu))


def _reason_without_plan(facts: HostFacts) -> str:
    for name in ("settings", "links", "underlay", "network"):
        if name in facts.unreadable:
            return facts.unreadable[name]
    public_ip = facts.underlay.public_ip if facts.underlay else "this host"
    return (
        f"{public_ip} holds no lease: reserve a subnet for it with site.yml, or with the module "
        "weft.overlay.subnet_reservation"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{error.filename} does not exist"
    return str(error)


def _output_of_ip(*arguments: str) -> str:
    try:
        done = run_program(["ip", "-N", "-j", *arguments], _IP_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise UnreadableFactError(f"ip did not answer within {_IP_TIMEOUT:.0f} s") from error
    if done.returncode:
        raise UnreadableFactError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
