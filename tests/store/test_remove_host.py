# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook remove_host releases leases whose hosts are not in the inventory, in a real etcd."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.playbook import CHECKOUT, REPOSITORY, Run, play
from tests.store.etcd_server import EtcdMember

PLAYBOOK = REPOSITORY / "collection/playbooks/remove_host.yml"
LEASES = {
    "100.96.1.0-24": "192.0.2.11",
    "100.96.2.0-24": "192.0.2.12",
    "100.96.3.0-24": "192.0.2.12",
    "100.96.4.0-24": "192.0.2.14",
}
# The requirements of weftd, such as systemd, are those of a host of the fleet.
ANY_MACHINE: dict[str, list[str]] = {"_overlay_unmet": []}

# A run takes minutes on a machine that is busy with other suites.
pytestmark = pytest.mark.timeout(300)

Remove = Callable[..., Run]


@pytest.fixture
def remove(etcd: EtcdMember, prefix: str, tmp_path: Path) -> Remove:
    """Run the playbook with this machine as the fleet's only host, docker1."""
    etcd.etcdctl("put", f"{prefix}/config", json.dumps({"Network": "100.96.0.0/16"}))
    for subnet, public_ip in LEASES.items():
        etcd.etcdctl("put", f"{prefix}/subnets/{subnet}", json.dumps({"PublicIP": public_ip}))
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become": False,
        "overlay_public_ip": "192.0.2.11",
        "overlay_store_endpoints": [etcd.url],
        "overlay_store_prefix": prefix,
    }
    hosts = {"weft": {"hosts": {"docker1": variables}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts), encoding="utf-8")

    def remove(names: str, *words: str) -> Run:
        given = ("-e", json.dumps({"remove_hosts": names, **ANY_MACHINE}), *words)
        return play(CHECKOUT, tmp_path, "-i", "hosts.yml", PLAYBOOK, *given, timeout=240)

    return remove


def held(etcd: EtcdMember, prefix: str) -> list[str]:
    listed = etcd.etcdctl("get", "--prefix", "--keys-only", f"{prefix}/subnets/").stdout
    return [line.rpartition("/")[2] for line in listed.splitlines() if line]


def test_leases_are_released_by_public_ip_and_by_subnet(
    remove: Remove, etcd: EtcdMember, prefix: str
) -> None:
    names = ("192.0.2.14", "100.96.3.0/24")
    done = remove(",".join(names), "-e", f"weft_confirm='forget {' '.join(names)}'")
    assert done.status == 0, done.output
    assert "Released 100.96.3.0/24, 100.96.4.0/24" in done.output
    assert held(etcd, prefix) == ["100.96.1.0-24", "100.96.2.0-24"]
