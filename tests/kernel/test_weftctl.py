# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""weftctl and the metrics on hosts that are well, and on hosts that were broken for real."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.waiting import eventually

from .agent_hosts import AgentHost, Fleet, raised_fleet
from .overlay_hosts import MTU
from .traffic import pings

METRICS = {"address": "127.0.0.1", "port": 19285}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two hosts whose bridge has the overlay's MTU, as the role docker gives it."""
    with raised_fleet(tmp_path_factory.mktemp("fleet")) as fleet:
        fleet.publish()
        for number in (1, 2):
            fleet.lease(number)
            host = fleet.add_host(number, metrics=METRICS)
            host.namespace.ip("link", "set", "docker0", "mtu", str(MTU))
            # The doctor waits until the kernel gives up an unused address behind a bridge.
            host.namespace.run("sysctl", "-qw", "net.ipv4.neigh.docker0.retrans_time_ms=100")
            host.start("datapath")
            host.start("agent")
        for host in fleet.hosts:
            host.await_ready(60)
        yield fleet


@pytest.fixture
def one(fleet: Fleet) -> AgentHost:
    return fleet.hosts[0]


@pytest.fixture
def two(fleet: Fleet) -> AgentHost:
    return fleet.hosts[1]


def answer(host: AgentHost, *arguments: str) -> Any:
    """What a command says as JSON."""
    done = host.weftctl(*arguments, "--json")
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def findings(host: AgentHost) -> dict[str, dict[str, Any]]:
    """What the doctor does not find well, by check.

    Without the clock, which is the machine's, and the rules of Docker, which does not run here.
    """
    found = answer(host, "doctor")["findings"]
    return {
        finding["check"]: finding
        for finding in found
        if finding["severity"] != "ok" and finding["check"] not in ("clock", "docker-rules")
    }


def get(host: AgentHost, path: str) -> tuple[int, str]:
    """Ask the agent's endpoint from inside the host."""
    with host.namespace.entered():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:19285{path}", timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def samples(host: AgentHost) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What Prometheus would read, by name and labels."""
    status, text = get(host, "/metrics")
    assert status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_fleet_that_is_well(fleet: Fleet, one: AgentHost, two: AgentHost) -> None:
    eventually(lambda: pings(one.container, two.container_ip), "the containers reach each other")
    assert findings(one) == {}
    assert one.weftctl("status").returncode == 0
    (peer,) = answer(one, "peers")["peers"]
    assert (peer["public_ip"], peer["device"], peer["entries"]) == (two.public_ip, "flannel0", True)
    assert peer["packets_in"] > 0
    assert peer["last_heard"] is not None
    assert one.weftctl("peers").returncode == 0
    assert one.weftctl("trace", two.container_ip).returncode == 0
    (lease, other) = answer(one, "leases")
    assert (lease["own"], other["own"], lease["expires_in"]) == (True, False, None)


def test_a_trace_ends_where_the_packet_would(fleet: Fleet, one: AgentHost) -> None:
    nobody = answer(one, "trace", "100.96.77.5")
    assert nobody["passes"] is False
    assert (
        nobody["steps"][-1]["text"] == "no lease contains 100.96.77.5, so no host has this address"
    )
    own = answer(one, "trace", one.container_ip)
    assert own["passes"] is True
    assert own["steps"][-1]["name"] == "bridge"
    outside = answer(one, "trace", "10.168.0.1")
    assert (
        "is outside the overlay network 100.96.0.0/16: route dev eth0"
        in outside["steps"][-1]["text"]
    )


def test_what_is_broken_is_named_and_the_command_named_mends_it(
    fleet: Fleet, one: AgentHost, two: AgentHost
) -> None:
    run = one.namespace.run
    run("sysctl", "-qw", "net.ipv4.ip_forward=0")
    run("iptables", "-I", "FORWARD", "-i", "docker0", "-o", "flannel0", "-j", "DROP")
    run("iptables", "-I", "INPUT", "-p", "udp", "-m", "udp", "--dport", "8285", "-j", "DROP")
    run("ip", "route", "add", "100.96.2.0/24", "dev", "docker0")
    run("sysctl", "-qw", "net.ipv4.conf.flannel0.rp_filter=1")
    run("ip", "link", "set", "docker0", "mtu", "1500")
    found = findings(one)
    assert found.keys() == {
        "agent",
        "routes",
        "ip-forward",
        "forward-policy",
        "port",
        "rp-filter",
        "mtu",
        "peers",
    }
    assert "100.96.2.0/24 dev docker0 takes packets to 100.96.2.0/24" in found["routes"]["text"]
    assert "100.96.2.0/24 dev docker0 takes packets" in one.weftctl("status").stdout
    assert "-A FORWARD -i docker0 -o flannel0 -j DROP drops" in found["forward-policy"]["text"]
    assert "--dport 8285 -j DROP drops UDP 8285 from 10.168.0.12" in found["port"]["text"]
    assert "100.96.2.0/24 is dev docker0" in found["rp-filter"]["text"]
    assert "10.168.0.12 replies to ping, but 100.96.2.1 does not" in found["peers"]["text"]
    assert one.weftctl("doctor").returncode == 1
    stray = answer(one, "trace", two.container_ip)["steps"][-1]
    assert stray["text"] == "the kernel has route dev docker0, expected route dev flannel0"

    for check in ("ip-forward", "forward-policy", "port", "rp-filter", "routes"):
        run(*found[check]["fix"].split())
    run("ip", "link", "set", "docker0", "mtu", str(MTU))
    eventually(lambda: findings(one) == {}, "each fix has removed its problem")
    eventually(lambda: pings(one.container, two.container_ip), "the containers reach each other")


