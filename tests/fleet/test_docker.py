# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges that change under running containers, by each policy of the role docker.

The second host's dockerd has live-restore. The tests are steps: each goes on from what the one
before it left.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.playbook import REPOSITORY, Run, play
from tests.waiting import eventually

from .fleet_lab import Lab, raised_lab

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

PLAYBOOKS = REPOSITORY / "tests/fleet/docker_role"
HOSTS = (1, 2)
RUNNING = {"database", "sidecar", "plain", "service"}
# Given by the user, inside the subnet of the user's network.
FIXED = "10.55.0.77"
RESIDENTS = f"""
docker load --quiet --input /usr/share/weft-lab/busybox.tar
docker network create --subnet 10.55.0.0/24 shop
run() {{ docker run --detach --stop-timeout 1 "$@" weft/busybox sleep 1000000; }}
run --name database --network shop --ip {FIXED}
run --name sidecar --network container:database
run --name service --network shop --restart unless-stopped
run --name plain
run --name idle
docker stop idle
run --name passing --rm
"""


@dataclass(frozen=True, slots=True)
class Resident:
    """A container as it is now."""

    running: bool
    started: str
    addresses: dict[str, str]


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("doc", "10.179.0.0/24", request) as lab:
        yield lab


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@dataclass(frozen=True, slots=True)
class Fleet:
    """The role's plays against the lab."""

    lab: Lab
    collections: Path
    folder: Path

    def change(self, first: int, *arguments: str, **variables: str) -> Run:
        """Give the hosts the bridges 100.96.`first`.1/24 and the next."""
        return self._play("change.yml", *arguments, first=str(first), **variables)

    def take_back(self) -> Run:
        """Take the bridges' options back."""
        return self._play("take_back.yml", docker_change_policy="restart")

    def _play(self, playbook: str, *arguments: str, **variables: str) -> Run:
        inventory = self.lab.write_inventory(self.folder / "hosts.yml")
        run = play(
            self.collections,
            self.folder,
            *(str(PLAYBOOKS / playbook), "-i", str(inventory)),
            *("-e", json.dumps(variables)),
            *arguments,
        )
        # What Ansible folds into lines of its own width is one line again.
        return replace(run, stdout=" ".join(run.output.split()), stderr="")

    def residents(self, host: int) -> dict[str, Resident]:
        """The containers of a host by their names."""
        inspected = json.loads(self.lab.on(host, "docker inspect $(docker ps --all --quiet)"))
        return {
            entry["Name"].removeprefix("/"): Resident(
                entry["State"]["Running"],
                entry["State"]["StartedAt"],
                {
                    name: endpoint["IPAddress"]
                    for name, endpoint in entry["NetworkSettings"]["Networks"].items()
                },
            )
            for entry in inspected
        }

    def bridge(self, host: int) -> str:
        """The address of a host's docker0."""
        return self.lab.on(host, "ip -4 -brief address show docker0").split()[2]

    def all_is_well(self, host: int, subnet: str) -> None:
        """Assert that what should run does, in its networks, and nothing else."""
        residents = self.residents(host)
        assert {name for name, entry in residents.items() if entry.running} == RUNNING
        assert residents["database"].addresses == {"shop": FIXED}
        assert residents["service"].addresses["shop"].startswith("10.55.0.")
        assert residents["plain"].addresses["bridge"].startswith(subnet)
        assert self.bridge(host).startswith(subnet)
        assert self.lab.on(host, "ls /etc/weft") == "docker_bip.json\n"


@pytest.fixture(scope="module")
def fleet(lab: Lab, collections: Path, folder: Path) -> Fleet:
    return Fleet(lab, collections, folder)


@pytest.fixture(scope="module")
def inhabited(fleet: Fleet) -> Fleet:
    """The first join, and then containers."""
    fleet.lab.on(
        2, """mkdir -p /etc/docker && echo '{"live-restore": true}' >/etc/docker/daemon.json"""
    )
    joined = fleet.change(1)
    assert joined.status == 0, joined.output
    for host in HOSTS:
        fleet.lab.on(host, RESIDENTS)
    return fleet


def test_a_host_without_containers_joins_and_a_second_run_is_quiet(inhabited: Fleet) -> None:
    again = inhabited.change(1)
    assert again.status == 0, again.output
    assert again.changed() == {"doc1": 0, "doc2": 0}
    assert [inhabited.bridge(host) for host in HOSTS] == ["100.96.1.1/24", "100.96.2.1/24"]


def test_by_default_running_containers_are_left_alone_and_named(inhabited: Fleet) -> None:
    before = [inhabited.residents(host) for host in HOSTS]
    for flags in (["--check"], []):
        run = inhabited.change(11, *flags)
        assert run.status != 0
        assert "to 100.96.11.1/24, and that stops database, sidecar, service, plain" in run.output
        assert "Set docker_change_policy to restart" in run.output
        assert run.changed() == {"doc1": 0, "doc2": 0}
    assert [inhabited.residents(host) for host in HOSTS] == before
    assert "100.96.1.1" in inhabited.lab.on(1, "cat /etc/docker/daemon.json")


