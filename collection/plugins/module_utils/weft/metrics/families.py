# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics, by the naming rules of Prometheus (prometheus.io/docs/practices/naming). No I/O.

Base units; a counter ends in `_total`. The kernel datapath counts per device, the userspace
datapath also per peer and per drop reason.
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
    """A metric with its samples, each with its labels."""

    name: str
    help: str
    kind: Kind
    samples: tuple[tuple[Labels, float], ...]


def families(
    report: Report | None, observed: Observation, unready: list[str], release: str
) -> Iterator[Family]:
    """Yield all metrics of a host; before the first pass, only those of the process."""
    yield _gauge(
        "weft_build_info", "The release of the running daemon.", 1, (("release", release),)
    )
    yield _gauge("weft_ready", "Whether /readyz returns 200.", not unready)
    yield _gauge("weft_problems", "Reasons for which the host is not ready.", len(unready))
    yield _counter("process_cpu_seconds_total", "CPU time of the agent.", observed.cpu_seconds)
    yield _gauge(
        "process_resident_memory_bytes", "Resident memory of the agent.", observed.resident_bytes
    )
    if report is None:
        return
    yield from _of_agent(report)
    yield from _of_overlay(report.status)
    yield _gauge(
        "weft_kernel_changes_pending",
        "Changes from the actual to the desired state of the kernel.",
        len(observed.pending),
    )
    if report.plan is not None and report.plan.datapath_table is not None:
        datapath = None if isinstance(observed.datapath, str) else observed.datapath
        yield _gauge(
            "weft_datapath_up", "Whether the userspace datapath responds.", datapath is not None
        )
        if datapath is not None:
            yield from _of_datapath(datapath)
            yield from _of_peers(datapath)
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
        "weft_store_connected", "Whether the watch of etcd is open.", status.store.connected
    )
    if status.store.revision is not None:
        yield _gauge(
            "weft_store_revision", "The etcd revision of the known leases.", status.store.revision
        )
    if status.certificate_expiry is not None:
        yield _gauge(
            "weft_store_certificate_expiry_timestamp_seconds",
            "When this host's certificate for etcd expires.",
            status.certificate_expiry,
        )
    yield _gauge("weft_lease_held", "Whether this host has a lease.", status.lease is not None)
    if status.lease is not None:
        yield _gauge(
            "weft_lease_info",
            "The subnet and the public IP of this host.",
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
            "The network, its backend and the datapath.",
            1,
            (
                ("network", status.network),
                ("backend", status.backend or ""),
                ("datapath", status.datapath or ""),
            ),
        )
    if status.mtu is not None:
        yield _gauge("weft_mtu_bytes", "The MTU of the overlay.", status.mtu)
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
        "Worker processes, one per queue; 0 if one process handles all.",
        len(datapath["workers"]),
    )
    yield Family(
        "weft_datapath_packets_total",
        "Packets forwarded, in from the peers and out to them.",
        Kind.COUNTER,
        (_in(counters["packets_in"]), _out(counters["packets_out"])),
    )
    yield Family(
        "weft_datapath_bytes_total",
        "Bytes of the packets forwarded, without encapsulation.",
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
        "ICMP destination unreachable, sent or suppressed by the rate limit.",
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
        "Packets received from and sent to a peer since it was added.",
        Kind.COUNTER,
        tuple(
            sample
            for labels, peer in peers
            for sample in (_in(peer["packets_in"], labels), _out(peer["packets_out"], labels))
        ),
    )
    yield Family(
        "weft_peer_bytes_total",
        "Bytes received from and sent to a peer, without encapsulation.",
        Kind.COUNTER,
        tuple(
            sample
            for labels, peer in peers
            for sample in (_in(peer["bytes_in"], labels), _out(peer["bytes_out"], labels))
        ),
    )
    yield Family(
        "weft_peer_last_heard_timestamp_seconds",
        "When the last packet of a peer was received; absent before the first.",
        Kind.GAUGE,
        tuple(
            (labels, peer["last_heard"]) for labels, peer in peers if peer["last_heard"] is not None
        ),
    )


def _of_devices(observed: Observation) -> Iterator[Family]:
    devices = [((("device", name),), found) for name, found in observed.counters.items()]
    for name, text, field in (
        ("weft_device_packets_total", "Packets on a device, as counted by the kernel.", "packets"),
        ("weft_device_bytes_total", "Bytes on a device, as counted by the kernel.", "bytes"),
        ("weft_device_errors_total", "Errors on a device, as counted by the kernel.", "errors"),
        (
            "weft_device_dropped_packets_total",
            "Packets dropped on a device, as counted by the kernel.",
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