def test_the_range_of_tailscale_is_named_and_the_command_named_admits_the_overlay(
    fleet: Fleet, one: AgentHost, two: AgentHost
) -> None:
    """Tailscale drops packets from 100.64.0.0/10 that arrive by other interfaces."""
    run = one.namespace.run
    run("ip", "tuntap", "add", "dev", "tailscale0", "mode", "tun")
    run("ip", "address", "add", "100.101.5.7/32", "dev", "tailscale0")
    run("ip", "link", "set", "tailscale0", "up")
    run("ip", "route", "add", "100.96.2.7", "dev", "tailscale0", "table", "52")
    run("iptables", "-N", "ts-input")
    run("iptables", "-I", "INPUT", "-j", "ts-input")
    dropped = ("-s", "100.64.0.0/10", "!", "-i", "tailscale0", "-j", "DROP")
    run("iptables", "-A", "ts-input", *dropped)
    assert not pings(two.container, "100.96.1.1")
    document = answer(one, "doctor")["findings"]
    rule, route = [finding for finding in document if finding["check"] == "network-range"]
    assert "-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP" in rule["text"]
    assert "100.96.2.7/32 dev tailscale0 table 52" in route["text"]
    run(*rule["fix"].split())
    eventually(lambda: pings(two.container, "100.96.1.1"), "the host replies through the overlay")
    assert findings(one)["network-range"]["severity"] == "warning"

    run("iptables", "-D", "INPUT", "-j", "ts-input")
    run("ip", "link", "del", "tailscale0")
    assert findings(one) == {}


def test_a_path_that_drops_large_packets_is_named_with_the_mtu_to_set(
    fleet: Fleet, one: AgentHost, two: AgentHost
) -> None:
    # The interfaces keep 1500 bytes, and no router reports the smaller size, as in a tunnel.
    large = ("-p", "udp", "--dport", "8285", "-m", "length", "--length", "1421:", "-j", "DROP")
    two.namespace.run("iptables", "-t", "raw", "-I", "PREROUTING", *large)
    found = findings(one)
    two.namespace.run("iptables", "-t", "raw", "-D", "PREROUTING", *large)
    assert found.keys() == {"large-packets"}
    assert "packets of up to 1392 bytes, but not" in found["large-packets"]["text"]
    assert "set mtu: 1420 in overlay_backend" in found["large-packets"]["fix"]


def test_a_peer_that_replies_but_forwards_nothing_is_named(one: AgentHost, two: AgentHost) -> None:
    drop = ("FORWARD", "-i", "flannel0", "-o", "docker0", "-j", "DROP")
    two.namespace.run("iptables", "-I", *drop)
    found = findings(one)
    two.namespace.run("iptables", "-D", *drop)
    assert found.keys() == {"peer-forwarding"}
    assert (
        "10.168.0.12 replies through the overlay, but forwards no packet"
        in (found["peer-forwarding"]["text"])
    )


def test_a_clone_on_the_link_is_named(fleet: Fleet, one: AgentHost) -> None:
    clone = fleet.add_clone(one)
    (link,) = json.loads(clone.ip("-json", "link", "show", "dev", "eth0"))
    assert (
        f"another host on the link of eth0, {link['address']}" in findings(one)["public-ip"]["text"]
    )
    clone.ip("link", "set", "eth0", "down")
    eventually(lambda: findings(one) == {}, "all is well without the clone")


