# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module flannel_leftovers, against a real kernel's rules, routes and devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.modules.ansible_run import Outcome
from tests.modules.namespace_host import TABLES, NamespaceHost, namespace_host

ORDERED = """\
ip link set lo up
ip link add eth0 type bridge
ip address add 192.0.2.11/24 dev eth0
ip link set eth0 up
ip link add docker0 type bridge
ip address add 100.96.1.1/24 dev docker0
ip link set docker0 up
ip link add flannel.1 type vxlan id 1 local 192.0.2.11 dev eth0 dstport 8472 nolearning
ip address add 100.96.1.0/32 dev flannel.1
ip link set flannel.1 up
ip route add 100.96.2.0/24 via 100.96.2.0 dev flannel.1 onlink
ip route add 100.96.3.0/24 via 192.0.2.13 dev eth0
ip route add 100.96.4.0/24 via 192.0.2.14 dev eth0 proto 87
ip route add 10.9.0.0/16 via 192.0.2.13 dev eth0
nft add table ip flannel-ipv4
nft add table inet mine
"""
RULES = """\
*nat
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A POSTROUTING -s 100.96.1.0/24 ! -o docker0 -j MASQUERADE
-A FLANNEL-POSTRTG ! -s 100.96.0.0/16 -d 100.96.0.0/16 -m comment --comment "flanneld masq" \
-j MASQUERADE --random-fully
COMMIT
*filter
:FLANNEL-FWD - [0:0]
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FORWARD -s 100.96.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FORWARD -i docker0 -j ACCEPT
-A FLANNEL-FWD -d 100.96.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
"""


@dataclass(frozen=True, slots=True)
class Host:
    """A host of flannel's, and a directory with dockerd's files."""

    kernel: NamespaceHost
    root: Path

    def run(self, *flags: str, **options: Any) -> Outcome:
        settings = {
            "network": "100.96.0.0/16",
            "drop_ins": [str(self.root / "units/docker.service.d/*flannel*.conf")],
            "environment_files": [str(self.root / "run/docker")],
            "unit_load_path": [str(self.root / "units")],
            **options,
        }
        return self.kernel.run("flannel_leftovers", *flags, **settings)

    def everything(self) -> str:
        return self.kernel.shell(f"{TABLES}; nft list tables")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with namespace_host("leftovers", ORDERED, RULES) as kernel:
        yield Host(kernel, tmp_path)


def docker_files(host: Host, mark: str = "-") -> tuple[Path, Path]:
    drop_in = host.root / "units/docker.service.d/flannel.conf"
    environment = host.root / "run/docker"
    drop_in.parent.mkdir(parents=True)
    environment.parent.mkdir()
    (host.root / "units/docker.service").write_text("[Service]\nExecStart=/usr/sbin/dockerd\n")
    drop_in.write_text(f"[Service]\nEnvironmentFile={mark}{environment}\n")
    environment.write_text('DOCKER_OPTS=" --bip=100.96.1.1/24 --mtu=1450 "\n')
    return drop_in, environment


def test_check_mode_reports_the_objects_and_removes_none(host: Host) -> None:
    files = docker_files(host)
    before = host.everything()
    predicted = host.run("--check", "--diff")
    assert predicted["changed"]
    assert "-100.96.3.0/24 via 192.0.2.13 dev eth0 proto 3" in predicted.output
    assert predicted["files"] == [str(path) for path in files]
    assert all(path.exists() for path in files)
    assert host.everything() == before


def test_only_flannels_objects_are_removed_and_a_second_run_changes_nothing(host: Host) -> None:
    drop_in, environment = docker_files(host)
    first = host.run(backup=True)
    assert first["changed"]
    assert first["tables"] == ["table ip flannel-ipv4"]
    assert first["devices"] == ["flannel.1"]
    assert first["routes"] == [
        "100.96.2.0/24 via 100.96.2.0 dev flannel.1 proto 3",
        "100.96.3.0/24 via 192.0.2.13 dev eth0 proto 3",
    ]
    assert {rule.split()[0] for rule in first["rules"]} == {"iptables-nft", "iptables-legacy"}
    left = host.everything()
    assert "flannel" not in left.lower()
    assert left.count("-A FORWARD -i docker0 -j ACCEPT") == 2
    assert left.count("-A POSTROUTING -s 100.96.1.0/24 ! -o docker0 -j MASQUERADE") == 2
    assert "table inet mine" in left
    assert "100.96.4.0/24 via 192.0.2.14 dev eth0 proto 87" in left
    assert "10.9.0.0/16 via 192.0.2.13 dev eth0" in left
    assert not drop_in.exists()
    assert not environment.exists()
    (copy,) = map(Path, first["backup_files"])
    assert copy.parent == drop_in.parent
    assert copy.suffix != ".conf"
    again = host.run("--diff")
    assert not again["changed"]
    assert "+++" not in again.output


def test_only_the_given_parts_and_devices_are_removed(host: Host) -> None:
    outcome = host.run(parts=["devices"], keep_devices=["flannel.1"])
    assert not outcome["changed"]
    firewall = host.run(parts=["firewall"])
    assert firewall["rules"]
    assert firewall["routes"] == firewall["devices"] == []
    assert "flannel.1" in host.everything()


def test_a_file_that_docker_requires_is_refused(host: Host) -> None:
    _drop_in, environment = docker_files(host)
    unit = host.root / "units/docker.service"
    unit.write_text(f"[Service]\nExecStart=/usr/sbin/dockerd\nEnvironmentFile={environment}\n")
    before = host.everything()
    outcome = host.run()
    assert outcome.failed
    assert f"{unit} requires the environment file {environment}" in outcome["msg"]
    assert environment.exists()
    assert host.everything() == before


def test_a_drop_in_with_only_the_name_is_kept_with_a_warning(host: Host) -> None:
    drop_in, _environment = docker_files(host)
    drop_in.write_text("[Service]\nEnvironment=HTTP_PROXY=http://192.0.2.1:3128\n")
    outcome = host.run(parts=["docker_options"])
    assert drop_in.exists()
    assert f"{drop_in} is kept: it does not mention flannel" in outcome.output


@pytest.mark.parametrize(
    ("network", "words"), [(None, "network is required"), ("100.96.0.1/16", "has host bits set")]
)
def test_an_invalid_network_is_refused(host: Host, network: str | None, words: str) -> None:
    outcome = host.run(network=network)
    assert outcome.failed
    assert words in outcome["msg"]
