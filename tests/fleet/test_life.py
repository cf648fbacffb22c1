# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet's life: interrupted, joined, saved, upgraded, left, destroyed.

The tests are steps: each goes on from what the one before it left.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook import Run, play, play_until

from .fleet_lab import Lab, in_store, raised_lab

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

UNITS = ("docker", "etcd", "weft-datapath", "weftd")
PACKAGE = Path("ansible_collections/weft/overlay/plugins/module_utils/weft")
# What of weft's can be seen on a host.
TRACES = """\
ls -d /opt/weft /etc/weft /var/lib/weft /run/weft /etc/tmpfiles.d/weft.conf /usr/local/bin/weft* \
/etc/ansible/facts.d/weft.fact \
/etc/systemd/system/weft* 2>/dev/null
iptables-save | grep WEFT
ip route show proto 87
ip -d link show | grep 'alias weft'
getent passwd weft; getent group weft
grep bip /etc/docker/daemon.json 2>/dev/null
true
"""
# The same change of what etcd and the daemon run with, for the runs that are interrupted by it.
CHANGE = ("-e", json.dumps({"etcd_auto_compaction_retention": "2h", "overlay_masquerade": True}))


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("lif", "10.178.0.0/24", request) as lab:
        yield lab


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


TENANT = """\
docker load --quiet --input /usr/share/weft-lab/busybox.tar
docker run --detach --name tenant --restart unless-stopped --stop-signal KILL \\
    weft/busybox sleep 1000000
"""
DRAIN = [
    {
        "name": "Remember what ran",
        "ansible.builtin.shell": "docker ps --format '{{ '{{' }}.Names{{ '}}' }}' >/root/drained",
    }
]


class Fleet:
    """The lab's fleet, run from a folder with the installed collection."""

    def __init__(self, lab: Lab, collections: Path, folder: Path) -> None:
        self.lab, self.collections, self.folder = lab, collections, folder

    def run(self, playbook: str, *arguments: str, collections: Path | None = None) -> Run:
        """Run a playbook of the collection."""
        return play(
            collections or self.collections, self.folder, *self._words(playbook), *arguments
        )

    def interrupt(
        self, playbook: str, point: str, *arguments: str, collections: Path | None = None
    ) -> None:
        """Run a playbook and kill it as the task of a point begins."""
        words = (*self._words(playbook), *arguments)
        play_until(point, collections or self.collections, self.folder, *words)

    def starts(self, *hosts: int) -> list[str]:
        """When the units of the hosts were last started."""
        properties = "systemctl show --value --property=ActiveEnterTimestampMonotonic"
        return [self.lab.on(host, f"{properties} {' '.join(UNITS)}") for host in hosts]

    def status(self, host: int) -> dict[str, Any]:
        """What the agent of a host says of itself."""
        status = json.loads(self.lab.on(host, "weftctl status --json || true"))
        agent: dict[str, Any] = status["agent"]
        return agent

    def leases(self, host: int) -> dict[str, str]:
        """The public IP of each leased subnet."""
        rows = json.loads(self.lab.on(host, "weftctl leases --json"))
        return {row["subnet"]: row["public_ip"] for row in rows}

    def _words(self, playbook: str) -> tuple[str, ...]:
        inventory = self.lab.write_inventory(self.folder / "hosts.yml")
        return (f"weft.overlay.{playbook}", "-i", str(inventory))


@pytest.fixture(scope="module")
def fleet(lab: Lab, collections: Path, folder: Path) -> Fleet:
    return Fleet(lab, collections, folder)


# What an operator would miss, were it done by mistake: restarts, files, rules.
SEEN = f"""\
systemctl show --value --property=ActiveEnterTimestampMonotonic {" ".join(UNITS)}
find /etc/weft /opt/weft /etc/default/etcd /etc/systemd/system /etc/docker -type f \
    -printf '%p %m %u ' -exec sha256sum {{}} ';' | sort
iptables-save | sed 's/\\[.*\\]//; /^#/d'
"""


def changes_nothing(fleet: Fleet, playbook: str, *arguments: str) -> Run:
    """Run a playbook in check mode; it succeeds and leaves the hosts and the leases as they are."""

    def seen() -> list[object]:
        return [*(fleet.lab.on(host, SEEN) for host in (1, 2, 3)), fleet.leases(1)]

    before = seen()
    run = fleet.run(playbook, "--check", "--diff", *arguments)
    assert run.status == 0, run.output
    assert seen() == before
    return run


