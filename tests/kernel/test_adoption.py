# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of flannel's become hosts of weft one by one, as the role adopt_flannel does it.

By each backend: what flannel laid is taken over in place, and both kinds talk all the while.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from tests.flanneld_stand_in.build import build
from tests.modules.ansible_run import run_module
from tests.waiting import eventually

from .agent_hosts import AgentHost, Fleet, raised_fleet
from .traffic import pings

INTERVAL = 0.02
LONGEST_OUTAGE = 2.0


@dataclass
class FlannelFleet:
    """Two hosts with their leases in the store; each runs the program until it is adopted."""

    backend: str
    fleet: Fleet
    program: Path
    flannelds: dict[int, Popen[bytes]] = field(default_factory=dict)

    def run_flanneld(self, host: AgentHost) -> None:
        with (host.folder / "flanneld.log").open("ab") as log:
            self.flannelds[host.number] = host.namespace.spawn(
                *(str(self.program), f"--etcd-endpoints={self.fleet.etcd.url}", "--iface=eth0"),
                *("--ip-masq", f"--subnet-file={host.subnet_file}"),
                stderr=log,
            )

    def adopt(self, host: AgentHost) -> Mapping[str, Any]:
        """Do what the role does on a host; return what the module says that it took away."""
        host.settings["masquerade"] = True
        host.start("datapath")
        host.start("agent")
        eventually(lambda: "WEFT-FORWARD" in host.namespace.run("iptables-save").stdout, "beside")
        flanneld = self.flannelds.pop(host.number)
        flanneld.terminate()
        flanneld.wait(timeout=5)
        outcome = run_module(
            "flannel_leftovers",
            {
                "parts": ["firewall", "routes", "devices"],
                "network": "100.96.0.0/16",
                "keep_devices": {"udp": ["flannel0"], "vxlan": ["flannel.1"]}.get(self.backend, []),
            },
            setup=[f'exec nsenter --net=/run/netns/{host.namespace.name} "$@"'],
        )
        assert not outcome.failed, outcome.output
        host.await_ready()
        return outcome.result


@pytest.fixture(scope="module", params=["udp", "vxlan", "host-gw"])
def flannel(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FlannelFleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with raised_fleet(folder) as fleet:
        fleet.publish_backend(request.param)
        flannel = FlannelFleet(request.param, fleet, build(folder / "flanneld"))
        for number in (1, 2):
            fleet.lease(number)
            flannel.run_flanneld(fleet.add_host(number))
        yield flannel


def reach(flannel: FlannelFleet) -> bool:
    one, two = flannel.fleet.hosts
    return pings(one.container, two.container_ip) and pings(two.container, one.container_ip)


def laid(host: AgentHost) -> str:
    """Return the routes of the overlay, and flannel's rules, as they stand."""
    routes = host.namespace.ip("-d", "route", "show", "root", "100.96.0.0/16")
    rules = host.namespace.run("iptables-save").stdout
    return "\n".join([routes, *re.findall(r"^.*flannel.*$", rules, re.MULTILINE | re.IGNORECASE)])


def test_what_flannel_leaves_is_there_and_carries(flannel: FlannelFleet) -> None:
    eventually(lambda: reach(flannel), "flannel carries")
    one = flannel.fleet.hosts[0]
    route = {
        "udp": "unicast 100.96.0.0/16 dev flannel0 proto boot scope global",
        "vxlan": "unicast 100.96.2.0/24 via 100.96.2.0 dev flannel.1 proto boot",
        "host-gw": "unicast 100.96.2.0/24 via 10.168.0.12 dev eth0 proto boot",
    }
    assert route[flannel.backend] in laid(one)
    assert "-A FLANNEL-FWD" in laid(one)
    stored = flannel.fleet.etcd.etcdctl("get", "/coreos.com/network/subnets/100.96.1.0-24").stdout
    kind = {"udp": '"PublicIPv6":null}', "vxlan": '"VtepMAC":"', "host-gw": ':"host-gw"}'}
    assert kind[flannel.backend] in stored


@pytest.mark.parametrize("number", [1, 2])
def test_a_host_is_taken_over_while_both_kinds_talk(flannel: FlannelFleet, number: int) -> None:
    adopted, other = (flannel.fleet.hosts[index] for index in (number - 1, 2 - number))
    with (other.folder / "ping.txt").open("wb") as output:
        ping = other.container.spawn(
            *("ping", "-n", "-q", "-i", str(INTERVAL), adopted.container_ip), stdout=output
        )
    took = flannel.adopt(adopted)
    assert reach(flannel)
    ping.send_signal(signal.SIGINT)
    ping.wait(timeout=5)
    text = (other.folder / "ping.txt").read_text()
    counts = re.search(r"(\d+) packets transmitted, (\d+) received", text)
    assert counts is not None, text
    outage = (int(counts[1]) - int(counts[2])) * INTERVAL
    print(f"{flannel.backend}: {outage:.2f} s without an answer, of {int(counts[1]) * INTERVAL:g}")
    assert outage < LONGEST_OUTAGE
    assert took["changed"]
    assert "boot" not in laid(adopted)
    assert "FLANNEL-" not in laid(adopted)
    assert "flanneld" not in laid(adopted)
    assert ("FLANNEL-FWD" in laid(other)) == (number == 1)


def test_the_next_start_of_the_agent_changes_nothing(flannel: FlannelFleet) -> None:
    for host in flannel.fleet.hosts:
        before = laid(host), host.namespace.ip("-d", "link")
        host.terminate("agent")
        host.start("agent")
        host.await_ready()
        assert (laid(host), host.namespace.ip("-d", "link")) == before
        assert "Traceback" not in host.log("agent")
        assert "Traceback" not in (host.folder / "flanneld.log").read_text()
    stored = json.loads(
        flannel.fleet.etcd.etcdctl(
            "get", "--prefix", "/coreos.com/network/subnets", "--write-out=json"
        ).stdout
    )
    assert len(stored["kvs"]) == 2
    assert reach(flannel)