def test_check_mode_tells_what_would_stop(inhabited: Fleet) -> None:
    before = [inhabited.residents(host) for host in HOSTS]
    run = inhabited.change(11, "--check", docker_change_policy="restart")
    assert run.status == 0, run.output
    assert (
        "database (weft starts it again), sidecar (weft starts it again), "
        "service (Docker starts it again), plain (weft starts it again), "
        "passing (not started again: it is removed when it stops)"
    ) in run.output
    assert [inhabited.residents(host) for host in HOSTS] == before


def test_an_mtu_alone_waits_for_the_next_restart_of_docker(inhabited: Fleet) -> None:
    before = [inhabited.residents(host) for host in HOSTS]
    run = inhabited.change(11, docker_mtu="1450")
    assert run.status == 0, run.output
    assert "Pending: Docker of doc1 has the MTU" in run.output
    assert '"mtu": 1450' in inhabited.lab.on(1, "cat /etc/docker/daemon.json")
    assert [inhabited.residents(host) for host in HOSTS] == before
    again = inhabited.change(11, docker_mtu="1450")
    assert (again.status, again.changed()) == (0, {"doc1": 0, "doc2": 0})


def test_a_restart_brings_the_containers_back_with_their_networks(inhabited: Fleet) -> None:
    before = [inhabited.residents(host) for host in HOSTS]
    run = inhabited.change(11, docker_change_policy="restart", docker_mtu="1400")
    assert run.status == 0, run.output
    for host in HOSTS:
        inhabited.all_is_well(host, f"100.96.{10 + host}.")
        mtu = inhabited.lab.on(host, "docker exec plain cat /sys/class/net/eth0/mtu")
        assert mtu == "1400\n"
        after = inhabited.residents(host)
        assert all(after[name].started != before[host - 1][name].started for name in RUNNING)
    again = inhabited.change(11, docker_mtu="1400")
    assert again.status == 0, again.output
    assert again.changed() == {"doc1": 0, "doc2": 0}


def test_options_that_dockerd_would_not_take_stop_nothing(inhabited: Fleet) -> None:
    good = inhabited.lab.on(1, "cat /etc/docker/daemon.json")
    inhabited.lab.on(1, "sed -i '1a \"no-such-option\": 1,' /etc/docker/daemon.json")
    bad = inhabited.lab.on(1, "cat /etc/docker/daemon.json")
    before = [inhabited.residents(host) for host in HOSTS]
    run = inhabited.change(21, docker_change_policy="restart")
    assert run.status != 0
    assert "match any configuration option: no-such-option. Nothing was changed" in run.output
    assert inhabited.lab.on(1, "cat /etc/docker/daemon.json") == bad
    assert [inhabited.residents(host) for host in HOSTS] == before
    assert "100.96.12.1" in inhabited.lab.on(2, "cat /etc/docker/daemon.json")
    inhabited.lab.on(1, f"cat >/etc/docker/daemon.json <<'END'\n{good}END")


def test_a_dockerd_that_does_not_start_goes_back_and_the_play_stops(inhabited: Fleet) -> None:
    # dockerd takes the option, and finds out later that the gateway is outside the new subnet.
    inhabited.lab.on(1, 'sed -i \'1a "default-gateway": "100.96.11.200",\' /etc/docker/daemon.json')
    files = "sha256sum /etc/docker/daemon.json; stat --format %a:%u /etc/docker/daemon.json"
    before = [inhabited.lab.on(host, files) for host in HOSTS]
    untouched = inhabited.residents(2)
    run = inhabited.change(
        21,
        docker_change_policy="drain",
        docker_drain_tasks=str(PLAYBOOKS / "drain.yml"),
        docker_undrain_tasks=str(PLAYBOOKS / "undrain.yml"),
    )
    assert run.status != 0
    assert "DefaultGatewayIPv4:100.96.11.200) must belong to the master pool" in run.output
    assert "started again, and the previous options are restored" in run.output
    assert [inhabited.lab.on(host, files) for host in HOSTS] == before
    inhabited.all_is_well(1, "100.96.11.")
    assert inhabited.residents(2) == untouched
    turns = [line.split()[:2] for line in inhabited.lab.on(1, "cat /root/turns").splitlines()]
    assert turns == [["drain", "4"], ["undrain", "4"]]
    assert inhabited.lab.on(2, "ls /root/turns 2>/dev/null || true") == ""
    inhabited.lab.on(1, "rm /root/turns; sed -i '/default-gateway/d' /etc/docker/daemon.json")


