# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first journey with the installed collection, from a folder that has no checkout.

The tests are steps: each goes on from what the one before it left.
"""

from __future__ import annotations

import json
import tarfile
import urllib.request
from pathlib import Path

import pytest

from bench.play import cost, log
from bench.play.run import watched
from tests.playbook import Run, play, play_until

from .fleet_lab import Lab, in_store

pytestmark = pytest.mark.timeout(900)

SITE = "weft.overlay.site"
# Calls of SSH to a host in a run that changes nothing: a bound that new tasks are to justify.
HOST_CALLS = 22
STORE_HOST_CALLS = 45
DOCKER_START = "systemctl show --value --property=ActiveEnterTimestampMonotonic docker.service"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


def site(lab: Lab, collections: Path, folder: Path, *arguments: str) -> Run:
    inventory = lab.write_inventory(folder / "hosts.yml")
    metrics = ("-e", "overlay_metrics_address=0.0.0.0")
    return play(collections, folder, SITE, "-i", str(inventory), *metrics, *arguments)


def test_the_tarball_holds_the_public_folders(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = set(archive.getnames())
    assert {
        "README.md",
        "LICENSE",
        "meta/runtime.yml",
        "playbooks/site.yml",
        "plugins/modules/daemon.py",
        "plugins/module_utils/weft/cli.py",
        "plugins/module_utils/weft/datapath/process/engine.py",
        "roles/overlay/templates/weftd.service.j2",
    } <= names
    # What configures ansible-lint is for Galaxy's importer.
    others = names - {".ansible-lint"}
    left_out = ("__pycache__", "_cache", "tests/output", ".ansible")
    assert not [name for name in others if any(part in name for part in left_out)]


def test_check_mode_on_bare_hosts_says_what_it_would_do(
    lab: Lab, collections: Path, folder: Path
) -> None:
    lab.on(1, """mkdir -p /etc/docker && echo '{"log-level": "warn"}' > /etc/docker/daemon.json""")
    run = site(lab, collections, folder, "--check", "--diff")
    assert run.status == 0, run.output
    assert "assigns subnets of 100.96.0.0/16" in run.output
    assert "command not found" in lab.on(1, "docker version 2>&1 || true")
    assert lab.on(1, "ls /opt/weft /etc/weft 2>/dev/null || true") == ""


def test_the_first_run_converges(lab: Lab, collections: Path, folder: Path) -> None:
    run = site(lab, collections, folder)
    assert run.status == 0, run.output
    assert "2 hosts, all reach each other" in run.output
    assert json.loads(lab.on(1, "cat /etc/docker/daemon.json")) == {
        "log-level": "warn",
        "bip": "100.96.1.1/24",
        "mtu": 1472,
    }
    stored = in_store(lab, "get --prefix /coreos.com/network/")
    assert json.loads(stored.splitlines()[1])["Backend"]["Type"] == "udp"
    assert "/coreos.com/network/subnets/100.96.1.0-24" in stored
    assert "/coreos.com/network/subnets/100.96.2.0-24" in stored


def test_the_second_run_changes_nothing_and_costs_few_calls(
    lab: Lab, collections: Path, folder: Path
) -> None:
    written = folder / "play.log"
    inventory = lab.write_inventory(folder / "hosts.yml")
    run = play(
        collections,
        folder,
        *(SITE, "-i", str(inventory), "-e", "overlay_metrics_address=0.0.0.0"),
        environment=watched(written),
    )
    assert run.status == 0, run.output
    assert run.changed() == {"jrn1": 0, "jrn2": 0}
    names = {f"10.173.0.1{host}": f"jrn{host}" for host in (1, 2)}
    tasks = log.parse(written.read_text().splitlines(), names)
    costs = cost.by_host(tasks, names.values())
    # The first holds the store, too. docs/performance.md has the figures of larger fleets.
    assert costs["jrn1"].round_trips <= STORE_HOST_CALLS, costs
    assert costs["jrn2"].round_trips <= HOST_CALLS, costs


def test_check_mode_on_a_converged_fleet_is_quiet(
    lab: Lab, collections: Path, folder: Path
) -> None:
    run = site(lab, collections, folder, "--check", "--diff")
    assert run.status == 0, run.output
    assert run.changed() == {"jrn1": 0, "jrn2": 0}
    assert "+++" not in run.output


def test_the_operators_commands_answer(lab: Lab) -> None:
    status = json.loads(lab.on(1, "weftctl status --json"))
    assert status["agent"]["ready"] is True
    assert status["datapath"]["forwarding"] is True
    leases = json.loads(lab.on(2, "weftctl leases --json"))
    assert [(row["subnet"], row["own"]) for row in leases] == [
        ("100.96.1.0/24", False),
        ("100.96.2.0/24", True),
    ]
    assert "100.96.2.0/24" in lab.on(2, "weftctl leases")
    assert "agent      ready" in lab.on(2, "weftctl status")
    assert json.loads(lab.on(1, "weftctl trace 100.96.2.1 --json"))["passes"] is True
    assert [peer["entries"] for peer in json.loads(lab.on(1, "weftctl peers --json"))["peers"]] == [
        True
    ]
    # A lab host's clock is the machine's, which may run free.
    doctor = json.loads(lab.on(2, "weftctl doctor --json || true"))["findings"]
    assert [row for row in doctor if row["severity"] != "ok" and row["check"] != "clock"] == []
    completed = "COMP_WORDS=(weftctl do); COMP_CWORD=1; _weftctl; echo ${COMPREPLY[@]}"
    loaded = "source /usr/share/bash-completion/completions/weftctl"
    assert lab.on(2, f"bash -c '{loaded}; {completed}'").strip() == "doctor"


def test_prometheus_is_told_where_each_host_answers(
    lab: Lab, collections: Path, folder: Path
) -> None:
    inventory = lab.write_inventory(folder / "hosts.yml")
    arguments = ("weft.overlay.monitoring", "-i", str(inventory))
    run = play(collections, folder, *arguments, "-e", "overlay_metrics_address=0.0.0.0")
    assert run.status == 0, run.output
    written = folder / "monitoring"
    groups = json.loads((written / "weft_targets.json").read_text())
    assert [group["labels"] for group in groups] == [
        {"host": host, "fleet": "weft"} for host in ("jrn1", "jrn2")
    ]
    for group in groups:
        (target,) = group["targets"]
        with urllib.request.urlopen(f"http://{target}/metrics", timeout=20) as reply:
            assert b"weft_ready 1.0" in reply.read()
    names = {"weft_alerts.yml", "weft_dashboard.json", "weft_scrape.yml", "weft_targets.json"}
    assert {path.name for path in written.iterdir()} == names
    again = play(collections, folder, *arguments, "-e", "overlay_metrics_address=0.0.0.0")
    assert set(again.changed().values()) == {0}
    limited = play(collections, folder, *arguments, "--limit", "jrn1")
    assert limited.status != 0
    assert "--limit leaves out jrn2" in limited.output
    loopback = play(collections, folder, *arguments)
    assert loopback.status != 0
    assert "which other hosts cannot reach. Set overlay_metrics_address" in loopback.output


def test_a_host_joins_and_the_others_are_left_alone(
    lab: Lab, collections: Path, folder: Path
) -> None:
    before = [lab.on(host, DOCKER_START) for host in (1, 2)]
    lab.up(3)
    run = site(lab, collections, folder, "--limit", "jrn3")
    assert run.status == 0, run.output
    assert set(run.recap) == {"jrn3"}
    whole = site(lab, collections, folder)
    assert whole.status == 0, whole.output
    assert whole.changed() == {"jrn1": 0, "jrn2": 0, "jrn3": 0}
    assert "3 hosts, all reach each other" in whole.output
    assert [lab.on(host, DOCKER_START) for host in (1, 2)] == before


def test_the_report_shows_the_fleet(lab: Lab, collections: Path, folder: Path) -> None:
    inventory = lab.write_inventory(folder / "hosts.yml")
    written = folder / "report.html"
    arguments = ("weft.overlay.report", "-i", str(inventory), "-e", f"report_file={written}")
    run = play(collections, folder, *arguments)
    assert run.status == 0, run.output
    html = written.read_text(encoding="utf-8")
    assert "All 3 hosts reach each other" in html
    for host in (1, 2, 3):
        subnet, docker = f"100.96.{host}.0/24", "docker version --format {{.Server.Version}}"
        row = html.rpartition(f'<tr><th scope="row">jrn{host}</th>')[2].partition("</tr>")[0]
        shown = (f"10.173.0.1{host}", subnet, "udp", "userspace", "1472")
        assert [value for value in shown if f">{value}</td>" not in row] == [], row
        assert f">{lab.on(host, docker).strip()}</td>" in row
        # The map, the address space and the leases.
        assert html.count(subnet) >= 4
    assert "The store was not read" not in html


def test_a_bad_variable_is_named_before_anything_changes(
    lab: Lab, collections: Path, folder: Path
) -> None:
    run = site(lab, collections, folder, "-e", "overlay_public_ip=nowhere")
    assert run.status != 0
    assert "'nowhere', not an IPv4 address" in run.output
    assert all(count == 0 for count in run.changed().values())


def migration(lab: Lab, folder: Path) -> tuple[str, ...]:
    return (
        "weft.overlay.migrate_backend",
        *("-i", str(lab.write_inventory(folder / "hosts.yml"))),
        *("-e", json.dumps({"overlay_backend": {"type": "vxlan"}, "migrate_batch": 2})),
    )


def migrate(lab: Lab, collections: Path, folder: Path) -> Run:
    return play(collections, folder, *migration(lab, folder))


def hosts_reach_each_other(lab: Lab) -> None:
    for host, other in ((1, 2), (2, 3), (3, 1)):
        lab.on(host, f"ping -q -c 3 -W 2 -I 100.96.{host}.1 100.96.{other}.1")


def spoken(lab: Lab) -> list[str]:
    """Return the backend that each host announces; a lease of udp names none."""
    stored = in_store(lab, "get --prefix --print-value-only /coreos.com/network/subnets/")
    return [json.loads(line).get("BackendType") or "udp" for line in stored.splitlines()]


def test_a_batch_that_fails_its_verification_goes_back_to_its_backend(
    lab: Lab, collections: Path, folder: Path
) -> None:
    lab.on(2, "iptables -I INPUT -p udp --dport 8472 -j DROP")
    run = migrate(lab, collections, folder)
    assert run.status != 0
    said = " ".join(run.output.split())
    assert "jrn1, jrn2 reverted to udp: Check that every container reaches every other" in said
    assert "Fix the cause and run this again" in said
    assert spoken(lab) == ["udp", "udp", "udp"]
    assert '"udp"' in in_store(lab, "get --print-value-only /coreos.com/network/config")
    hosts_reach_each_other(lab)


def test_a_change_of_the_backend_that_is_killed_half_way_parts_nobody(
    lab: Lab, collections: Path, folder: Path
) -> None:
    lab.on(2, "iptables -D INPUT -p udp --dport 8472 -j DROP")
    play_until("migrate_publish", collections, folder, *migration(lab, folder))
    assert spoken(lab) == ["vxlan", "vxlan", "vxlan"]
    assert '"udp"' in in_store(lab, "get --print-value-only /coreos.com/network/config")
    hosts_reach_each_other(lab)


def test_taken_up_it_changes_the_fleets_backend(lab: Lab, collections: Path, folder: Path) -> None:
    before = [lab.on(host, DOCKER_START) for host in (1, 2, 3)]
    run = migrate(lab, collections, folder)
    assert run.status == 0, run.output
    assert "3 hosts, all reach each other" in run.output
    assert spoken(lab) == ["vxlan", "vxlan", "vxlan"]
    assert '"vxlan"' in in_store(lab, "get --print-value-only /coreos.com/network/config")
    assert [lab.on(host, DOCKER_START) for host in (1, 2, 3)] == before
    status = json.loads(lab.on(1, "weftctl status --json"))["agent"]
    assert (status["backend"], status["datapath"], status["ready"]) == ("vxlan", "kernel", True)
