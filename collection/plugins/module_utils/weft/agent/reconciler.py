# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass over the host: read the actual state, compare it with the desired one, repair it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from ..backends.plan import LeaseData, Plan, RefusedError
from ..backends.registry import UnknownBackendError
from ..datapath.process.client import DatapathClient, DatapathError
from ..datapath.process.status import Status as DatapathStatus
from ..host.conflicts import overlapping_networks, shared_public_ips
from ..host.diverted_routes import diverted_routes
from ..host.lease_view import LeaseView
from ..host.overlay_plan import active_backends, plan_overlay
from ..host.settings import Settings
from ..host.status import Datapath, LeaseStatus, Status, StoreStatus
from ..host.underlay import Underlay, UnderlayError, address_problems, select_underlay
from ..kernel import iptables
from ..kernel.change_text import describe, summarise
from ..kernel.connected_route import missing_connected_route
from ..kernel.difference import Change, difference
from ..kernel.forwarding import forwarding_problems
from ..kernel.links import Links, leftovers
from ..kernel.netlink import KernelError, Netlink
from ..kernel.state import HostState
from ..model.lease import Lease
from ..model.network import Network, NetworkError
from ..system.files import write_atomically
from ..system.release import running_release
from .datapath_choice import DatapathChoice
from .subnet_env import render_subnet_env

_log = logging.getLogger(__name__)