def test_the_hooks_come_before_and_after(inhabited: Fleet) -> None:
    run = inhabited.change(
        21,
        docker_change_policy="drain",
        docker_drain_tasks=str(PLAYBOOKS / "drain.yml"),
        docker_undrain_tasks=str(PLAYBOOKS / "undrain.yml"),
    )
    assert run.status == 0, run.output
    for host in HOSTS:
        turns = inhabited.lab.on(host, "cat /root/turns").splitlines()
        assert [line.split()[:2] for line in turns] == [["drain", "4"], ["undrain", "4"]]
        assert f"100.96.{10 + host}.1/24" in turns[0]
        assert f"100.96.{20 + host}.1/24" in turns[1]
        inhabited.all_is_well(host, f"100.96.{20 + host}.")


def test_a_host_that_is_lost_in_its_turn_stops_the_play_before_the_next(inhabited: Fleet) -> None:
    lab = inhabited.lab
    cut = ["/usr/bin/python3", "-m", "lab", "cut", "--name", lab.name, "doc1"]
    hook = inhabited.folder / "cut.yml"
    task = {
        "name": "Cut the host off",
        "ansible.builtin.command": {"argv": cut, "chdir": str(REPOSITORY)},
        "delegate_to": "localhost",
        "become": False,
    }
    hook.write_text(json.dumps([task]), encoding="utf-8")
    before = inhabited.residents(2)
    try:
        run = inhabited.change(41, docker_change_policy="drain", docker_drain_tasks=str(hook))
    finally:
        lab.command("restore", "doc1")
    assert run.status != 0
    assert "doc1 is unreachable since the change of its Docker" in run.output
    assert run.recap["doc1"]["unreachable"] == 1
    assert inhabited.residents(2) == before
    assert inhabited.bridge(2) == "100.96.22.1/24"
    assert "100.96.22.1" in lab.on(2, "cat /etc/docker/daemon.json")
    inhabited.all_is_well(1, "100.96.21.")


def test_a_restart_that_lost_its_host_is_ended_by_the_next_run(inhabited: Fleet) -> None:
    lab = inhabited.lab
    held = "/run/systemd/system/docker.service.d/held.conf"
    lab.on(
        1,
        f"mkdir -p $(dirname {held});"
        f"printf '[Service]\\nExecStartPre=/bin/sleep 60\\n' >{held}; systemctl daemon-reload",
    )
    command = (
        f"ANSIBLE_COLLECTIONS_PATH={inhabited.collections} ANSIBLE_HOST_KEY_CHECKING=false "
        f"exec {REPOSITORY}/.venv/bin/ansible-playbook {PLAYBOOKS}/change.yml -i hosts.yml "
        "-e first=31 -e docker_change_policy=restart --limit doc1"
    )
    with subprocess.Popen(
        ["sh", "-c", command],
        cwd=inhabited.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as running:
        try:
            wait_until(lab, 1, "test $(systemctl show --value -p SubState docker) = start-pre")
            lab.command("crash", "doc1")
        finally:
            running.kill()
    # What is below /run goes with the crash.
    lab.command("start", "doc1")
    wait_until(lab, 1, "systemctl is-active docker.service")
    assert not inhabited.residents(1)["database"].running
    run = inhabited.change(31, "--limit", "doc1")
    assert run.status == 0, run.output
    inhabited.all_is_well(1, "100.96.31.")
    again = inhabited.change(31, "--limit", "doc1")
    assert again.changed() == {"doc1": 0}, again.output


def test_docker_gets_a_bridge_of_its_own_back(inhabited: Fleet) -> None:
    run = inhabited.take_back()
    assert run.status == 0, run.output
    for host in HOSTS:
        assert inhabited.bridge(host) == "172.17.0.1/16"
        residents = inhabited.residents(host)
        assert {name for name, entry in residents.items() if entry.running} == RUNNING
        assert residents["database"].addresses == {"shop": FIXED}
        assert inhabited.lab.on(host, "ls /etc/weft") == ""
    assert inhabited.lab.on(1, "ls /etc/docker") == ""
    assert json.loads(inhabited.lab.on(2, "cat /etc/docker/daemon.json")) == {"live-restore": True}
    # Docker keeps the address when it restarts without weft.
    inhabited.lab.on(1, "systemctl restart docker.service")
    assert inhabited.bridge(1) == "172.17.0.1/16"
    again = inhabited.take_back()
    assert again.changed() == {"doc1": 0, "doc2": 0}, again.output


def wait_until(lab: Lab, host: int, condition: str) -> None:
    """Wait until a shell condition holds on a host, for a minute at most."""
    command = f"{condition} >/dev/null && echo yes || true"
    eventually(lambda: lab.on(host, command) == "yes\n", f"host {host}: {condition}", 60, pause=0.3)
