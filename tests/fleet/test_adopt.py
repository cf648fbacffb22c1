# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts of flannel's become hosts of weft, one after the other, under running containers.

The molecule scenario `adopt` lends the playbook that lays the hosts out as flannel leaves them.
WEFT_FLANNELD names a flanneld binary to run there; without it tests/flanneld_stand_in runs. Here it
is by udp, with all that an operator may meet; the scenario itself is by vxlan, and
tests/kernel/test_adoption.py by each backend. The tests are steps: each goes on from what the one
before it left.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flanneld_stand_in.build import build
from tests.playbook import REPOSITORY, Run, play

from .fleet_lab import Lab, raised_lab

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

SCENARIO = REPOSITORY / "collection/extensions/molecule/adopt"
SUBNETS = {1: "100.96.72.0/24", 2: "100.96.37.0/24"}
CONTAINERS = {1: "100.96.72.2", 2: "100.96.37.2"}
# These hosts' flannel reaches its store by plain HTTP.
STORE = {"etcd_tls": False}
# How often the outage is sampled, and how long it may be, in seconds.
PING_INTERVAL = 0.02
LONGEST_OUTAGE = 3.0


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("adp", "10.174.0.0/24", request) as lab:
        yield lab


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def residents(lab: Lab, collections: Path, folder: Path) -> dict[int, str]:
    """Id, start and address of the containers on hosts that run flannel."""
    program = os.environ.get("WEFT_FLANNELD") or str(build(folder / "flanneld"))
    laid_out = play(
        collections,
        folder,
        str(SCENARIO / "flannel_host/lay_out.yml"),
        *("-i", str(lab.write_inventory(folder / "hosts.yml"))),
        *("-e", json.dumps(STORE | {"flannel_backend": "udp", "flanneld_binary": program})),
    )
    assert laid_out.status == 0, laid_out.output
    return {host: resident(lab, host) for host in (1, 2)}


def resident(lab: Lab, host: int) -> str:
    words = "{{.Id}} {{.State.StartedAt}} {{.NetworkSettings.IPAddress}}"
    return lab.on(host, f"docker inspect --format '{words}' resident")


def adopt(lab: Lab, collections: Path, folder: Path, *arguments: str, **settings: object) -> Run:
    # flanneld of these hosts runs with --ip-masq.
    variables = {**STORE, "overlay_masquerade": True, **settings}
    return play(
        collections,
        folder,
        "weft.overlay.adopt_flannel",
        *("-i", str(lab.write_inventory(folder / "hosts.yml"))),
        *("-e", json.dumps(variables)),
        *arguments,
    )


def answers(lab: Lab, source: int) -> bool:
    """Whether the container of the other host answers, both ways."""
    target = CONTAINERS[3 - source]
    return " 0% packet loss" in lab.on(source, f"docker exec resident ping -c 3 -W 2 {target}")


def flannels(lab: Lab, host: int) -> str:
    """What of flannel's is on a host: rules, routes that are not weft's, drop-ins."""
    return lab.on(
        host,
        "iptables-save | grep -i 'flanneld\\|FLANNEL-' || true;"
        "ip route show root 100.96.0.0/16 | grep -v 'proto 87\\|docker0' || true;"
        "ls /run/flannel/docker /etc/systemd/system/docker.service.d/flannel.conf 2>/dev/null"
        " || true",
    )


