# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that test the ports between hosts, in two network namespaces."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

import pytest

from tests.modules.namespace_host import NamespaceHost, namespace_host

TCP = {"protocol": "tcp", "port": 2380}
UDP = {"protocol": "udp", "port": 8472}
OPEN = "*filter\nCOMMIT\n"
FIRST, SECOND = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def hosts() -> Iterator[tuple[NamespaceHost, NamespaceHost]]:
    """Two hosts on one link."""
    with contextlib.ExitStack() as ending:
        first = ending.enter_context(namespace_host("ports1", "ip link set lo up", OPEN))
        second = ending.enter_context(namespace_host("ports2", "ip link set lo up", OPEN))
        subprocess.run(
            [
                *("ip", "-n", first.namespace, "link", "add", "eth0", "type", "veth"),
                *("peer", "name", "eth0", "netns", second.namespace),
            ],
            check=True,
        )
        for host, address in ((first, FIRST), (second, SECOND)):
            host.shell(f"ip address add {address}/24 dev eth0; ip link set eth0 up")
        yield first, second


def probes(host: NamespaceHost) -> dict[str, str]:
    """Probe the first host; return the error by protocol."""
    targets = [{"host": "first", "address": FIRST, **port} for port in (TCP, UDP)]
    result = host.run("port_probe_info", targets=targets, timeout=1)
    assert {each["source"] for each in result["probes"]} == {SECOND}
    return {each["protocol"]: each["error"] for each in result["probes"]}


def test_ports_are_tested_before_a_service_listens(
    hosts: tuple[NamespaceHost, NamespaceHost],
) -> None:
    first, second = hosts
    try:
        started = first.run("port_responder", "--check", ports=[TCP, UDP])
        assert (started["served"], started["in_use"]) == ([TCP, UDP], [])
        assert probes(second) == {"tcp": "", "udp": ""}

        first.shell("iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -j REJECT")
        assert probes(second) == {"tcp": "Connection refused", "udp": "Connection refused"}
        packets = [{"source": SECOND, "address": FIRST, **port} for port in (TCP, UDP)]
        (rule,) = {each["rule"] for each in first.run("port_rule_info", packets=packets)["rules"]}
        assert rule == "-A INPUT -j REJECT --reject-with icmp-port-unreachable"

        first.shell("iptables -F; iptables -P INPUT DROP")
        assert probes(second) == {"tcp": "timed out", "udp": "timed out"}
        first.shell("iptables -P INPUT ACCEPT")
    finally:
        first.run("port_responder", state="absent")
    assert first.shell("ss -Hlntu") == ""


def test_the_ports_of_a_running_service_are_left_to_it(
    hosts: tuple[NamespaceHost, NamespaceHost],
) -> None:
    first, _second = hosts
    first.shell("ip link add flannel.1 type vxlan id 1 dstport 8472; ip link set flannel.1 up")
    started = first.run("port_responder", ports=[TCP, UDP])
    assert (started["served"], started["in_use"]) == ([TCP], [UDP])
    # A second call, as of a run after an interrupted one, takes the ports over.
    assert first.run("port_responder", ports=[TCP, UDP])["served"] == [TCP]
    first.run("port_responder", state="absent")
