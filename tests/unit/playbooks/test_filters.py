# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that playbooks and roles apply to the variables of their hosts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.filter.hosts_to_upgrade import hosts_to_upgrade
from ansible_collections.weft.overlay.plugins.filter.prometheus_targets import prometheus_targets
from ansible_collections.weft.overlay.plugins.filter.report_hosts import report_hosts
from ansible_collections.weft.overlay.plugins.filter.verification_probes import verification_probes


def upgraded(running: str | None, begun: bool = False) -> dict[str, Any]:
    return {
        "inventory_hostname": "web1",
        "__upgrade_begun": {"stat": {"exists": begun}},
        "__upgrade_running": {"current": running},
        "__upgrade_bundled": {"current": "new"},
    }


@pytest.mark.parametrize(
    ("variables", "due"),
    [
        (upgraded("old"), True),
        (upgraded("new"), False),
        (upgraded(None), False),
        (upgraded("new", begun=True), True),
    ],
    ids=["outdated", "current", "without a release", "interrupted"],
)
def test_hosts_to_upgrade(variables: dict[str, Any], due: bool) -> None:
    assert hosts_to_upgrade([variables]) == (["web1"] if due else [])


def test_only_hosts_with_metrics_are_targets() -> None:
    hosts: list[dict[str, Any]] = [
        {"inventory_hostname": "web1", "overlay_metrics_target": "192.0.2.1:19285"},
        {"inventory_hostname": "web2"},
    ]
    assert prometheus_targets(hosts, "shop") == [
        {"targets": ["192.0.2.1:19285"], "labels": {"host": "web1", "fleet": "shop"}}
    ]


def test_an_unread_host_is_unreachable_in_the_report() -> None:
    (host,) = report_hosts([{"inventory_hostname": "web1", "ansible_host": "192.0.2.1"}])
    assert host["facts"] == {"unreachable": True}
    assert (host["daemon"], host["docker"]) == ({}, {})
    assert host["addresses"] == ["", "", "192.0.2.1", "web1"]


def test_the_report_takes_the_registered_results() -> None:
    (host,) = report_hosts(
        [
            {
                "inventory_hostname": "web1",
                "__report_facts": {"ansible_facts": {}},
                "__daemon_status": {"stdout": "{}"},
                "__report_docker": {"stdout": "28.5.2"},
                "overlay_host": {"name": "web1", "public_ip": "192.0.2.7"},
            }
        ]
    )
    assert host["facts"] == {"ansible_facts": {}}
    assert (host["daemon"]["stdout"], host["docker"]["stdout"]) == ("{}", "28.5.2")
    assert host["addresses"][0] == "192.0.2.7"


def test_a_host_that_has_left_the_play_is_marked() -> None:
    hosts: list[dict[str, Any]] = [
        {"inventory_hostname": "web1", "__verify_started": {"address": "100.96.1.2"}},
        {"inventory_hostname": "web2"},
    ]
    one, other = verification_probes(hosts, present=["web1"])
    assert (one["left"], one["started"]) == (False, {"address": "100.96.1.2"})
    assert (other["left"], other["started"], other["absent"]) == (True, {}, {})


def test_hosts_outside_of_the_play_follow_with_their_results() -> None:
    hosts: list[dict[str, Any]] = [
        {"inventory_hostname": "web4", "__verify_started": {"address": "100.96.4.2"}}
    ]
    outside: dict[str, list[dict[str, Any]]] = {
        "started": [
            {"item": "web1", "address": "100.96.1.2"},
            {"item": "web2", "msg": "no docker", "failed": False},
        ],
        "probed": [{"item": "web1", "observations": []}],
        "absent": [{"item": "web1", "sources": ["100.96.4.2"]}],
    }
    own, reached, failed = verification_probes(hosts, present=["web4"], outside=outside)
    assert (own["name"], "outside" in own) == ("web4", False)
    assert (reached["name"], reached["outside"]) == ("web1", True)
    assert (reached["started"]["failed"], reached["absent"]["sources"]) == (False, ["100.96.4.2"])
    assert (failed["started"]["failed"], failed["probed"]) == (True, {})
