# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics, by the naming rules of Prometheus (prometheus.io/docs/practices/naming). No I/O.

Base units, a counter ends in `_total`. What nobody counts is left out: the kernel's datapaths
count by device, weft's own by peer and by reason, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ..datapath.offloads import ACTIVE
from ..datapath.process.status import Status as DatapathStatus
from ..host.status import Status
from .report import Observation, Report

Labels = tuple[tuple[str, str], ...]


class Kind(Enum):
    """The type of a metric."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with its samples, each by its labels."""

    name: str
    help: str
    kind: Kind
    samples: tuple[tuple[Labels, float], ...]


def families(
    report: Report | None, observed: Observation, unready: list[str], release: str
) -> Iterator[Family]:
    """All metrics of a host; before the first pass only what is known."""
    yield _gauge(
        "weft_build_info", "The release of the daemon that runs.", 1, (("release", release),)
    )
    yield _gauge("weft_ready", "Whether /readyz answers 200.", not unready)
    yield _gauge("weft_problems", "Reasons for which the host is not ready.", len(unready))
    yield _counter("process_cpu_seconds_total", "CPU time of the agent.", observed.cpu_seconds)
    yield _gauge(
        "process_resident_memory_bytes", "Memory that the agent holds.", observed.resident_bytes
    )
    if report is None:
        return
    yield from _of_agent(report)
    yield from _of_overlay(report.status)
    yield _gauge(
        "weft_kernel_changes_pending",
        "Changes that the kernel needs to be as the store says.",
        len(observed.pending),
    )
    if report.plan is not None and report.plan.datapath_table is not None:
        answer = observed.datapath
        answers = answer is not None and not isinstance(answer, str)
        yield _gauge("weft_datapath_up", "Whether the userspace datapath answers.", answers)
        if answer is not None and not isinstance(answer, str):
            yield from _of_datapath(answer)
            yield from _of_peers(answer)
    yield from _of_devices(observed)


def _of_agent(report: Report) -> Iterator[Family]:
    yield _gauge("weft_agent_start_time_seconds", "When the agent started.", report.status.since)
    yield _gauge(
        "weft_agent_last_pass_timestamp_seconds", "When the last pass ended.", report.ended
    )
    yield _gauge(
        "weft_agent_last_pass_duration_seconds", "How long the last pass took.", report.duration
    )
    yield _counter(
        "weft_agent_passes_total", "Passes over the host since the agent started.", report.passes
    )


def _of_overlay(status: Status) -> Iterator[Family]:
    yield _gauge(
        "weft_store_connected", "Whether the store can be followed.", status.store.connected
    )
    if status.store.revision is not None:
        yield _gauge("weft_store_revision", "The store's revision.", status.store.revision)
    if status.certificate_expiry is not None:
        yield _gauge(
            "weft_store_certificate_expiry_timestamp_seconds",
            "When this host's own certificate for the store ends.",
            status.certificate_expiry,
        )
    yield _gauge("weft_lease_held", "Whether this host holds a subnet.", status.lease is not None)
    if status.lease is not None:
        yield _gauge(
            "weft_lease_info",
            "The subnet of this host, and whose it is.",
            1,
            (
                ("subnet", status.lease.subnet),
                ("public_ip", status.lease.public_ip),
                ("kind", "lease" if status.lease.expires else "reservation"),
            ),
        )
    if status.network is not None:
        yield _gauge(
            "weft_network_info",
            "The network, how packets cross, and what carries them.",
            1,
            (
                ("network", status.network),
                ("backend", status.backend or ""),
                ("datapath", status.datapath or ""),
            ),
        )
    if status.mtu is not None:
        yield _gauge("weft_mtu_bytes", "The largest packet that the overlay takes.", status.mtu)
    yield _gauge("weft_peers", "Other hosts of the network.", status.peers)