def variant(fleet: Fleet, name: str, path: str, old: str, new: str) -> Path:
    """Collections that bundle another release: a file of the package with other text."""
    target = fleet.folder / name
    shutil.copytree(fleet.collections, target)
    file = target / PACKAGE / path
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    return target


@pytest.mark.parametrize(
    "point",
    [
        "etcd_install",
        "docker_start",
    ],
)
def test_the_first_run_is_killed(fleet: Fleet, point: str) -> None:
    fleet.interrupt("site", point)


def test_the_run_after_it_converges_and_the_next_changes_nothing(fleet: Fleet) -> None:
    run = fleet.run("site")
    assert run.status == 0, run.output
    assert "2 hosts, all reach each other" in run.output
    again = fleet.run("site")
    assert again.status == 0, again.output
    assert again.changed() == {"lif1": 0, "lif2": 0}


def test_a_run_that_is_killed_before_it_restarts_is_made_up_for(fleet: Fleet) -> None:
    before = fleet.starts(1, 2)
    fleet.interrupt("site", "etcd_observe", *CHANGE)
    fleet.interrupt("site", "overlay_compare_release", *CHANGE)
    assert fleet.lab.on(2, "grep -c 'masquerade\": true' /etc/weft/weftd.json").strip() == "1"
    assert "FLANNEL_IPMASQ=false" in fleet.lab.on(2, "cat /run/flannel/subnet.env")
    run = fleet.run("site", *CHANGE)
    assert run.status == 0, run.output
    for host in (1, 2):
        assert "FLANNEL_IPMASQ=true" in fleet.lab.on(host, "cat /run/flannel/subnet.env")
    after = fleet.starts(1, 2)
    assert after[0].split() != before[0].split()
    environment = "tr '\\0' '\\n' </proc/$(systemctl show -P MainPID etcd)/environ"
    assert "ETCD_AUTO_COMPACTION_RETENTION=2h" in fleet.lab.on(1, environment)
    again = fleet.run("site", *CHANGE)
    assert again.changed() == {"lif1": 0, "lif2": 0}, again.output


def test_a_host_joins_and_the_others_are_left_alone(fleet: Fleet) -> None:
    before = fleet.starts(1, 2)
    fleet.lab.up(3)
    run = fleet.run("site", "--limit", "lif3", *CHANGE)
    assert run.status == 0, run.output
    assert set(run.recap) == {"lif3"}
    assert fleet.starts(1, 2) == before
    verified = fleet.run("verify")
    assert verified.status == 0, verified.output
    assert "3 hosts, all reach each other" in verified.output
    assert set(verified.changed().values()) == {0}


def test_the_leases_are_saved_and_come_back(fleet: Fleet) -> None:
    directory = fleet.folder / "saved"
    # As the docs have it: paths from the folder where the command is given.
    saved = fleet.run("backup", "-e", f"backup_directory={directory.name}")
    assert saved.status == 0, saved.output
    (backup,) = directory.iterdir()
    document = yaml.safe_load((backup / "leases.yml").read_text(encoding="utf-8"))
    assert document["network"]["Network"] == "100.96.0.0/16"
    assert [entry["name"] for entry in document["leases"]] == ["lif1", "lif2", "lif3"]
    before = fleet.leases(1)
    relative = backup.relative_to(fleet.folder)
    words = ("-e", "restore_from=leases", "-e", f"restore_backup={relative}")
    unneeded = fleet.run("restore", *words)
    assert unneeded.status == 0, unneeded.output
    assert set(unneeded.changed().values()) == {0}
    in_store(fleet.lab, "del --prefix /coreos.com/network/")
    restored = fleet.run("restore", *words)
    assert restored.status == 0, restored.output
    assert fleet.leases(1) == before


@pytest.mark.parametrize(
    ("playbook", "words"),
    [
        ("site", {}),
        ("verify", {}),
        ("backup", {}),
        ("restore", {"restore_from": "leases"}),
        ("restore", {"restore_from": "snapshot"}),
        ("rotate", {}),
        ("maintain_etcd", {}),
        ("upgrade_etcd", {}),
        ("migrate_backend", {"overlay_backend": {"type": "vxlan"}}),
        ("monitoring", {"overlay_metrics_address": "0.0.0.0"}),
        ("remove_host", {"remove_hosts": "lif2"}),
        ("destroy", {"destroy_store_data": True}),
    ],
)
def test_check_mode_tells_and_does_nothing(
    fleet: Fleet, playbook: str, words: dict[str, Any]
) -> None:
    directory = fleet.folder / "saved"
    (backup,) = directory.iterdir()
    before = sorted(fleet.folder.iterdir())
    arguments = {
        "backup_directory": str(directory),
        "restore_backup": str(backup),
        "docker_change_policy": "restart",
        **words,
    }
    changes_nothing(fleet, playbook, *CHANGE, "-e", json.dumps(arguments))
    assert sorted(fleet.folder.iterdir()) == before
    assert list(directory.iterdir()) == [backup]


