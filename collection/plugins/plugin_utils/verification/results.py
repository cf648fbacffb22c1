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

from .absence import is_absent, why_absent


class Verdict(StrEnum):
    """How one container fared with another, as the verification document says it."""

    OK = "ok"
    SOURCE = "source"
    MTU = "mtu"
    TCP = "tcp"
    FAIL = "fail"


class Fault(StrEnum):
    """What is wrong with a pair, the worst first: the first that holds is the pair's."""

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
        """What the document says of it."""
        return {
            Fault.NO_TCP: Verdict.TCP,
            Fault.SOURCE: Verdict.SOURCE,
            Fault.MTU: Verdict.MTU,
        }.get(self, Verdict.FAIL)


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the fleet and what it says of itself; MTUs in bytes.

    container is the address of its container, empty where none was started or the host left; then
    the one problem says why. mtu is that of the
    container's device, overlay_mtu what the daemon gives the overlay.
    """

    name: str
    container: str = ""
    mtu: int | None = None
    subnet: str = ""
    public_ip: str = ""
    backend: str = ""
    datapath: str = ""
    overlay_mtu: int | None = None
    release: str = ""
    docker: str = ""
    kernel: str = ""
    offloads: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered a probe, and from which address it came; error where nobody did."""

    name: str = ""
    source: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the probes of one container saw of another; sizes in bytes, round trips in ms."""

    sent: int = 0
    received: int = 0
    round_trip_ms: Mapping[str, float] | None = None
    echo_error: str = ""
    udp: Answer = field(default_factory=Answer)
    tcp: Answer = field(default_factory=Answer)
    path_mtu: int | None = None
    path_mtu_told_by: str = ""
    expected_mtu: int | None = None

    @property
    def reached(self) -> bool:
        """Whether anything came back."""
        return bool(self.received or not self.udp.error or not self.tcp.error)

    @property
    def source_seen(self) -> str | None:
        """The address by which the container arrived; one that is rewritten is told first."""
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
        """What the document says of the pair."""
        return self.fault.verdict if self.fault else Verdict.OK

    @property
    def source_seen(self) -> str | None:
        """The address by which the source arrived, None where nothing did."""
        return self.seen.source_seen if self.seen else None


@dataclass(frozen=True, slots=True)
class Results:
    """All hosts, and each ordered pair of those that have a container."""

    hosts: tuple[Host, ...]
    pairs: tuple[Pair, ...]

    @property
    def probed(self) -> list[Host]:
        """The hosts that have a container."""
        return [host for host in self.hosts if host.container]


def read_results(given: Sequence[Mapping[str, Any]], tolerated_loss: int) -> Results:
    """Read one dictionary for each host: its ``name``, and what each state of the module returned.

    The keys are the states ``started``, ``probed``, ``measured`` and ``absent``; one that did not
    run is missing or empty. ``left`` tells that the host is no longer in the play, whatever it had
    returned before. ``tolerated_loss`` is in percent. Raises KeyError, TypeError or ValueError for
    anything else.
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
    holds = {
        # It would have asked itself, and been content with the answer.
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
    return next((fault for fault, holding in holds.items() if holding), None)


def _host(entry: Mapping[str, Any]) -> Host:
    if is_absent(entry):
        return Host(entry["name"], problems=(why_absent(entry),))
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
        udp=Answer(**fields["udp"]),
        tcp=Answer(**fields["tcp"]),
        path_mtu=fields["path_mtu"],
        path_mtu_told_by=fields["path_mtu_told_by"],
        expected_mtu=fields["expected_mtu"],
    )
