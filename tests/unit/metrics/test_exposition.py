# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics as Prometheus reads them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics.exposition import render
from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics.families import families
from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics.report import (
    Observation,
    Report,
)

from .reports import NOW, OBSERVED, REPORT

_UNITS = re.compile(r"_(seconds|bytes|info|total|ready|up|held|connected|active|forwarding)$")
_COUNTS = {
    "weft_problems",
    "weft_peers",
    "weft_store_revision",
    "weft_datapath_workers",
    "weft_kernel_changes_pending",
}


def shown(report: Report | None, observed: Observation, *unready: str) -> str:
    return render(families(report, observed, list(unready), "0123abcd")).decode()


def values(text: str) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def well() -> dict[str, float]:
    return values(shown(REPORT, OBSERVED))


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        ("weft_build_info['0123abcd']", 1),
        ("weft_ready[]", 1),
        ("weft_problems[]", 0),
        ("process_cpu_seconds_total[]", 1.5),
        ("process_resident_memory_bytes[]", 4096),
        ("weft_agent_start_time_seconds[]", NOW - 100),
        ("weft_agent_last_pass_timestamp_seconds[]", NOW),
        ("weft_agent_last_pass_duration_seconds[]", 0.02),
        ("weft_agent_passes_total[]", 4),
        ("weft_store_connected[]", 1),
        ("weft_store_revision[]", 12),
        ("weft_store_certificate_expiry_timestamp_seconds[]", NOW + 364 * 86400),
        ("weft_lease_held[]", 1),
        ("weft_lease_info['100.96.1.0/24', '192.0.2.11', 'reservation']", 1),
        ("weft_network_info['100.96.0.0/16', 'udp', 'userspace']", 1),
        ("weft_mtu_bytes[]", 1472),
        ("weft_peers[]", 2),
        ("weft_kernel_changes_pending[]", 0),
        ("weft_datapath_up[]", 1),
        ("weft_datapath_forwarding[]", 1),
        ("weft_datapath_start_time_seconds[]", NOW - 60),
        ("weft_datapath_packets_total['in']", 5),
        ("weft_datapath_bytes_total['out']", 600),
        ("weft_datapath_dropped_packets_total['stranger']", 3),
        ("weft_datapath_dropped_packets_total['ipv6']", 0),
        ("weft_datapath_unreachables_total['suppressed']", 2),
        ("weft_datapath_offload_active['udp-gso']", 1),
        ("weft_datapath_offload_active['tun-uso']", 0),
        ("weft_peer_packets_total['100.96.2.0/24', '192.0.2.12', 'in']", 5),
        ("weft_peer_bytes_total['100.96.3.0/24', '192.0.2.13', 'out']", 600),
        ("weft_peer_last_heard_timestamp_seconds['100.96.2.0/24', '192.0.2.12']", NOW - 4),
        ("weft_device_packets_total['flannel0', 'in']", 1),
        ("weft_device_bytes_total['flannel0', 'out']", 6),
        ("weft_device_errors_total['flannel0', 'in']", 3),
        ("weft_device_dropped_packets_total['flannel0', 'out']", 8),
    ],
)
def test_each_metric_has_its_value(well: dict[str, float], sample: str, value: float) -> None:
    assert well[sample] == value


def test_a_peer_without_a_received_packet_has_no_time() -> None:
    assert 'weft_peer_last_heard_timestamp_seconds{peer="192.0.2.13"' not in shown(REPORT, OBSERVED)


def test_a_host_without_a_certificate_has_no_end() -> None:
    status = replace(REPORT.status, certificate_expiry=None)
    assert "weft_store_certificate" not in shown(replace(REPORT, status=status), OBSERVED)


def test_names_and_units_are_the_usual_ones() -> None:
    for family in families(REPORT, OBSERVED, [], "0123abcd"):
        assert family.name.startswith(("weft_", "process_"))
        assert _UNITS.search(family.name) or family.name in _COUNTS, family.name
        assert family.help.endswith(".")


def test_before_the_first_pass_little_is_known() -> None:
    early = values(shown(None, Observation(), "no pass yet"))
    assert early["weft_ready[]"] == 0
    assert not any(name.startswith(("weft_lease", "weft_datapath")) for name in early)


def test_with_the_kernel_datapath_the_userspace_datapath_is_left_out() -> None:
    plan = REPORT.plan
    assert plan is not None
    kernel = replace(REPORT, plan=replace(plan, datapath_table=None))
    names = values(shown(kernel, replace(OBSERVED, datapath=None)))
    assert not any(name.startswith(("weft_datapath", "weft_peer_")) for name in names)
    assert "weft_device_packets_total['flannel0', 'in']" in names


def test_an_unreachable_datapath_is_down_and_not_zero() -> None:
    names = values(shown(REPORT, replace(OBSERVED, datapath="refused"), "refused"))
    assert names["weft_datapath_up[]"] == 0
    assert not any(name.startswith("weft_datapath_packets") for name in names)
