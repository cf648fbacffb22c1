# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook maintain_etcd on a cluster of real members that has run full."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.playbook import CHECKOUT, play
from tests.store.etcd_server import EtcdMember, free_port

pytestmark = pytest.mark.timeout(600)

QUOTA = 4 * 1024 * 1024
VALUE = "x" * 100_000  # Linux takes 128 KiB an argument


@pytest.fixture
def full_cluster(tmp_path: Path) -> Iterator[list[EtcdMember]]:
    """Three members, each at an address of its own and the same port, whose history fills them."""
    port = free_port()
    members = [
        EtcdMember(
            f"m{number}",
            tmp_path / f"m{number}",
            options=("--quota-backend-bytes", str(QUOTA)),
            address=f"127.0.0.1{number}",
            client_port=port,
        )
        for number in (1, 2, 3)
    ]
    cluster = ",".join(member.peer for member in members)
    with ExitStack() as ending:
        for member in members:
            ending.callback(member.kill)
            member.launch(cluster)
        for member in members:
            member.await_health()
        for _ in range(2 * QUOTA // len(VALUE)):
            done = members[0].etcdctl("put", "filling", VALUE, check=False)
            if "database space exceeded" in done.stderr:
                break
        yield members


def maintain(members: list[EtcdMember], folder: Path, *flags: str) -> tuple[str, int]:
    """Run the playbook as on hosts that have one member each; return its output and changes."""
    inventory = folder / "hosts.json"
    hosts = {member.name: {"etcd_address": member.address} for member in members}
    common = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
        "etcd_tls": False,
        "etcd_client_port": members[0].client_port,
        "etcd_data_directory": str(members[0].directory / "data"),
        "etcd_quota_backend_bytes": QUOTA,
    }
    document = {"weft_etcd": {"hosts": hosts, "vars": common}}
    inventory.write_text(json.dumps(document), encoding="utf-8")
    done = play(
        CHECKOUT,
        folder,
        *("weft.overlay.maintain_etcd", "--inventory", str(inventory), *flags),
        timeout=300,
    )
    assert done.status == 0, done.output
    return done.stdout, sum(done.changed().values())


def test_a_full_database_gets_room_and_the_alarm_ends(
    full_cluster: list[EtcdMember], tmp_path: Path
) -> None:
    first = full_cluster[0]
    assert "NOSPACE" in first.etcdctl("alarm", "list").stdout
    sizes = {member.name: size_of(member) for member in full_cluster}

    maintain(full_cluster, tmp_path, "--check")
    assert "NOSPACE" in first.etcdctl("alarm", "list").stdout
    printed, changes = maintain(full_cluster, tmp_path)
    assert changes > 0
    assert "the leader" in printed
    assert first.etcdctl("alarm", "list").stdout == ""
    for member in full_cluster:
        assert size_of(member) < sizes[member.name] // 2
    first.etcdctl("put", "filling", "less")
    assert full_cluster[2].get("filling") == "less"

    assert maintain(full_cluster, tmp_path)[1] == 0


def size_of(member: EtcdMember) -> int:
    return (member.directory / "data/member/snap/db").stat().st_size
