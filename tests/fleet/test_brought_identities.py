# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet in clear gets certificates that its owner brings, and then passwords that change.

The tests are steps: each goes on from what the one before it left.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook import Run, play
from tests.store.etcd_server import Authority, EtcdMember, Identity, TlsFiles

from .fleet_lab import Lab, in_store, raised_lab

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]

STORE = "10.184.0.11"
ADDRESSES = {1: STORE, 2: "10.184.0.12"}
QUIET = {"brt1": 0, "brt2": 0}
PREFIX = "/coreos.com/network/"
PKI = "/etc/pki"
FORMER, NEW, OF_ROOT = "the-former-one", "the-new-one", "known-to-few"

TLS = {
    "etcd_ca_cert": f"{PKI}/ca.pem",
    "etcd_cert": f"{PKI}/member.pem",
    "etcd_key": f"{PKI}/member.key",
}
AGENT_TLS = {
    "overlay_store_ca_cert": f"{PKI}/ca.pem",
    "overlay_store_client_cert": f"{PKI}/agent.pem",
    "overlay_store_client_key": f"{PKI}/agent.key",
}


@dataclass(slots=True)
class Fleet:
    """Two hosts, the first with the store, and what their owner sets for them."""

    lab: Lab
    collections: Path
    inventory: Path
    authority: Authority
    variables: dict[str, Any] = field(default_factory=dict)

    def play(self, name: str, *arguments: str) -> Run:
        """Run a playbook of the collection with the variables that are set."""
        variables = self.inventory.with_name("variables.json")
        variables.write_text(json.dumps(self.variables), encoding="utf-8")
        words = (f"weft.overlay.{name}", "-i", str(self.inventory), "-e", f"@{variables}")
        return play(self.collections, self.inventory.parent, *words, *arguments)

    def bring(self, host: int, identity: Identity, name: str, owner: str = "root") -> None:
        """Put a certificate, its key and the authority's certificate on a host."""
        folder, file = name.rsplit("/", 1)
        self.lab.on(host, f"install --directory {folder}")
        for source, target, mode in (
            (self.authority.certificate, "ca.pem", "0644"),
            (identity.certificate, f"{file}.pem", "0644"),
            (identity.key, f"{file}.key", "0600"),
        ):
            text = shlex.quote(source.read_text(encoding="utf-8"))
            path = f"{folder}/{target}"
            self.lab.on(host, f"umask 077; printf %s {text} > {path}")
            self.lab.on(host, f"chown {owner} {path}; chmod {mode} {path}")


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("brt", "10.184.0.0/24", request) as lab:
        yield lab