def test_a_backup_of_another_time_does_not_replace_what_lives(fleet: Fleet) -> None:
    (backup,) = (fleet.folder / "saved").iterdir()
    other = fleet.folder / "other"
    other.mkdir()
    text = (backup / "leases.yml").read_text(encoding="utf-8")
    first, second = "100.96.1.0/24", "100.96.2.0/24"
    swapped = text.replace(first, "X").replace(second, first).replace("X", second)
    (other / "leases.yml").write_text(swapped, encoding="utf-8")
    before = fleet.leases(1)
    words = ("-e", "restore_from=leases", "-e", f"restore_backup={other}")
    refused = fleet.run("restore", *words)
    assert refused.status != 0
    output = " ".join(refused.output.split())
    assert "100.96.1.0/24 leased to 10.178.0.11" in output
    assert "weft_confirm='replace 100.96.0.0/16'" in output
    assert fleet.leases(1) == before


def test_an_upgrade_goes_by_the_canary_and_the_next_changes_nothing(fleet: Fleet) -> None:
    newer = variant(fleet, "newer", "cli.py", '"""The commands', '"""The newer commands')
    before = {host: fleet.status(host)["release"] for host in (1, 2, 3)}
    predicted = fleet.run("upgrade", "--check", *CHANGE, collections=newer)
    assert predicted.status == 0, predicted.output
    assert {host: fleet.status(host)["release"] for host in (1, 2, 3)} == before
    # Killed with the release installed, and before it runs; then with it running on the canary.
    for point in ("overlay_restart_agent", "upgrade_verify"):
        fleet.interrupt("upgrade", point, *CHANGE, collections=newer)
    assert fleet.lab.on(1, "ls /opt/weft/before").split() != []
    run = fleet.run("upgrade", *CHANGE, collections=newer)
    assert run.status == 0, run.output
    assert run.output.count("3 hosts, all reach each other") == 2
    releases = {fleet.status(host)["release"] for host in (1, 2, 3)}
    assert len(releases) == 1
    assert not releases & set(before.values())
    again = fleet.run("upgrade", *CHANGE, collections=newer)
    assert again.status == 0, again.output
    assert again.changed() == {"lif1": 0, "lif2": 0, "lif3": 0}


def test_a_release_that_does_not_start_goes_back_on_the_canary_and_stops(fleet: Fleet) -> None:
    before = {host: fleet.status(host) for host in (1, 2, 3)}
    broken = variant(
        fleet,
        "broken",
        "agent/daemon.py",
        "    options = _parser().parse_args(arguments)\n",
        '    raise RuntimeError("broken on purpose")\n',
    )
    run = fleet.run("upgrade", *CHANGE, collections=broken)
    assert run.status != 0
    assert "lif1 reverted to the former release" in " ".join(run.output.split())
    for host in (1, 2, 3):
        status = fleet.status(host)
        assert status["ready"], host
        assert status["release"] == before[host]["release"]
        assert (status["pid"] == before[host]["pid"]) == (host != 1)
    assert fleet.lab.on(1, "ls /opt/weft").split() == ["current", "previous", "releases"]


def test_a_dead_host_is_forgotten(fleet: Fleet) -> None:
    fleet.lab.command("crash", "lif3")
    refused = fleet.run("remove_host", "-e", "remove_hosts=lif3")
    assert refused.status != 0
    assert "weft_confirm='forget lif3'" in " ".join(refused.output.split())
    assert len(fleet.leases(1)) == 3
    confirmed = ("-e", "remove_hosts=lif3", "-e", "weft_confirm='forget lif3'")
    # By way of an address that no lease names, as where a NAT is in front of it.
    elsewhere = fleet.folder / "elsewhere.yml"
    outside = {"weft": {"hosts": {"lif3": {"ansible_host": "10.178.0.250"}}}}
    elsewhere.write_text(yaml.safe_dump(outside), encoding="utf-8")
    refused = fleet.run("remove_host", "-i", str(elsewhere), *confirmed)
    assert refused.status != 0
    output = " ".join(refused.output.split())
    assert "there is no lease of 10.178.0.250" in output
    assert "No reachable host has these leases: 100.96.3.0/24 of 10.178.0.13" in output
    assert len(fleet.leases(1)) == 3
    run = fleet.run("remove_host", *confirmed)
    assert "Released 100.96.3.0/24" in " ".join(run.output.split()), run.output
    assert "The host was unreachable and still has" in " ".join(run.output.split())
    assert run.recap["lif1"]["failed"] == run.recap["lif2"]["failed"] == 0
    assert sorted(fleet.leases(1)) == ["100.96.1.0/24", "100.96.2.0/24"]
    for host in (1, 2):
        assert fleet.status(host)["peers"] == 1


