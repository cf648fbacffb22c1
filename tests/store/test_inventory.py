# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, asked by ansible-inventory, over a real etcd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store.etcd_server import EtcdMember, TlsFiles, free_port

ROOT = Path(__file__).parents[2]
NETWORK = {"Network": "100.96.0.0/16", "SubnetLen": 24, "Backend": {"Type": "udp", "Port": 8285}}
LEASES: dict[str, dict[str, Any]] = {
    "100.96.1.0-24": {"PublicIP": "192.0.2.11"},
    "100.96.2.0-24": {
        "PublicIP": "192.0.2.12",
        "BackendType": "host-gw",
    },
    "100.96.3.0-24": {
        "PublicIP": "192.0.2.13",
        "BackendType": "vxlan",
        "BackendData": {"VNI": 1, "VtepMAC": "0a:00:00:00:00:03"},
    },
}

Ask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ask(etcd: EtcdMember, prefix: str, tmp_path: Path) -> Ask:
    """Ask for the inventory of a file with some options, and of others read before it."""

    def ask(
        *before: Path, name: str = "weft_leases.yml", **options: Any
    ) -> subprocess.CompletedProcess[str]:
        source = tmp_path / name
        given = {
            "plugin": "weft.overlay.leases",
            "endpoints": [etcd.url],
            "prefix": prefix,
            **options,
        }
        source.write_text(json.dumps(given), encoding="utf-8")
        inventories = [word for path in (*before, source) for word in ("-i", str(path))]
        return subprocess.run(
            [str(Path(sys.executable).with_name("ansible-inventory")), "--list", *inventories],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ
            | {
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_INVENTORY_ENABLED": "weft.overlay.leases,ansible.builtin.yaml",
                "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            },
        )

    return ask


@pytest.fixture
def fleet(etcd: EtcdMember, prefix: str) -> None:
    etcd.etcdctl("put", f"{prefix}/config", json.dumps(NETWORK))
    for subnet, lease in LEASES.items():
        etcd.etcdctl("put", f"{prefix}/subnets/{subnet}", json.dumps(lease))


def listed(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout, object_hook=_plain)
    return answer


def _plain(value: dict[str, Any]) -> Any:
    """Take off what ansible-inventory marks strings with that are no templates."""
    return value.get("__ansible_unsafe", value)


def failure(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0, done.stdout
    return " ".join(done.stderr.split())


@pytest.mark.usefixtures("fleet")
def test_each_lease_is_a_host_with_its_variables_in_the_group_of_its_backend(ask: Ask) -> None:
    answer = listed(ask())
    hosts = ["192.0.2.11", "192.0.2.12", "192.0.2.13"]
    assert answer["weft_leases"]["hosts"] == hosts
    for backend, host in zip(("udp", "host_gw", "vxlan"), hosts, strict=True):
        assert answer[f"weft_backend_{backend}"]["hosts"] == [host]
    assert answer["_meta"]["hostvars"]["192.0.2.13"] == {
        "ansible_host": "192.0.2.13",
        "weft_public_ip": "192.0.2.13",
        "weft_subnet": "100.96.3.0/24",
        "weft_bip": "100.96.3.1/24",
        "weft_network": "100.96.0.0/16",
        "weft_backend": "vxlan",
        "weft_backend_data": LEASES["100.96.3.0-24"]["BackendData"],
        "weft_reservation": True,
    }


@pytest.mark.usefixtures("fleet")
def test_hosts_of_other_inventories_keep_their_names_and_their_way_in(
    ask: Ask, tmp_path: Path
) -> None:
    static = tmp_path / "hosts.yml"
    hosts = {
        "docker1": {"ansible_host": "192.0.2.11", "ansible_port": 2222},
        "docker2": {"ansible_host": "jump.example", "overlay_public_ip": "192.0.2.12"},
    }
    static.write_text(json.dumps({"weft": {"hosts": hosts}}), encoding="utf-8")
    answer = listed(ask(static, hostnames={"192.0.2.13": "flannel3"}))
    assert answer["weft_leases"]["hosts"] == ["docker1", "docker2", "flannel3"]
    variables = answer["_meta"]["hostvars"]
    assert variables["docker1"]["weft_subnet"] == "100.96.1.0/24"
    assert variables["docker1"]["ansible_port"] == 2222
    assert variables["docker2"]["ansible_host"] == "jump.example"
    assert variables["flannel3"]["ansible_host"] == "192.0.2.13"


@pytest.mark.usefixtures("fleet")
def test_variables_and_groups_can_be_composed(ask: Ask) -> None:
    answer = listed(
        ask(
            compose={"gateway": "weft_bip.split('/')[0]"},
            groups={"first": "weft_subnet == '100.96.1.0/24'"},
            keyed_groups=[{"key": "weft_subnet", "prefix": "subnet"}],
        )
    )
    assert answer["_meta"]["hostvars"]["192.0.2.12"]["gateway"] == "100.96.2.1"
    assert answer["first"]["hosts"] == ["192.0.2.11"]
    assert answer["subnet_100_96_3_0_24"]["hosts"] == ["192.0.2.13"]


@pytest.mark.usefixtures("fleet")
def test_what_cannot_be_composed_fails_where_that_is_asked_for(ask: Ask) -> None:
    wrong = {"gateway": "no_such_variable"}
    assert "gateway" not in listed(ask(compose=wrong))["_meta"]["hostvars"]["192.0.2.11"]
    assert "no_such_variable" in failure(ask(compose=wrong, strict=True))


@pytest.mark.usefixtures("fleet")
def test_a_cache_answers_for_the_store(
    ask: Ask, etcd: EtcdMember, prefix: str, tmp_path: Path
) -> None:
    cache = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(tmp_path / "cache"),
    }
    first = listed(ask(**cache))
    etcd.etcdctl("del", f"{prefix}/subnets/100.96.1.0-24")
    assert listed(ask(**cache)) == first
    assert listed(ask())["weft_leases"]["hosts"] == ["192.0.2.12", "192.0.2.13"]


@pytest.mark.usefixtures("fleet")
def test_an_entry_that_is_no_lease_is_warned_of_and_left_out(
    ask: Ask, etcd: EtcdMember, prefix: str
) -> None:
    etcd.etcdctl("put", f"{prefix}/subnets/100.96.9.0-24", "{}")
    done = ask()
    assert len(listed(done)["weft_leases"]["hosts"]) == 3
    assert f"{prefix}/subnets/100.96.9.0-24 is not a lease" in " ".join(done.stderr.split())


def test_a_missing_network_is_reported(ask: Ask) -> None:
    said = failure(ask())
    assert "etcd has no network configuration at" in said
    assert "correct the option prefix" in said


def test_an_unreachable_etcd_is_reported(ask: Ask) -> None:
    port = free_port()
    assert f"127.0.0.1:{port}" in failure(ask(endpoints=[f"http://127.0.0.1:{port}"], timeout=1))


def test_half_an_identity_is_refused(ask: Ask) -> None:
    assert "client_key is given without ca_cert" in failure(ask(client_key="/x"))


def test_a_file_of_another_name_is_not_this_plugins(ask: Ask) -> None:
    assert "leases.yml" in failure(ask(name="leases.yml"))


def test_the_store_speaks_tls(ask: Ask, tls_files: TlsFiles, prefix: str, tmp_path: Path) -> None:
    member = EtcdMember("secure", tmp_path / "etcd", tls=tls_files)
    try:
        member.start()
        member.etcdctl("put", f"{prefix}/config", json.dumps(NETWORK))
        member.etcdctl("put", f"{prefix}/subnets/100.96.1.0-24", '{"PublicIP": "192.0.2.11"}')
        identity = {
            "ca_cert": str(tls_files.ca),
            "client_cert": str(tls_files.client),
            "client_key": str(tls_files.client_key),
        }
        answer = listed(ask(endpoints=[member.url], **identity))
        assert answer["weft_leases"]["hosts"] == ["192.0.2.11"]
        strange = ask(endpoints=[member.url], **(identity | {"ca_cert": str(tls_files.client)}))
        assert f"127.0.0.1:{member.client_port}" in failure(strange)
    finally:
        member.kill()


def test_without_the_library_it_says_what_is_missing(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "etcd3.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    os.environ["PYTHONPATH"] = str(tmp_path)
    try:
        said = failure(ask())
    finally:
        del os.environ["PYTHONPATH"]
    assert "etcd3" in said
    assert "to read the leases" in said