# More changes than this in one pass are logged by their number.
_LOGGED_CHANGES = 20


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of a pass."""

    underlay: Underlay | None = None
    network: Network | None = None
    own: Lease | None = None
    peers: int = 0
    plan: Plan | None = None
    problems: tuple[str, ...] = ()


class Reconciler:
    """Applies network and leases to the host; holds the result of the last pass for the status."""

    def __init__(
        self, settings: Settings, netlink: Netlink, datapath: DatapathClient | None = None
    ) -> None:
        self._settings = settings
        self._netlink = netlink
        self._datapath = datapath or DatapathClient()
        self._choice = DatapathChoice(settings.datapath, netlink)
        self._since = time.time()
        self._result = _Result()

    @property
    def public_ip(self) -> IPv4Address | None:
        """The address at which other hosts reach this host, as of the last pass."""
        underlay = self._result.underlay
        return None if underlay is None else underlay.public_ip

    @property
    def lease_data(self) -> LeaseData | None:
        """The data that the own lease must have, as of the last pass."""
        plan = self._result.plan
        return None if plan is None else plan.lease_data

    @property
    def plan(self) -> Plan | None:
        """The desired state of the host, as of the last pass."""
        return self._result.plan

    def reconcile(self, view: LeaseView) -> None:
        """Do one pass. Raises nothing: problems are in the status and the log."""
        before = self._result.problems
        self._result = self._pass(view)
        for problem in self._result.problems:
            if problem not in before:
                _log.warning("%s", problem)
        for problem in before:
            if problem not in self._result.problems:
                _log.info("resolved: %s", problem)

    def status(
        self, view: LeaseView, store_problem: str | None, lease_problem: str | None
    ) -> Status:
        """Return the status: the result of the last pass, and the problems of the etcd threads."""
        result = self._result
        underlay, network, own, plan = (
            result.underlay,
            result.network,
            result.own,
            result.plan,
        )
        problems = result.problems
        if lease_problem and own is None:
            problems = (*problems, lease_problem)
        return Status(
            pid=os.getpid(),
            release=running_release(),
            since=self._since,
            store=StoreStatus(not view.stale, view.revision or None, store_problem),
            settings_written_ns=self._settings.written_ns,
            interface=underlay.interface if underlay else None,
            address=str(underlay.address) if underlay else None,
            other_addresses=tuple(map(str, underlay.other_addresses)) if underlay else (),
            network=str(network.network) if network else None,
            backend=self._active_backends(network) if network else None,
            port=network.backend.port if network else None,
            datapath=_datapath_of(plan) if plan else None,
            datapath_reason=self._choice.kernel_error,
            mtu=plan.mtu if plan else None,
            lease=_lease_status(own) if own else None,
            peers=result.peers,
            problems=problems,
        )

    def _active_backends(self, network: Network) -> str:
        backends = active_backends(self._settings, network)
        return " and ".join(backend.type for backend in backends)

    def _pass(self, view: LeaseView) -> _Result:
        try:
            links = self._netlink.read_links()
            underlay = self._choose_underlay(links)
        except (UnderlayError, KernelError) as error:
            return _Result(problems=(str(error),))
        if view.network is None:
            missing = "etcd has no network: publish one with site.yml"
            return _Result(underlay, problems=() if view.stale else (missing,))
        try:
            network = view.network.parse()
        except NetworkError as error:
            return _Result(underlay, problems=(str(error),))
        own = view.own_lease(underlay.public_ip, network.network)
        if own is None:
            return _Result(underlay, network)
        peers = view.peers_of(own, network.network)
        datapath = self._datapath_status()
        backends = active_backends(self._settings, network)
        try:
            plan = plan_overlay(
                self._settings,
                network,
                own,
                peers,
                links=links,
                underlay=underlay,
                kernel_vxlan=any(self._choice.kernel_vxlan(backend.type) for backend in backends),
                offloads=None if isinstance(datapath, DatapathError) else datapath["offloads"],
            )
        except (RefusedError, UnknownBackendError) as error:
            return _Result(underlay, network, own, len(peers), problems=(str(error),))
        devices = {device.name for device in plan.state.devices}
        problems = [
            *plan.problems,
            *address_problems(self._settings.interface, underlay, links, own.subnet),
            *(
                f"the lease {lease.subnet} of {lease.public_ip} overlaps with this host's "
                f"{own.subnet}: remove one of the two leases"
                for lease in view.conflicting_leases(own)
            ),
            *shared_public_ips(view.leases_within(network.network)),
            *overlapping_networks(links, devices, network.network, own, peers),
            *(
                f"{diverted.text}: delete it with '{diverted.command}', and where it is configured"
                for diverted in diverted_routes(links, plan.state.routes, peers)
            ),
            *self._stop_datapath(plan, datapath),
            *self._remove_leftovers(plan, links),
            *self._configure_datapath(plan, datapath),
            *self._reconcile_kernel(plan.state),
            *self._reconcile_firewall(plan),
            *self._restore_connected_route(links, own),
            *self._check_forwarding(links, own, plan),
            *self._write_subnet_file(network, own, plan),
        ]
        return _Result(underlay, network, own, len(peers), plan, tuple(problems))

    def _choose_underlay(self, links: Links) -> Underlay:
        choice = self._settings.interface
        towards = self._netlink.lookup_device(choice.can_reach) if choice.can_reach else None
        return select_underlay(choice, links, towards)

    def _datapath_status(self) -> DatapathStatus | DatapathError:
        """Return the status of the userspace datapath, or why it is unreachable."""
        try:
            return self._datapath.status()
        except DatapathError as error:
            return error

    def _stop_datapath(self, plan: Plan, status: DatapathStatus | DatapathError) -> list[str]:
        """Remove table and device of the userspace datapath if the kernel datapath is used."""
        active = not isinstance(status, DatapathError) and status["table"] is not None
        if plan.datapath_table is not None or not active:
            return []
        try:
            self._datapath.remove()
        except DatapathError as error:
            return [f"the datapath: {error}"]
        _log.info("kernel datapath active; userspace datapath stopped")
        return []

    def _remove_leftovers(self, plan: Plan, links: Links) -> list[str]:
        problems = []
        for link in leftovers(plan.state, links):
            try:
                self._netlink.delete(link)
            except KernelError as error:
                problems.append(str(error))
            else:
                _log.info("deleted %s of another backend or datapath", link.name)
        return problems

    def _configure_datapath(self, plan: Plan, status: DatapathStatus | DatapathError) -> list[str]:
        """Send the userspace datapath its table; it creates the device that the rest requires."""
        if plan.datapath_table is None:
            return []
        if not isinstance(status, DatapathError) and status["table"] != plan.datapath_table:
            try:
                self._datapath.apply(plan.datapath_table)
            except DatapathError as error:
                return [f"the datapath: {error}"]
            peers = len(plan.datapath_table["peers"])
            _log.info("userspace datapath configured with %d peers", peers)
            status = self._datapath_status()
        if isinstance(status, DatapathError):
            return [f"the datapath: {status}"]
        return [f"the datapath: {problem}" for problem in status["problems"]]

    def _reconcile_kernel(self, desired: HostState) -> list[str]:
        try:
            actual = self._netlink.read_state({device.name for device in desired.devices})
            applied = self._netlink.apply(difference(desired, actual))
        except KernelError as error:
            return [str(error)]
        _log_changes([entry.change for entry in applied if entry.error is None])
        return [entry.error for entry in applied if entry.error is not None]

    def _reconcile_firewall(self, plan: Plan) -> list[str]:
        if not self._settings.firewall:
            return []
        try:
            if iptables.reconcile(plan.traffic):
                _log.info("repaired the firewall rules for %s", plan.traffic.subnet)
        except iptables.FirewallError as error:
            return [str(error)]
        return []

    def _restore_connected_route(self, links: Links, own: Lease) -> list[str]:
        """Restore the route to this host's containers if another program has deleted it."""
        route = missing_connected_route(links, IPv4Interface(own.bip))
        if route is None:
            return []
        try:
            self._netlink.restore(route)
        except KernelError as error:
            return [str(error)]
        _log.warning(
            "restored the connected route of %s to %s, which another program had deleted",
            route.device,
            route.network,
        )
        return []

    def _check_forwarding(self, links: Links, own: Lease, plan: Plan) -> list[str]:
        """Find disabled forwarding; without the bridge, Docker has not enabled it yet."""
        bip = IPv4Interface(own.bip)
        bridges = [
            link.name
            for link in links.links
            if any(entry.interface == bip for entry in link.addresses)
        ]
        if not bridges:
            return []
        try:
            forwarding = self._netlink.read_forwarding()
        except KernelError as error:
            return [str(error)]
        return forwarding_problems(forwarding, (*bridges, *plan.traffic.devices))

    def _write_subnet_file(self, network: Network, own: Lease, plan: Plan) -> list[str]:
        path = self._settings.subnet_file
        text = render_subnet_env(
            network.network, own.bip, plan.mtu, masquerade=self._settings.masquerade
        )
        try:
            if write_atomically(path, text.encode()):
                _log.info("wrote %s", path)
        except OSError as error:
            return [f"cannot write {path}: {error.strerror}"]
        return []


def _lease_status(own: Lease) -> LeaseStatus:
    return LeaseStatus(str(own.subnet), own.bip, str(own.public_ip), expires=not own.is_reservation)


def _datapath_of(plan: Plan) -> Datapath:
    return Datapath.KERNEL if plan.datapath_table is None else Datapath.USERSPACE


def _log_changes(changes: Sequence[Change]) -> None:
    few = len(changes) <= _LOGGED_CHANGES
    for line in map(describe, changes) if few else summarise(changes):
        _log.info("%s", line)