def test_a_host_that_came_back_is_drained_and_removed_without_a_trace(fleet: Fleet) -> None:
    fleet.lab.command("start", "lif3")
    assert "100.96.3.1/24" in fleet.lab.on(3, "ip address show docker0")
    fleet.lab.on(3, TENANT)
    hook = fleet.folder / "drain.yml"
    hook.write_text(json.dumps(DRAIN), encoding="utf-8")
    words = ("-e", json.dumps({"remove_hosts": "lif3", "docker_drain_tasks": str(hook)}))
    confirmed = (*words, "-e", "weft_confirm='remove lif3'")
    refused = fleet.run("remove_host", *confirmed)
    assert refused.status != 0
    assert "that stops tenant. Docker was not changed" in " ".join(refused.output.split())
    drained = ("-e", "remove_drain=true")
    predicted = fleet.run("remove_host", *words, *drained, "--check", "--diff")
    assert predicted.status == 0, predicted.output
    assert predicted.changed()["lif3"] > 0
    assert "weftd.service" in fleet.lab.on(3, TRACES)
    assert fleet.lab.on(3, "docker ps --format '{{.Names}}'; ls /root") == "tenant\n"
    fleet.interrupt("remove_host", "overlay_clear_kernel", *confirmed, *drained)
    assert fleet.lab.on(3, "docker ps --quiet; cat /root/drained") == "tenant\n"
    run = fleet.run("remove_host", *confirmed)
    assert run.status == 0, run.output
    assert fleet.lab.on(3, TRACES) == ""
    assert "172.17.0.1/16" in fleet.lab.on(3, "ip address show docker0")
    assert fleet.lab.on(3, "systemctl is-active docker.service").strip() == "active"
    again = fleet.run("remove_host", *confirmed)
    assert again.status == 0, again.output
    assert set(again.changed().values()) == {0}


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("nobody", "remove_hosts is 'nobody'. Set it to hosts of the group weft"),
        ("lif1,lif2,lif3", "no host remains to release the leases"),
    ],
)
def test_whom_it_cannot_remove_it_refuses(fleet: Fleet, host: str, words: str) -> None:
    run = fleet.run("remove_host", "-e", f"remove_hosts={host}")
    assert run.status != 0
    assert words in " ".join(run.output.split())
    assert set(run.changed().values()) <= {0}


def test_the_fleet_is_destroyed_by_who_confirms_it(fleet: Fleet) -> None:
    data = ("-e", "destroy_store_data=true")
    refused = fleet.run("destroy", *data)
    assert refused.status != 0
    assert "weft_confirm='destroy 3 hosts and the data'" in " ".join(refused.output.split())
    assert set(refused.changed().values()) == {0}
    confirmed = (*data, "-e", "weft_confirm='destroy 3 hosts and the data'")
    fleet.lab.on(2, TENANT)
    before = [fleet.lab.on(host, TRACES) for host in (1, 2)]
    held_back = fleet.run("destroy", *confirmed)
    assert held_back.status != 0
    assert "that stops tenant. Docker was not changed" in " ".join(held_back.output.split())
    assert [fleet.lab.on(host, TRACES) for host in (1, 2)] == before
    assert sorted(fleet.leases(1)) == ["100.96.1.0/24", "100.96.2.0/24"]
    fleet.lab.on(2, "docker rm --force tenant")
    # Hosts without their daemon, which the store still knows; then without half of the store.
    for point in ("certificate_remove_authority", "etcd_remove_data"):
        fleet.interrupt("destroy", point, *confirmed)
    run = fleet.run("destroy", *confirmed)
    assert run.status == 0, run.output
    for host in (1, 2):
        assert fleet.lab.on(host, TRACES) == ""
        assert "172.17.0.1/16" in fleet.lab.on(host, "ip address show docker0")
    assert fleet.lab.on(1, "ls /etc/default/etcd /var/lib/etcd/default 2>/dev/null || true") == ""
    assert fleet.lab.on(1, "systemctl is-active etcd.service || true").strip() == "inactive"
    again = fleet.run("destroy", *confirmed)
    assert again.status == 0, again.output
    assert set(again.changed().values()) == {0}
