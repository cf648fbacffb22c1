# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and pairs of a verification, read from the results of the probe modules on each host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Interface
from typing import Any

from .missing_containers import lacks_container, missing_container_reason


class Verdict(StrEnum):
    """The result of a pair in the verification document."""

    OK = "ok"
    SOURCE = "source"
    MTU = "mtu"
    TCP = "tcp"
    FAIL = "fail"


class Fault(StrEnum):
    """The fault of a pair, the worst first: of several faults a pair has the first."""

    NOT_PROBED = "not probed"
    SAME_ADDRESS = "same address"
    NO_ANSWER = "no answer"
    WRONG_HOST = "wrong host"
    NO_ECHO = "no echo"
    NO_PORT = "no port"
    NO_UDP = "no UDP"
    NO_TCP = "no TCP"
    SOURCE = "source"
    LOSS = "loss"
    MTU = "MTU"

    @property
    def verdict(self) -> Verdict:
        """The verdict of the fault in the verification document."""
        return {
            Fault.NO_TCP: Verdict.TCP,
            Fault.SOURCE: Verdict.SOURCE,
            Fault.MTU: Verdict.MTU,
        }.get(self, Verdict.FAIL)


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the fleet and its status; MTUs in bytes.

    container is the address of its container. It is empty if there is none, and the one problem is
    the reason. mtu is the MTU of the container's device, overlay_mtu that of the overlay. port is
    the backend's UDP port, None if it has none or is not known. has_agent: whether weftd has a
    status.
    """

    name: str
    container: str = ""
    mtu: int | None = None
    subnet: str = ""
    public_ip: str = ""
    backend: str = ""
    datapath: str = ""
    overlay_mtu: int | None = None
    port: int | None = None
    has_agent: bool = False
    release: str = ""
    docker: str = ""
    kernel: str = ""
    offloads: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """The host that replied and the source address that it received; error without a reply."""

    name: str = ""
    source: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """The probe results from one container to another; sizes in bytes, round-trip times in ms."""

    sent: int = 0
    received: int = 0
    round_trip_ms: Mapping[str, float] | None = None
    echo_error: str = ""
    udp: Reply = field(default_factory=Reply)
    tcp: Reply = field(default_factory=Reply)
    path_mtu: int | None = None
    path_mtu_told_by: str = ""
    expected_mtu: int | None = None

    @property
    def reached(self) -> bool:
        """Whether any probe was answered."""
        return bool(self.received or not self.udp.error or not self.tcp.error)

    @property
    def source_seen(self) -> str | None:
        """The source address that the destination received, over TCP or else over UDP."""
        return self.tcp.source or self.udp.source


@dataclass(frozen=True, slots=True)
class Pair:
    """One direction between two hosts.

    arrived: whether the destination received packets of the source; None if that is unknown.
    """

    source: Host
    destination: Host
    seen: Observation | None
    fault: Fault | None
    arrived: bool | None = None
    throughput_mbit: float | None = None
    throughput_error: str = ""

    @property
    def verdict(self) -> Verdict:
        """The verdict of the pair in the verification document."""
        return self.fault.verdict if self.fault else Verdict.OK

    @property
    def source_seen(self) -> str | None:
        """The source address that the destination received, None if there was no reply."""
        return self.seen.source_seen if self.seen else None


@dataclass(frozen=True, slots=True)
class Results:
    """All hosts, and the ordered pairs of the hosts that have a container."""

    hosts: tuple[Host, ...]
    pairs: tuple[Pair, ...]

    @property
    def probed(self) -> list[Host]:
        """The hosts that have a container."""
        return [host for host in self.hosts if host.container]


def read_results(given: Sequence[Mapping[str, Any]], tolerated_loss: int) -> Results:
    """Parse one dictionary for each host: its ``name`` and the results of its tasks.

    The keys are ``started``, ``probed``, ``measured`` and ``absent``; the result of a task that did
    not run is missing or empty. ``left`` means that the host is no longer in the play: its results
    are ignored. ``tolerated_loss`` is in percent. Raises KeyError, TypeError or ValueError if the
    input is not valid.
    """
    hosts = tuple(_host(entry) for entry in given)
    seen, sources, throughputs = {}, {}, {}
    for host, entry in zip(hosts, given, strict=True):
        absent = entry.get("absent") or {}
        # The deprecated module probe names the sources "heard".
        sources[host.name] = absent.get("sources", absent.get("heard"))
        for each in (entry.get("probed") or {}).get("observations") or ():
            seen[host.name, each["name"]] = _observation(each)
        for each in (entry.get("measured") or {}).get("throughput") or ():
            throughputs[host.name, each["name"]] = (each["mbit"], each["error"])
    pairs = []
    for source in hosts:
        for destination in hosts:
            if source is destination or not (source.container and destination.container):
                continue
            names = (source.name, destination.name)
            received = sources[destination.name]
            observation = seen.get(names)
            pairs.append(
                Pair(
                    source,
                    destination,
                    observation,
                    _fault(source, destination, observation, tolerated_loss),
                    None if received is None else source.container in received,
                    *throughputs.get(names, (None, "")),
                )
            )
    return Results(hosts, tuple(pairs))


def _fault(
    source: Host, destination: Host, seen: Observation | None, tolerated_loss: int
) -> Fault | None:
    if seen is None:
        return Fault.NOT_PROBED
    wrong = {seen.udp.name, seen.tcp.name} - {"", destination.name}
    rewritten = {seen.udp.source, seen.tcp.source} - {None, source.container}
    conditions = {
        # The probes would reach the container of the source itself.
        Fault.SAME_ADDRESS: source.container == destination.container,
        Fault.NO_ANSWER: not seen.reached,
        Fault.WRONG_HOST: bool(wrong),
        Fault.NO_ECHO: not seen.received,
        Fault.NO_PORT: bool(seen.udp.error and seen.tcp.error),
        Fault.NO_UDP: bool(seen.udp.error),
        Fault.NO_TCP: bool(seen.tcp.error),
        Fault.SOURCE: bool(rewritten),
        Fault.LOSS: 100 * (seen.sent - seen.received) > tolerated_loss * seen.sent,
        Fault.MTU: (seen.path_mtu or 0) < (seen.expected_mtu or 0),
    }
    return next((fault for fault, holds in conditions.items() if holds), None)


def _host(entry: Mapping[str, Any]) -> Host:
    if lacks_container(entry):
        return Host(entry["name"], problems=(missing_container_reason(entry),))
    started = entry["started"]
    daemon = started.get("daemon") or {}
    agent = daemon.get("agent") or {}
    lease = agent.get("lease") or {}
    offloads = (daemon.get("datapath") or {}).get("offloads") or {}
    interface = IPv4Interface(f"{started['address']}/{started['prefix_length']}")
    return Host(
        name=entry["name"],
        container=str(interface.ip),
        mtu=int(started["mtu"]),
        subnet=lease.get("subnet") or str(interface.network),
        public_ip=lease.get("public_ip") or "",
        backend=agent.get("backend") or "",
        datapath=agent.get("datapath") or "",
        overlay_mtu=agent.get("mtu"),
        port=agent.get("port"),
        has_agent=bool(agent),
        release=agent.get("release") or "",
        docker=started.get("docker") or "",
        kernel=started.get("kernel") or "",
        offloads=tuple(sorted(each for each, state in offloads.items() if state == "active")),
        problems=(*(daemon.get("problems") or ()), *(agent.get("problems") or ())),
    )


def _observation(fields: Mapping[str, Any]) -> Observation:
    return Observation(
        sent=int(fields["sent"]),
        received=int(fields["received"]),
        round_trip_ms=fields["round_trip_ms"],
        echo_error=fields["echo_error"],
        udp=Reply(**fields["udp"]),
        tcp=Reply(**fields["tcp"]),
        path_mtu=fields["path_mtu"],
        path_mtu_told_by=fields["path_mtu_told_by"],
        expected_mtu=fields["expected_mtu"],
    )
