# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet lets others have, and how it gets new keys while packets cross.

The tests are steps: each goes on from what the one before it left.
"""

from __future__ import annotations

import json
import re
import shlex
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbook import play, play_until
from tests.store.etcd_server import Authority
from tests.store.tls_client import answer, client_context, handshakes

from .fleet_lab import Lab, raised_lab

pytestmark = pytest.mark.timeout(1800)

CLIENTS, PEERS, METRICS = 2379, 2380, 2381
STORE = "10.176.0.11"
KEYS = {
    1: {
        "/etc/weft/ca/authority.key": "root",
        "/etc/weft/store/root.key": "root",
        "/etc/weft/store/provisioner.key": "root",
        "/etc/etcd/tls/member.key": "etcd",
        "/etc/weft/tls/agent.key": "weft",
    },
    2: {"/etc/weft/tls/agent.key": "weft"},
}

# Prints what etcd says to each attempt, with the identity of the host.
ATTEMPTS = """
import etcd3
files = "/etc/weft/tls/agent"
store = etcd3.client(host="{store}", port=2379, ca_cert="/etc/weft/tls/ca.pem",
                     cert_cert=files + ".pem", cert_key=files + ".key", timeout=5)
prefix = "/coreos.com/network/"
own, other = prefix + "subnets/100.96.2.0-24", prefix + "subnets/100.96.1.0-24"
value, _ = store.get(own)
for attempt in (lambda: store.put(own, value), lambda: store.put(other, value),
                lambda: store.delete(other), lambda: store.put(prefix + "config", value)):
    try:
        attempt()
        print("done")
    except Exception as error:
        print(error.details() if hasattr(error, "details") else repr(error))