def test_flannel_carries_before(lab: Lab, residents: dict[int, str]) -> None:
    for host in (1, 2):
        assert residents[host].split()[2] == CONTAINERS[host]
        assert answers(lab, host)
        assert "FLANNEL-POSTRTG" in flannels(lab, host)
        assert "100.96.0.0/16 dev flannel0" in flannels(lab, host)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"overlay_network": "10.9.0.0/16"}, "100.96.0.0/16, and overlay_network is 10.9.0.0/16"),
        ({"overlay_masquerade": False}, "runs with --ip-masq, and its dockerd without"),
        ({"adopt_flannel_bridge": "lo"}, "lo of adp1 has 127.0.0.1/8, and flanneld's"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_changes(
    lab: Lab,
    collections: Path,
    folder: Path,
    settings: dict[str, object],
    words: str,
) -> None:
    run = adopt(lab, collections, folder, **settings)
    assert run.status != 0
    assert words in " ".join(run.output.split())
    assert run.changed() == {"adp1": 0}


def test_another_backend_is_refused_with_the_daemon_not_yet_there(
    lab: Lab, collections: Path, folder: Path, residents: dict[int, str]
) -> None:
    run = adopt(lab, collections, folder, overlay_backend={"type": "vxlan"})
    assert run.status != 0
    output = run.output.replace("\\", "")
    assert '"Type": "udp"' in output
    assert '"Type": "vxlan"' in output
    assert lab.on(1, "ls /opt/weft 2>/dev/null || true") == ""
    assert lab.on(1, "systemctl is-active flanneld.service").strip() == "active"


def test_check_mode_changes_nothing(
    lab: Lab, collections: Path, folder: Path, residents: dict[int, str]
) -> None:
    before = flannels(lab, 1)
    run = adopt(lab, collections, folder, "--check", "--diff", "--limit", "adp1")
    assert run.status == 0, run.output
    assert '--comment "flanneld masq" -j FLANNEL-POSTRTG' in run.output
    assert "-EnvironmentFile=/run/flannel/docker" in run.output
    assert flannels(lab, 1) == before
    assert lab.on(1, "systemctl is-enabled flanneld.service").strip() == "enabled"


def test_the_first_host_is_adopted_and_talks_to_flannel(
    lab: Lab, collections: Path, folder: Path, residents: dict[int, str]
) -> None:
    ping = f"ping -n -i {PING_INTERVAL} -I 100.96.37.1 {CONTAINERS[1]}"
    unit = "systemd-run --quiet --unit=outage --property=KillSignal=SIGINT"
    lab.on(2, f"{unit} sh -c 'exec {ping} >/tmp/outage'")
    run = adopt(lab, collections, folder, "--limit", "adp1")
    report = lab.on(2, "systemctl stop outage.service; tail -n 4 /tmp/outage")
    assert run.status == 0, run.output
    counts = re.search(r"(\d+) packets transmitted, (\d+) received", report)
    assert counts, report
    outage = (int(counts[1]) - int(counts[2])) * PING_INTERVAL
    print(f"{outage:.2f} s without an answer while the host was adopted")
    assert outage < LONGEST_OUTAGE
    assert resident(lab, 1) == residents[1]
    assert lab.on(1, "systemctl is-enabled flanneld.service || true").strip() == "disabled"
    assert lab.on(2, "systemctl is-active flanneld.service").strip() == "active"
    assert answers(lab, 1)
    assert answers(lab, 2)
    assert flannels(lab, 1) == ""


def test_the_second_host_is_adopted(
    lab: Lab, collections: Path, folder: Path, residents: dict[int, str]
) -> None:
    run = adopt(lab, collections, folder, "--limit", "adp2")
    assert run.status == 0, run.output
    assert {host: resident(lab, host) for host in (1, 2)} == residents
    assert flannels(lab, 2) == ""
    assert answers(lab, 1)
    assert answers(lab, 2)


def test_the_leases_are_reservations_of_the_same_subnets(lab: Lab) -> None:
    stored = json.loads(lab.on(1, "etcdctl get --prefix --write-out=json /coreos.com/network/sub"))
    leases = {
        base64.b64decode(entry["key"]).decode().rpartition("/")[2]: entry.get("lease", 0)
        for entry in stored["kvs"]
    }
    assert leases == {subnet.replace("/", "-"): 0 for subnet in SUBNETS.values()}


def test_the_next_run_changes_nothing(lab: Lab, collections: Path, folder: Path) -> None:
    run = adopt(lab, collections, folder)
    assert run.status == 0, run.output
    assert "2 hosts, all reach each other" in run.output
    assert run.changed() == {"adp1": 0, "adp2": 0}


def test_docker_keeps_the_address_without_flannels_files(lab: Lab) -> None:
    lab.on(1, "systemctl restart docker.service && docker start resident")
    assert resident(lab, 1).split()[2] == CONTAINERS[1]
    assert answers(lab, 1)


def test_the_documented_way_back_leads_back(lab: Lab, collections: Path, folder: Path) -> None:
    document = (REPOSITORY / "docs/adopt_flannel.md").read_text(encoding="utf-8")
    commands = document.partition("## The way back")[2].split("```")[1].removeprefix("console\n")
    before = resident(lab, 1)
    lab.on(1, f"set -e\n{commands}")
    released = folder / "release.yml"
    released.write_text(
        json.dumps(
            [
                {
                    "hosts": "adp1",
                    "gather_facts": False,
                    "tasks": [{"weft.overlay.docker_bip": {"state": "absent"}}],
                }
            ]
        ),
        encoding="utf-8",
    )
    run = play(collections, folder, str(released), "-i", str(folder / "hosts.yml"))
    assert run.status == 0, run.output
    assert resident(lab, 1) == before
    # flanneld's route; weft's has the protocol 87 and the scope link.
    routes = [line.strip() for line in lab.on(1, "ip route").splitlines()]
    assert "100.96.0.0/16 dev flannel0" in routes
    assert "WEFT" not in lab.on(1, "iptables-save")
    lab.on(1, "ping -c 3 -W 2 -I 100.96.72.1 100.96.37.1")
    # dockerd has its options from flannel's files again.
    lab.on(1, "systemctl restart docker.service")
    assert "100.96.72.1/24" in lab.on(1, "ip address show docker0")
    assert lab.on(1, "cat /etc/docker/daemon.json 2>/dev/null || true").find("bip") == -1