def _of_datapath(datapath: DatapathStatus) -> Iterator[Family]:
    counters = datapath["counters"]
    yield _gauge(
        "weft_datapath_forwarding",
        "Whether the device and the sockets are open.",
        datapath["forwarding"],
    )
    yield _gauge(
        "weft_datapath_start_time_seconds", "When the datapath started.", datapath["since"]
    )
    yield _gauge(
        "weft_datapath_workers",
        "Processes that carry a queue each, 0 where one carries all.",
        len(datapath["workers"]),
    )
    yield Family(
        "weft_datapath_packets_total",
        "Packets carried, in from the peers and out to them.",
        Kind.COUNTER,
        (_in(counters["packets_in"]), _out(counters["packets_out"])),
    )
    yield Family(
        "weft_datapath_bytes_total",
        "Bytes of the packets carried, without encapsulation.",
        Kind.COUNTER,
        (_in(counters["bytes_in"]), _out(counters["bytes_out"])),
    )
    yield Family(
        "weft_datapath_dropped_packets_total",
        "Packets dropped, by reason.",
        Kind.COUNTER,
        tuple(((("reason", reason),), count) for reason, count in counters["drops"].items()),
    )
    yield Family(
        "weft_datapath_unreachables_total",
        "ICMP destination unreachable, sent or held back by the rate limit.",
        Kind.COUNTER,
        (
            ((("outcome", "sent"),), counters["unreachables_sent"]),
            ((("outcome", "suppressed"),), counters["unreachables_suppressed"]),
        ),
    )
    yield Family(
        "weft_datapath_offload_active",
        "Whether an offload is in use.",
        Kind.GAUGE,
        tuple(
            ((("offload", name),), float(state == ACTIVE))
            for name, state in datapath["offloads"].items()
        ),
    )


def _of_peers(datapath: DatapathStatus) -> Iterator[Family]:
    peers = [
        ((("peer", peer["public_ip"]), ("subnet", peer["subnet"])), peer)
        for peer in datapath["peers"]
    ]
    yield Family(
        "weft_peer_packets_total",
        "Packets exchanged with a peer since it entered the table.",
        Kind.COUNTER,
        tuple(
            sample
            for labels, peer in peers
            for sample in (_in(peer["packets_in"], labels), _out(peer["packets_out"], labels))
        ),
    )
    yield Family(
        "weft_peer_bytes_total",
        "Bytes of those packets, without encapsulation.",
        Kind.COUNTER,
        tuple(
            sample
            for labels, peer in peers
            for sample in (_in(peer["bytes_in"], labels), _out(peer["bytes_out"], labels))
        ),
    )
    yield Family(
        "weft_peer_last_heard_timestamp_seconds",
        "When a peer's last packet came; absent for one that was never heard.",
        Kind.GAUGE,
        tuple(
            (labels, peer["last_heard"]) for labels, peer in peers if peer["last_heard"] is not None
        ),
    )


def _of_devices(observed: Observation) -> Iterator[Family]:
    devices = [((("device", name),), found) for name, found in observed.counters.items()]
    for name, text, field in (
        ("weft_device_packets_total", "Packets that the kernel counted on a device.", "packets"),
        ("weft_device_bytes_total", "Bytes that the kernel counted on a device.", "bytes"),
        ("weft_device_errors_total", "Errors that the kernel counted on a device.", "errors"),
        (
            "weft_device_dropped_packets_total",
            "Packets that the kernel dropped on a device.",
            "dropped",
        ),
    ):
        yield Family(
            name,
            text,
            Kind.COUNTER,
            tuple(
                sample
                for labels, counters in devices
                for sample in (
                    _in(getattr(counters, f"rx_{field}"), labels),
                    _out(getattr(counters, f"tx_{field}"), labels),
                )
            ),
        )


def _in(value: float, labels: Labels = ()) -> tuple[Labels, float]:
    return (*labels, ("direction", "in")), value


def _out(value: float, labels: Labels = ()) -> tuple[Labels, float]:
    return (*labels, ("direction", "out")), value


def _gauge(name: str, text: str, value: float, labels: Labels = ()) -> Family:
    return Family(name, text, Kind.GAUGE, ((labels, float(value)),))


def _counter(name: str, text: str, value: float) -> Family:
    return Family(name, text, Kind.COUNTER, (((), float(value)),))
