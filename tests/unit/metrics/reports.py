# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of an agent on a healthy host with the udp backend."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any, cast

from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import Plan
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.status import (
    Status as DatapathStatus,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.status import (
    LeaseStatus,
    Status,
    StoreStatus,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.device_counters import (
    DeviceCounters,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import (
    OverlayTraffic,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import HostState
from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics.report import (
    Observation,
    Report,
)

NOW = 1_800_000_000.0
TABLE = {"backend": "udp", "peers": [{"subnet": "100.96.2.0/24", "public_ip": "192.0.2.12"}]}


def datapath(**changes: Any) -> DatapathStatus:
    status = {
        "table": TABLE,
        "pid": 8,
        "workers": [],
        "since": NOW - 60,
        "forwarding": True,
        "problems": [],
        "offloads": {"udp-gso": "active", "tun-uso": "refused: EINVAL"},
        "counters": {
            "packets_in": 5,
            "bytes_in": 500,
            "packets_out": 6,
            "bytes_out": 600,
            "unreachables_sent": 1,
            "unreachables_suppressed": 2,
            "drops": {"stranger": 3, "ipv6": 0},
        },
        "peers": [
            {
                "subnet": f"100.96.{number}.0/24",
                "public_ip": f"192.0.2.{10 + number}",
                "packets_in": 5,
                "bytes_in": 500,
                "packets_out": 6,
                "bytes_out": 600,
                "last_heard": heard,
            }
            for number, heard in ((2, NOW - 4), (3, None))
        ],
        **changes,
    }
    return cast(DatapathStatus, status)


REPORT = Report(
    Status(
        pid=7,
        release="0123abcd",
        since=NOW - 100,
        store=StoreStatus(connected=True, revision=12),
        interface="eth0",
        network="100.96.0.0/16",
        backend="udp",
        datapath="userspace",
        mtu=1472,
        lease=LeaseStatus("100.96.1.0/24", "100.96.1.1/24", "192.0.2.11", expires=False),
        peers=2,
        certificate_expiry=NOW + 364 * 86400,
    ),
    Plan(
        HostState(),
        1472,
        OverlayTraffic(IPv4Network("100.96.0.0/16"), IPv4Network("100.96.1.0/24"), ("flannel0",)),
        datapath_table=TABLE,
    ),
    ended=NOW,
    ended_monotonic=NOW,
    duration=0.02,
    passes=4,
)
OBSERVED = Observation(
    datapath(), (), {"flannel0": DeviceCounters(1, 2, 3, 4, 5, 6, 7, 8)}, 1.5, 4096
)