def test_a_dead_daemon_a_strange_bridge_and_a_shared_address(
    fleet: Fleet, one: AgentHost, two: AgentHost
) -> None:
    fleet.lease(9, public_ip=two.public_ip)
    one.kill("agent")
    one.kill("datapath")
    one.namespace.ip("address", "del", "100.96.1.1/24", "dev", "docker0")
    one.namespace.ip("address", "add", "10.99.0.1/24", "dev", "docker0")
    found = findings(one)
    assert {"agent", "datapath", "bip", "public-ip"} <= found.keys()
    assert found["agent"]["fix"] == "systemctl enable --now weftd"
    assert found["bip"]["text"].startswith(
        "docker0 has 10.99.0.1/24 but the lease is 100.96.1.0/24"
    )
    assert f"{two.public_ip} holds 100.96.2.0/24 and 100.96.9.0/24" in found["public-ip"]["text"]
    assert answer(one, "trace", two.container_ip)["passes"] is False

    fleet.release(9)
    one.namespace.ip("address", "del", "10.99.0.1/24", "dev", "docker0")
    one.namespace.ip("address", "add", "100.96.1.1/24", "dev", "docker0")
    one.start("datapath")
    one.start("agent")
    one.await_ready(60)


def test_the_metrics_are_what_promtool_takes(one: AgentHost) -> None:
    status, text = get(one, "/metrics")
    assert status == 200
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_metrics_count_what_crosses(one: AgentHost, two: AgentHost) -> None:
    peer = {("peer", two.public_ip), ("subnet", two.subnet), ("direction", "in")}
    name = ("weft_peer_packets_total", frozenset(peer))
    device = ("weft_device_packets_total", frozenset({("device", "flannel0"), ("direction", "in")}))
    before = samples(one)
    eventually(lambda: pings(one.container, two.container_ip), "the containers reach each other")
    after = samples(one)
    assert after[name] > before[name]
    assert after[device] > before[device]
    assert after["weft_ready", frozenset()] == 1
    assert after["process_cpu_seconds_total", frozenset()] > 0
    assert after["process_resident_memory_bytes", frozenset()] > 1 << 20
    assert after["weft_kernel_changes_pending", frozenset()] == 0
    assert after["weft_mtu_bytes", frozenset()] == MTU
    held = {("subnet", one.subnet), ("public_ip", one.public_ip), ("kind", "reservation")}
    assert after["weft_lease_info", frozenset(held)] == 1


def test_readiness_follows_the_datapath_and_liveness_does_not(one: AgentHost) -> None:
    assert get(one, "/readyz") == (200, "ready\n")
    one.kill("datapath")
    status, reasons = get(one, "/readyz")
    assert status == 503
    assert "the datapath: " in reasons
    assert get(one, "/healthz") == (200, "ok\n")
    assert samples(one)["weft_datapath_up", frozenset()] == 0
    one.start("datapath")
    one.await_ready(60)
    eventually(lambda: get(one, "/readyz")[0] == 200, "host 1 is ready again", 30)
    assert get(one, "/nothing")[0] == 404


def test_the_kernels_vxlan_is_told_of_without_numbers_that_nobody_counts(
    fleet: Fleet, one: AgentHost, two: AgentHost
) -> None:
    fleet.publish_backend("vxlan")
    eventually(
        lambda: all(host.status().get("datapath") == "kernel" for host in fleet.hosts),
        "the kernel carries",
        30,
    )
    eventually(
        lambda: pings(one.container, two.container_ip), "the containers reach each other", 30
    )
    document = answer(one, "peers")
    (peer,) = document["peers"]
    assert (peer["device"], peer["entries"]) == ("flannel.1", True)
    assert peer["packets_in"] is None
    assert document["drops"] is None
    assert document["devices"]["flannel.1"]["rx_packets"] > 0
    passing = answer(one, "trace", two.container_ip)
    assert passing["passes"] is True, passing
    assert {"weft_device_packets_total", "weft_ready"} <= {name for name, _labels in samples(one)}
    assert not [name for name, _labels in samples(one) if name.startswith("weft_peer_")]

    # Nobody mends what is broken while the agent is gone.
    one.kill("agent")
    one.namespace.run("ip", "neighbour", "del", "100.96.2.0", "dev", "flannel.1")
    stopped = answer(one, "trace", two.container_ip)
    assert stopped["steps"][-1]["text"] == "flannel.1 has no neighbour 100.96.2.0"
    assert answer(one, "peers")["peers"][0]["entries"] is False
    assert (
        "the kernel differs from the leases: add neighbour 100.96.2.0"
        in findings(one)["kernel"]["text"]
    )
    one.start("agent")
    one.await_ready(60)


def test_without_a_store_the_last_seen_is_told(fleet: Fleet, one: AgentHost) -> None:
    fleet.etcd.kill()
    told = one.weftctl("peers", "--json")
    assert told.returncode == 1
    assert "showing the last known peers" in told.stderr
    assert [peer["subnet"] for peer in json.loads(told.stdout)["peers"]] == ["100.96.2.0/24"]
    found = findings(one)["store"]
    assert found["severity"] == "fault"
    assert "systemctl status etcd" in found["fix"]
    assert f"allow TCP from this host to 10.168.0.1:{fleet.etcd.client_port}" in found["fix"]
