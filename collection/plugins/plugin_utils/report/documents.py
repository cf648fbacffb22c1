# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses the documents of verify, drift, weftctl and the info modules.

A missing field is left empty. A field of a wrong type raises ReportError with its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError

from ...module_utils.weft.model.json_object import JsonObjectError
from ...module_utils.weft.model.network import Network, NetworkError, network_from_document
from .fleet import (
    Drift,
    DriftCheck,
    Fleet,
    Host,
    InvalidEntry,
    Lease,
    Pair,
    RoundTrip,
    Verdict,
    Verification,
)
from .host_results import Document, HostResult, read_host_result

# The one format of the documents of verify and drift that this release reads.
FORMAT = 1


class ReportError(WeftError, ValueError):
    """A document cannot be read; the message names it, the reason and the next step."""


def read_fleet(gathered: Document) -> Fleet:
    """Parse the data that the playbook gathered. Raises ReportError.

    The keys are title, generated, hosts (with name and the keys of read_host_result), network and
    leases (results of the info modules), verification, drift, notes, store_problem (why etcd could
    not be read) and store_stopped (the etcd hosts whose etcd does not run).
    """
    verification = _known(gathered, "verification")
    leases = _known(gathered, "leases")
    network = _known(gathered, "network")
    drift = _known(gathered, "drift")
    probed = _by_name(verification, "the verification") if verification else {}
    held = None if leases is None else tuple(map(_lease, _listed(leases, "leases", "lease_info")))
    return Fleet(
        title=str(gathered.get("title") or "weft"),
        generated=str(gathered.get("generated") or ""),
        hosts=tuple(_hosts(gathered, probed, held or ())),
        network=_network(network) if network else None,
        leases=held,
        invalid=tuple(
            InvalidEntry(str(entry.get("key", "")), str(entry.get("reason", "")))
            for entry in _listed(leases or {}, "invalid", "lease_info")
        ),
        revision=leases.get("revision") if leases else None,
        verification=_verification(verification) if verification else None,
        drift=_drift(drift) if drift else None,
        notes=tuple(map(str, gathered.get("notes") or ())),
        store_problem=str(gathered.get("store_problem") or ""),
        store_stopped=tuple(map(str, gathered.get("store_stopped") or ())),
    )


def _known(gathered: Document, name: str) -> Document | None:
    """Return a document, which may be given as JSON text; None if it is empty."""
    document = gathered.get(name)
    advice = f"Pass the {name} document complete and unchanged."
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise ReportError(
                f"The {name} document is not valid JSON: {error}. {advice}"
            ) from error
    if not document:
        return None
    if not isinstance(document, Mapping):
        raise ReportError(f"The {name} document is {_kind(document)}, not an object. {advice}")
    return document


def _listed(document: Document, name: str, source: str) -> Sequence[Document]:
    values = document.get(name) or ()
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ReportError(
            f"{name} of {source} is {_kind(values)}, not a list: create the document again."
        )
    for value in values:
        if not isinstance(value, Mapping):
            raise ReportError(
                f"An entry of {name} of {source} is {_kind(value)}, not an object: create the "
                "document again."
            )
    return values


def _check_format(document: Document, source: str) -> None:
    found = document.get("format")
    if found != FORMAT:
        raise ReportError(
            f"{source[0].upper()}{source[1:]} has format {found!r}, but this release reads format "
            f"{FORMAT}: create it again with the playbook of this release."
        )


def _by_name(document: Document, source: str) -> dict[str, Document]:
    _check_format(document, source)
    return {_text(host, "name", source): host for host in _listed(document, "hosts", source)}


def _hosts(
    gathered: Document, probed: Mapping[str, Document], leases: Iterable[Lease]
) -> Iterable[Host]:
    by_ip = {lease.public_ip: lease for lease in leases}
    results = {
        host.name: host
        for host in (
            read_host_result(_text(returned, "name", "the gathered data"), returned)
            for returned in _listed(gathered, "hosts", "the gathered data")
        )
    }
    for name in [*results, *(name for name in probed if name not in results)]:
        yield _host(results.get(name, HostResult(name)), probed.get(name, {}), by_ip)