@pytest.fixture(scope="module")
def fleet(lab: Lab, collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    folder = tmp_path_factory.mktemp("brought")
    inventory = lab.write_inventory(folder / "hosts.yml")
    return Fleet(lab, collections, inventory, Authority(folder / "authority"))


@pytest.fixture
def packets(lab: Lab) -> Iterator[None]:
    """Echo requests from one bridge to the other all the while, of which none may be lost."""
    words = "ping -i 0.2 -I 100.96.2.1 100.96.1.1 > /run/ping.log 2>&1 < /dev/null & echo $!"
    pid = lab.on(2, words).strip()
    try:
        yield
    finally:
        lab.on(2, f"kill -INT {pid}; sleep 1")
    counted = re.findall(
        r"(\d+) packets transmitted, (\d+) received", lab.on(2, "cat /run/ping.log")
    )
    sent, received = map(int, counted[0])
    assert sent > 50
    assert sent == received


def leases(lab: Lab) -> str:
    return lab.on(1, "weftctl leases --json")


def assert_well(lab: Lab) -> None:
    for host in ADDRESSES:
        assert "agent      ready" in lab.on(host, "weftctl status || true")


def test_a_fleet_in_clear_is_there(fleet: Fleet) -> None:
    fleet.variables = {"etcd_tls": False}
    run = fleet.play("site")
    assert run.status == 0, run.output


def test_a_certificate_for_another_address_is_refused(fleet: Fleet) -> None:
    wrong = fleet.authority.issue("weft-etcd", usages="serverAuth,clientAuth")
    fleet.bring(1, wrong, f"{PKI}/member", "etcd")
    fleet.variables = TLS | AGENT_TLS
    run = fleet.play("site")
    assert run.status != 0
    assert f"is not for IP:{STORE}" in " ".join(run.output.split())
    assert "config" in fleet.lab.on(1, f"etcdctl get --prefix --keys-only {PREFIX}")


def test_a_key_that_etcd_cannot_read_is_refused(fleet: Fleet) -> None:
    member = fleet.authority.issue(
        "weft-etcd", usages="serverAuth,clientAuth", addresses=(STORE, "127.0.0.1")
    )
    fleet.bring(1, member, f"{PKI}/member", "root")
    run = fleet.play("site")
    assert run.status != 0
    assert f"The user etcd of brt1 cannot read {PKI}/member.key" in " ".join(run.output.split())


def test_brought_certificates_take_a_running_fleet_to_tls(
    fleet: Fleet, lab: Lab, packets: None
) -> None:
    before = leases(lab)
    lab.on(1, f"chown etcd {PKI}/member.key")
    for user, file in (("root", "root"), ("weft-provisioner", "provisioner")):
        fleet.bring(1, fleet.authority.issue(user), f"/etc/weft/store/{file}")
    for host, address in ADDRESSES.items():
        identity = fleet.authority.issue(f"weft-host-{address}")
        fleet.bring(host, identity, f"{PKI}/agent", "weft")
    run = fleet.play("site")
    assert run.status == 0, run.output
    assert_well(lab)
    assert leases(lab) == before
    assert f"https://{STORE}:2380" in in_store(lab, "member list")
    for host in ADDRESSES:
        assert lab.on(host, "ls -d /etc/weft/ca /etc/weft/tls 2> /dev/null || true") == ""


def test_the_next_run_changes_nothing(fleet: Fleet) -> None:
    run = fleet.play("site")
    assert run.status == 0, run.output
    assert run.changed() == QUIET


def test_a_brought_identity_writes_its_own_lease_alone(fleet: Fleet, tmp_path: Path) -> None:
    own = fleet.authority.issue(f"weft-host-{ADDRESSES[2]}")
    files = TlsFiles(
        *(fleet.authority.certificate, own.certificate, own.key, own.certificate, own.key)
    )
    store = EtcdMember("brt1", tmp_path, files, address=STORE, client_port=2379)
    assert "100.96.0.0/16" in store.get(f"{PREFIX}config")
    for key in ("subnets/100.96.1.0-24", "config"):
        refused = store.etcdctl("put", f"{PREFIX}{key}", "{}", check=False)
        assert "permission denied" in refused.stderr


def test_certificates_that_are_brought_are_not_rotated(fleet: Fleet) -> None:
    run = fleet.play("rotate")
    assert run.status != 0
    assert "has user-provided certificates" in " ".join(run.output.split())


def test_an_etcd_of_ones_own_may_ask_for_a_password(fleet: Fleet, lab: Lab) -> None:
    for words in (
        f"user add password-root:{OF_ROOT}",
        "user grant-role password-root root",
        f"user add weft:{FORMER}",
        "user grant-role weft weft-provisioner",
    ):
        in_store(lab, words)
    hosts = yaml.safe_load(fleet.inventory.read_text(encoding="utf-8"))
    del hosts["all"]["children"]["weft_etcd"]
    fleet.inventory.write_text(yaml.safe_dump(hosts), encoding="utf-8")
    fleet.variables = AGENT_TLS | {
        "overlay_store_endpoints": [f"https://{STORE}:2379"],
        "overlay_store_user": "weft",
        "overlay_store_password": FORMER,
    }
    run = fleet.play("site")
    assert run.status == 0, run.output
    assert_well(lab)


def test_a_password_changes_while_nobody_is_without_the_store(
    fleet: Fleet, lab: Lab, packets: None
) -> None:
    fleet.variables |= {
        "overlay_store_password": NEW,
        "rotate_former_password": FORMER,
        "rotate_root_user": "password-root",
        "rotate_root_password": OF_ROOT,
        "rotate_password": True,
        "rotate_batch": 1,
    }
    run = fleet.play("rotate", "--diff", "-vvv")
    assert run.status == 0, run.output[-5000:]
    for secret in (FORMER, NEW, OF_ROOT):
        assert secret not in run.output
    assert_well(lab)
    for host in ADDRESSES:
        settings = json.loads(lab.on(host, "cat /etc/weft/weftd.json"))["store"]
        assert (settings["password"], settings["former_password"]) == (NEW, None)
        assert lab.on(host, "stat --format='%a %U' /etc/weft/weftd.json").strip() == "600 weft"
        told = lab.on(host, "journalctl --unit weftd --since -10min --no-pager")
        assert "authentication failed" not in told


def test_a_second_rotation_changes_nothing(fleet: Fleet) -> None:
    run = fleet.play("rotate")
    assert run.status == 0, run.output
    assert run.changed() == QUIET
