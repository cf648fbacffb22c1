# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet changes its backend host by host, as the playbook does, while its containers talk."""

from __future__ import annotations

import itertools
import re
import signal
from collections.abc import Iterator

import pytest

from tests.waiting import eventually

from .agent_hosts import AgentHost, Fleet, raised_fleet
from .traffic import pings

CHANGES = (("udp", "vxlan"), ("vxlan", "host-gw"), ("host-gw", "udp"))
DEVICES = {"udp": {"flannel0"}, "vxlan": {"flannel.1"}, "host-gw": set[str]()}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with raised_fleet(tmp_path_factory.mktemp("fleet")) as fleet:
        fleet.publish_backend("udp")
        for number in (1, 2):
            fleet.lease(number)
            host = fleet.add_host(number)
            host.start("datapath")
            host.start("agent")
        for host in fleet.hosts:
            host.await_ready()
        yield fleet


def speak(fleet: Fleet, host: AgentHost, *backends: str) -> None:
    """Restart the agent with what it is to speak; then both ends still reach each other."""
    host.settings["backends"] = [{"Type": backend} for backend in backends]
    assert host.terminate("agent") == 0
    host.start("agent")
    host.await_ready()
    one, two = fleet.hosts
    for near, far in ((one, two), (two, one)):
        eventually(lambda: pings(near.container, far.container_ip), f"{near.number} reaches", 5)  # noqa: B023


def overlay_devices(host: AgentHost) -> set[str]:
    return set(re.findall(r"^\d+: (flannel[^:@]*)", host.namespace.ip("link"), re.MULTILINE))


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_hosts_change_one_by_one_and_reach_each_other_all_the_time(
    fleet: Fleet, before: str, after: str
) -> None:
    one, two = fleet.hosts
    fleet.publish_backend(before)
    for host in fleet.hosts:
        eventually(lambda: overlay_devices(host) == DEVICES[before], f"{before} carries")  # noqa: B023
        speak(fleet, host)
    with (one.folder / "ping.txt").open("wb") as output:
        ping = one.container.spawn(
            *("ping", "-n", "-q", "-i", "0.02", two.container_ip), stdout=output
        )
    for backends, host in itertools.product(((before, after), (after, before)), fleet.hosts):
        speak(fleet, host, *backends)
        assert host.status()["backend"] == " and ".join(backends)
    fleet.publish_backend(after)
    for host in fleet.hosts:
        speak(fleet, host)
    ping.send_signal(signal.SIGINT)
    ping.wait(timeout=5)
    text = (one.folder / "ping.txt").read_text()
    counts = re.search(r"(\d+) packets transmitted, (\d+) received", text)
    assert counts is not None, text
    sent, received = map(int, counts.groups())
    print(f"{before} to {after}: {sent - received} of {sent} echo requests lost, one each 20 ms")
    assert sent - received < 100, text
    for host in fleet.hosts:
        eventually(lambda: overlay_devices(host) == DEVICES[after], f"{before} is gone")  # noqa: B023


def test_two_that_need_the_userspace_datapath_are_refused(fleet: Fleet) -> None:
    host = fleet.hosts[0]
    host.settings |= {"datapath": "userspace", "backends": [{"Type": "udp"}, {"Type": "vxlan"}]}
    assert host.terminate("agent") == 0
    host.start("agent")
    host.await_problem("both need the userspace datapath", "overlay_datapath")