def _host(result: HostResult, probed: Document, leases: Mapping[str, Lease]) -> Host:
    agent: Document = result.status.get("agent") or {}
    own: Document = agent.get("lease") or {}

    def first(*candidates: Any) -> str:
        return next((str(each) for each in candidates if each), "")

    public_ip = first(
        probed.get("public_ip"), own.get("public_ip"), result.public_ip, agent.get("address")
    )
    lease = leases.get(public_ip)
    problems = [
        *result.problems,
        *(result.status.get("problems") or ()),
        *(agent.get("problems") or ()),
        # For an unreachable host, the verification reports only that it is unreachable.
        *((probed.get("problems") or ()) if result.reached else ()),
    ]
    return Host(
        name=result.name,
        reached=result.reached,
        public_ip=public_ip,
        subnet=first(probed.get("subnet"), own.get("subnet"), lease and lease.subnet),
        container=first(probed.get("container")),
        backend=first(probed.get("backend"), agent.get("backend"), lease and lease.backend),
        datapath=first(probed.get("datapath"), agent.get("datapath")),
        mtu=probed.get("mtu") or agent.get("mtu"),
        release=first(probed.get("release"), agent.get("release")),
        docker=first(probed.get("docker"), result.docker),
        kernel=first(probed.get("kernel"), result.kernel),
        problems=tuple(dict.fromkeys(map(str, problems))),
    )


def _network(result: Document) -> Network | None:
    document = result.get("network")
    if not document:
        return None
    try:
        return network_from_document(document)
    except (JsonObjectError, NetworkError) as error:
        raise ReportError(f"The network cannot be read: {error}") from error


def _lease(document: Document) -> Lease:
    subnet = _text(document, "subnet", "a lease")
    try:
        network = IPv4Network(subnet)
        public_ip = str(IPv4Address(_text(document, "public_ip", f"the lease of {subnet}")))
    except ValueError as error:
        raise ReportError(
            f"The lease of {subnet} cannot be read: {error}; pass the unchanged result of "
            "weft.overlay.lease_info."
        ) from error
    return Lease(
        subnet=network,
        public_ip=public_ip,
        # A lease of flannel's udp backend has no backend type.
        backend=str(document.get("backend_type") or "udp"),
        reservation=bool(document.get("reservation")),
        remaining=document.get("ttl"),
        granted=document.get("granted_ttl"),
        revision=document.get("revision"),
    )


def _verification(document: Document) -> Verification:
    source = "the verification"
    pairs = [_pair(pair) for pair in _listed(document, "pairs", source)]
    # The problems of single hosts are listed with the hosts.
    of_hosts = {
        f"{host['name']}: {problem}"
        for host in _listed(document, "hosts", source)
        for problem in host.get("problems") or ()
    }
    return Verification(
        began=str(document.get("began") or ""),
        seconds=document.get("seconds"),
        pairs={(pair.source, pair.destination): pair for pair in pairs},
        problems=tuple(
            text for text in map(str, document.get("problems") or ()) if text not in of_hosts
        ),
    )


def _pair(document: Document) -> Pair:
    source = _text(document, "from", "a pair of the verification")
    destination = _text(document, "to", f"a pair of the verification from {source}")
    named = document.get("verdict")
    try:
        verdict = Verdict(str(named))
        times = document.get("round_trip_ms")
        round_trip = (
            RoundTrip(float(times["min"]), float(times["median"]), float(times["max"]))
            if times
            else None
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(
            f"The pair {source} to {destination} of the verification cannot be read: {error}; "
            "create the document again with the playbook verify of this release."
        ) from error
    return Pair(
        source=source,
        destination=destination,
        verdict=verdict,
        answer=str(document.get("answer") or ""),
        source_seen=document.get("source_seen"),
        sent=int(document.get("sent") or 0),
        received=int(document.get("received") or 0),
        round_trip=round_trip,
        path_mtu=document.get("path_mtu"),
        expected_mtu=document.get("expected_mtu"),
        throughput=document.get("throughput_mbit"),
    )


def _drift(document: Document) -> DriftCheck:
    source = "The drift document"
    _check_format(document, source)
    return DriftCheck(
        began=str(document.get("began") or ""),
        drifts=tuple(
            Drift(
                host=_text(drift, "host", "a drift"),
                what=_text(drift, "what", "a drift"),
                before=_optional_text(drift.get("before")),
                after=_optional_text(drift.get("after")),
            )
            for drift in _listed(document, "drifts", source)
        ),
        unreachable=tuple(map(str, document.get("unreachable") or ())),
    )


def _text(document: Document, name: str, source: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise ReportError(
            f"{name} of {source} is {_kind(value)}, not a string: create the document again."
        )
    return str(value)


def _optional_text(value: Any) -> str | None:
    return None if value is None else str(value)


def _kind(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, str):
        return f"the string {str(value)[:40]!r}"
    return "a list" if isinstance(value, Sequence) else f"{value!r}"