"""

# Reads the network with a copy of root's key.
COPIED = (
    "ETCDCTL_API=3 etcdctl --cacert /etc/weft/store/ca.pem --cert /root/copied/root.pem"
    " --key /root/copied/root.key get /coreos.com/network/config"
)


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("tru", "10.176.0.0/24", request) as lab:
        yield lab


@pytest.fixture(scope="module")
def inventory(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab.write_inventory(tmp_path_factory.mktemp("trust") / "hosts.yml")


@pytest.fixture(scope="module", autouse=True)
def _converged(lab: Lab, collections: Path, inventory: Path) -> None:
    run = play(collections, inventory.parent, "weft.overlay.site", "-i", str(inventory))
    assert run.status == 0, run.output


@pytest.mark.parametrize("host", KEYS)
def test_keys_are_their_owners_alone(lab: Lab, host: int) -> None:
    found = lab.on(host, r"find /etc -regex '/etc/\(weft\|etcd\)/.*\.key.*' -printf '%p %m %u\n'")
    assert dict(line.split(" ", 1) for line in found.splitlines()) == {
        path: f"600 {owner}" for path, owner in KEYS[host].items()
    }


def test_the_authority_is_entered_by_root_alone(lab: Lab) -> None:
    assert lab.on(1, "stat -c '%a %U' /etc/weft/ca /etc/weft/store").split() == [
        *("700", "root"),
        *("750", "root"),
    ]


class TestAStrangerOnTheUnderlay:
    def test_reaches_no_health_or_metrics(self, lab: Lab) -> None:
        assert str(METRICS) in lab.on(1, "ss -Hltn")
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((STORE, METRICS), 5)

    @pytest.mark.parametrize("port", [CLIENTS, PEERS])
    def test_gets_no_answer(self, port: int, tmp_path: Path) -> None:
        forged = Authority(tmp_path).issue("weft-etcd", usages="serverAuth,clientAuth")
        for context in (client_context(), client_context(forged)):
            assert answer(STORE, port, context) == b""
        assert b"HTTP/1.1 200" not in answer(STORE, port, None)

    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
    @pytest.mark.parametrize("port", [CLIENTS, PEERS])
    def test_is_refused_tls_before_1_2(self, port: int) -> None:
        assert not handshakes(STORE, port, client_context(version=ssl.TLSVersion.TLSv1_1))


class TestAHost:
    def test_writes_its_own_lease_alone(self, lab: Lab) -> None:
        script = shlex.quote(ATTEMPTS.format(store=STORE))
        denied = "etcdserver: permission denied"
        assert lab.on(2, f"/usr/bin/python3 -c {script}").splitlines() == ["done", *[denied] * 3]

    def test_is_no_member_of_the_store(self, lab: Lab) -> None:
        code = (
            "import socket, ssl\n"
            "context = ssl._create_unverified_context()\n"
            "context.load_cert_chain('/etc/weft/tls/agent.pem', '/etc/weft/tls/agent.key')\n"
            f"for port in ({CLIENTS}, {PEERS}):\n"
            f"    plain = socket.create_connection(('{STORE}', port), 5)\n"
            "    try:\n"
            "        connection = context.wrap_socket(plain)\n"
            "        connection.sendall(b'GET /version HTTP/1.1\\r\\nHost: store\\r\\n\\r\\n')\n"
            "        print(connection.recv(12))\n"
            "    except OSError:\n"
            "        print('refused')\n"
        )
        printed = lab.on(2, f"/usr/bin/python3 -c {shlex.quote(code)}").splitlines()
        # As a client it is let in, which shows that the attempt is a good one.
        assert printed == ["b'HTTP/1.1 200'", "refused"]


def fingerprints(lab: Lab, host: int) -> list[str]:
    return lab.on(host, "sha256sum /etc/weft/tls/* $(ls /etc/weft/ca/authority.*)").splitlines()


@pytest.mark.long
def test_new_keys_and_a_new_authority_come_while_packets_cross(
    lab: Lab, collections: Path, inventory: Path
) -> None:
    before = {host: set(fingerprints(lab, host)) for host in (1, 2)}
    lab.on(1, "cp -a /etc/weft/store /root/copied")
    assert "100.96.0.0/16" in lab.on(1, COPIED)
    leases = lab.on(1, "weftctl leases --json")
    pid = lab.on(
        2,
        "ping -i 0.2 -I 100.96.2.1 100.96.1.1 > /run/ping.log 2>&1 < /dev/null & echo $!",
    ).strip()
    try:
        run = play(
            collections,
            inventory.parent,
            "weft.overlay.rotate",
            *("-i", str(inventory), "-e", json.dumps({"rotate_authority": True})),
            *("-vvv", "--diff"),
        )
    finally:
        lab.on(2, f"kill -INT {pid}; sleep 1")
    assert run.status == 0, run.output[-5000:]
    assert "PRIVATE KEY" not in run.output
    sent, received = map(
        int,
        re.findall(r"(\d+) packets transmitted, (\d+) received", lab.on(2, "cat /run/ping.log"))[0],
    )
    assert sent > 50
    assert sent == received
    after = {host: set(fingerprints(lab, host)) for host in (1, 2)}
    assert not before[1] & after[1]
    assert not before[2] & after[2]
    assert lab.on(1, "weftctl leases --json") == leases
    assert lab.on(1, "ls /etc/weft/ca").split() == ["authority.key", "authority.pem"]
    assert "100.96.0.0/16" not in lab.on(1, f"{COPIED} 2>&1 || true")
    for host in (1, 2):
        assert "agent      ready" in lab.on(host, "weftctl status || true")


@pytest.mark.long
@pytest.mark.parametrize(
    "point",
    [
        "rotate_authority",
        "certificate_replace",
        "rotate_agent",
        "rotate_forget",
    ],
)
def test_a_change_of_the_authority_is_killed(
    lab: Lab, collections: Path, inventory: Path, point: str
) -> None:
    words = ("-i", str(inventory), "-e", json.dumps({"rotate_authority": True}))
    play_until(point, collections, inventory.parent, "weft.overlay.rotate", *words)
    for host in (1, 2):
        assert "agent      ready" in lab.on(host, "weftctl status || true")


@pytest.mark.long
def test_the_change_of_the_authority_is_taken_up(
    lab: Lab, collections: Path, inventory: Path
) -> None:
    words = ("-i", str(inventory), "-e", json.dumps({"rotate_authority": True}))
    run = play(collections, inventory.parent, "weft.overlay.rotate", *words)
    assert run.status == 0, run.output
    assert lab.on(1, "ls /etc/weft/ca").split() == ["authority.key", "authority.pem"]
    for host in (1, 2):
        assert lab.on(host, "grep -c BEGIN /etc/weft/tls/ca.pem").strip() == "1"
        assert "agent      ready" in lab.on(host, "weftctl status || true")


def test_the_next_run_of_site_changes_nothing(lab: Lab, collections: Path, inventory: Path) -> None:
    run = play(collections, inventory.parent, "weft.overlay.site", "-i", str(inventory))
    assert run.status == 0, run.output
    assert set(run.changed().values()) == {0}
