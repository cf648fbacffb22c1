# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook report gathers of fleets of any size, as documents: well, or in trouble."""

from __future__ import annotations

from random import Random
from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.report.documents import read_fleet
from ansible_collections.weft.overlay.plugins.plugin_utils.report.rendering import render_report
from ansible_collections.weft.overlay.plugins.plugin_utils.report.view import view_report

HOSTILE = "\"><img src=x onerror=alert(1)><script>alert('x')</script>&{{ 7*7 }}"

Document = dict[str, Any]


def page(gathered: Document) -> str:
    """The whole way from documents to the page."""
    return render_report(view_report(read_fleet(gathered)))


def gathered(count: int, backend: str = "vxlan", troubled: bool = False) -> Document:
    """A fleet of *count* hosts; the last of a troubled one is away, others have faults."""
    random = Random(count)
    hosts = [
        _host(number, count, backend, troubled=troubled, random=random)
        for number in range(1, count + 1)
    ]
    away = f"docker{count}" if troubled else None
    pairs = [
        _pair(number, index, hosts, troubled=troubled, random=random)
        for number, one in enumerate(hosts)
        for index, other in enumerate(hosts)
        if one is not other and away not in (one["name"], other["name"])
    ]
    return {
        "title": "Demo fleet",
        "generated": "2026-11-28T17:00:12Z",
        "hosts": [
            {
                "name": host["name"],
                "facts": {"unreachable": host["name"] == away},
                "addresses": [host["public_ip"]],
            }
            for host in hosts
        ],
        "verification": {
            "format": 1,
            "began": "2026-11-28T17:00:00Z",
            "seconds": 8.4,
            "hosts": [host for host in hosts if host["name"] != away],
            "pairs": pairs,
            "problems": (
                ["docker1 and docker2 do not reach each other: UDP 8472 is blocked; open it."]
                if troubled
                else []
            ),
        },
        "network": {"network": network("100.96.0.0/16", backend)},
        "leases": {
            "leases": [_lease(host, index, troubled) for index, host in enumerate(hosts)],
            "invalid": [],
            "revision": 3 * count,
        },
        "drift": {
            "format": 1,
            "began": "2026-11-28T16:59:00Z",
            "drifts": (
                [
                    {
                        "host": "docker2",
                        "what": "weft.overlay.docker : Give the bridge its address",
                        "before": '{"mtu": 1500}',
                        "after": '{"mtu": 1450}',
                    }
                ]
                if troubled
                else []
            ),
            "unreachable": [away] if away else [],
        },
        "notes": [],
    }


def network(address: str, backend: str = "vxlan") -> Document:
    """A network as the module network_info returns it."""
    return {"Network": address, "SubnetLen": 24, "Backend": {"Type": backend}}


def _host(number: int, count: int, backend: str, *, troubled: bool, random: Random) -> Document:
    odd = troubled and random.random() < 0.08
    return {
        "name": f"docker{number}",
        "public_ip": f"192.0.{2 + number // 200}.{number % 200 + 10}",
        "subnet": f"100.96.{number}.0/24",
        "container": f"100.96.{number}.2",
        "backend": "udp" if odd else backend,
        "datapath": "userspace" if odd or backend == "udp" else "kernel",
        "mtu": 1472 if odd or backend == "udp" else 1450,
        "release": "0f3c9a71be5d44c2" if not odd else "88ad01fe3b7c2210",
        "docker": "28.5.2" if number % 5 or not troubled else "26.1.5",
        "kernel": "6.12.48+deb13-amd64",
        "problems": (
            ["the bridge docker0 has not the address of the lease; run site.yml"]
            if troubled and number == min(3, count)
            else []
        ),
    }


def _pair(
    one: int, other: int, hosts: list[Document], *, troubled: bool, random: Random
) -> Document:
    median = round(0.31 + random.random() * 0.18 + (one % 7 == 0) * 0.4, 3)
    pair: Document = {
        "from": hosts[one]["name"],
        "to": hosts[other]["name"],
        "verdict": "ok",
        "answer": "",
        "source_seen": f"100.96.{one + 1}.2",
        "sent": 5,
        "received": 5,
        "round_trip_ms": {
            "min": round(median * 0.8, 3),
            "median": median,
            "max": round(median * 1.9, 3),
        },
        "path_mtu": 1450,
        "expected_mtu": 1450,
        "throughput_mbit": None,
    }
    if troubled:
        pair |= _trouble(one, other, random)
    return pair


def _trouble(one: int, other: int, random: Random) -> Document:
    lost = {"sent": 5, "received": 0, "round_trip_ms": None, "path_mtu": None, "source_seen": None}
    if {one, other} == {0, 1}:
        return {"verdict": "fail", "answer": "timed out", **lost}
    if other == 6 and one != 6:
        return {"verdict": "mtu", "answer": "no packet larger than 1400 bytes", "path_mtu": 1400}
    if one == 11 and other % 5 == 0:
        return {"verdict": "source", "answer": "192.0.2.22", "source_seen": "192.0.2.22"}
    if (one, other) in {(17, 22), (22, 17)}:
        return {"verdict": "tcp", "answer": "connection refused"}
    if random.random() < 0.02:
        return {"received": 4, "round_trip_ms": {"min": 1.1, "median": 2.4, "max": 9.0}}
    return {}


def _lease(host: Document, index: int, troubled: bool) -> Document:
    expires = troubled and index % 4 == 1
    return {
        "subnet": host["subnet"],
        "public_ip": host["public_ip"],
        "backend_type": None if host["backend"] == "udp" else host["backend"],
        "reservation": not expires,
        "ttl": 1200 + 9000 * (index % 9) if expires else None,
        "granted_ttl": 86400 if expires else None,
        "revision": 3 * index + 2,
    }
