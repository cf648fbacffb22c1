# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's hosts, their faults, and two labs side by side: all of it real."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest

from tests.lab.conftest import UNDERLAY
from tests.lab.lab_command import LabCommand

# What a hardened daemon's unit asks of systemd; it must hold in a host as on any machine.
HARDENED_UNIT = """
[Service]
Type=oneshot
DynamicUser=yes
AmbientCapabilities=CAP_NET_ADMIN
CapabilityBoundingSet=CAP_NET_ADMIN
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictAddressFamilies=AF_INET AF_NETLINK AF_UNIX
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
SystemCallFilter=@system-service
ExecStart=/usr/bin/python3 /usr/local/bin/probe
"""

PROBE = """
import errno, fcntl, os, struct

tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"probe0", 1))
assert os.getuid() != 0

def refused(attempt):
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "allowed"

print(
    "device", refused(lambda: os.open("/dev/stranger", os.O_RDWR)),
    "file", refused(lambda: os.open("/etc/new", os.O_CREAT | os.O_WRONLY)),
)
"""


def test_hosts_run_with_names_and_identities_of_their_own(lab: LabCommand) -> None:
    answers = lab("exec", "all", "--", "uname -n; systemctl is-system-running").ok().stdout
    assert answers.splitlines() == [
        "labtest1: labtest1",
        "labtest1: running",
        "labtest2: labtest2",
        "labtest2: running",
    ]
    machine_ids = {lab.on(host, "cat /etc/machine-id").ok().stdout for host in (1, 2)}
    assert len(machine_ids) == 2


def test_status_lists_the_hosts(lab: LabCommand) -> None:
    head, *rows = lab("status").ok().stdout.splitlines()
    assert head == f"lab labtest: bridge br-labtest, {UNDERLAY}, MTU 1500"
    assert [row.split() for row in rows] == [
        ["labtest1", "trixie", "10.169.77.11", "running"],
        ["labtest2", "trixie", "10.169.77.12", "running"],
    ]


def test_exec_hands_on_words_and_exit_codes(lab: LabCommand) -> None:
    assert (
        lab("exec", "labtest1", "--", "printf", "%s|", "a b", "$HOME").ok().stdout == "a b|$HOME|"
    )
    assert lab.on(1, "exit 7").code == 7
    assert lab("exec", "all", "--", "test $(uname -n) = labtest1").code == 1


def test_unknown_host_is_named(lab: LabCommand) -> None:
    outcome = lab("crash", "labtest9")
    assert outcome.code == 1
    assert outcome.stderr == (
        "lab: no host 'labtest9' in lab 'labtest'; its hosts are labtest1, labtest2\n"
    )


def test_tun_is_open_to_all_in_a_host_and_only_there(lab: LabCommand) -> None:
    before = stat.S_IMODE(Path("/dev/net/tun").stat().st_mode)
    assert lab.on(1, "stat -c '%a %t %T' /dev/net/tun").ok().stdout == "666 a c8\n"
    lab.on(1, "chmod 0640 /dev/net/tun").ok()
    assert stat.S_IMODE(Path("/dev/net/tun").stat().st_mode) == before
    lab.on(1, "chmod 0666 /dev/net/tun").ok()


def test_hardened_unit_gets_its_device_and_nothing_else(lab: LabCommand) -> None:
    for path, text in {
        "/usr/local/bin/probe": PROBE,
        "/etc/systemd/system/probe.service": HARDENED_UNIT,
    }.items():
        lab.on(1, f"cat > {path} <<'END'\n{text}\nEND").ok()
    lab.on(1, "mknod -m 0666 /dev/stranger c 10 229; systemctl daemon-reload").ok()
    lab.on(1, "systemctl start probe || { journalctl -u probe; false; }").ok()
    journal = lab.on(1, "journalctl -u probe -o cat").ok().stdout.splitlines()
    assert "device EPERM file EROFS" in journal


@pytest.mark.timeout(300)
def test_docker_installs_offline_and_runs_the_busybox_image(lab: LabCommand) -> None:
    assert lab.on(2, "command -v docker").code != 0
    lab.on(
        2,
        "DEBIAN_FRONTEND=noninteractive apt-get install --yes docker.io docker-cli",
        timeout=200,
    ).ok()
    lab.on(2, "docker load --input /usr/share/weft-lab/busybox.tar").ok()
    run = "docker run --rm weft/busybox:latest sh -c 'id -un; ls -d /proc/1'"
    assert lab.on(2, run).ok().stdout == "root\n/proc/1\n"
    assert lab.on(2, "docker info --format '{{.Driver}} {{.CgroupVersion}}'").ok().stdout == (
        "overlay2 2\n"
    )


def test_cut_host_is_unreachable_until_restored_even_after_a_restart(lab: LabCommand) -> None:
    ping = "ping -c 1 -W 1 labtest2"
    lab.on(1, ping).ok()
    lab("cut", "labtest2").ok()
    assert lab.on(1, ping).code == 1
    assert "cut" in lab("status").ok().stdout
    lab("crash", "labtest2").ok()
    lab("start", "labtest2").ok()
    assert lab.on(1, ping).code == 1
    lab("restore", "labtest2").ok()
    # A link that comes up may take a moment to carry.
    lab.on(1, f"for try in 1 2 3 4 5 6 7 8 9; do {ping} && exit; done; false").ok()


def test_crash_takes_all_but_the_disk(lab: LabCommand) -> None:
    lab.on(1, "ip link add crash0 type bridge; echo kept > /root/kept; sync").ok()
    before = lab.on(1, "cat /proc/sys/kernel/random/boot_id").ok().stdout
    lab("crash", "labtest1").ok()
    assert lab.on(1, "true").code != 0
    assert lab("crash", "labtest1").stderr == (
        "lab: labtest1 is off; run: python3 -m lab start --name labtest labtest1\n"
    )
    lab("start", "labtest1").ok()
    assert lab.on(1, "cat /root/kept").ok().stdout == "kept\n"
    assert lab.on(1, "cat /proc/sys/kernel/random/boot_id").ok().stdout != before
    assert lab.on(1, "ip link show crash0").code == 1
    assert lab("start", "labtest1").ok().stderr == "labtest1: runs already\n"


def test_reboot_is_orderly_and_awaited(lab: LabCommand) -> None:
    lab.on(1, "ip link add reboot0 type bridge").ok()
    before = lab.on(1, "cat /proc/sys/kernel/random/boot_id").ok().stdout
    lab("reboot", "labtest1").ok()
    assert lab.on(1, "cat /proc/sys/kernel/random/boot_id").ok().stdout != before
    assert lab.on(1, "systemctl is-system-running").ok().stdout == "running\n"
    assert lab.on(1, "ip link show reboot0").code == 1
    assert (
        "Journal stopped" in lab.on(1, "journalctl --boot=-1 --unit=systemd-journald").ok().stdout
    )


def test_logs_hold_the_console_and_the_journal(lab: LabCommand) -> None:
    assert "multi-user.target" in lab("logs", "labtest1").ok().stdout
    assert "Reached target multi-user.target" in lab("logs", "--journal", "labtest1").ok().stdout


def test_up_again_changes_nothing_and_starts_what_is_off(lab: LabCommand) -> None:
    assert lab("up").ok().stderr == "lab labtest: up already, 2 hosts\n"
    lab("crash", "labtest2").ok()
    lines = lab("up").ok().stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("labtest2: running, trixie, 10.169.77.12, ")


def test_up_with_other_settings_says_what_the_lab_has(lab: LabCommand) -> None:
    outcome = lab("up", "--mtu", "1400")
    assert outcome.code == 1
    assert "is up with bridge br-labtest" in outcome.stderr
    assert "python3 -m lab down --name labtest" in outcome.stderr


def test_inventory_reaches_the_hosts(lab: LabCommand, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(lab("inventory").ok().stdout)
    ansible = Path(__file__).resolve().parents[2] / ".venv/bin/ansible"
    done = subprocess.run(
        [ansible, "weft", "-i", inventory, "-m", "ansible.builtin.ping", "--one-line"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.count("SUCCESS") == 2, done.stdout + done.stderr


def test_added_host_is_known_to_all_and_two_labs_live_side_by_side(
    lab: LabCommand, other: LabCommand
) -> None:
    other("up", "--hosts", "1", "--underlay", "10.169.78.0/24", "--mtu", "1400").ok()
    other("up", "--hosts", "2").ok()
    other.on(1, "ping -c 1 -W 2 labother2").ok()
    link = json.loads(other.on(2, "ip -json link show eth0").ok().stdout)
    assert link[0]["mtu"] == 1400
    # Two labs share a machine, not a network.
    assert other.on(1, "ping -c 1 -W 1 10.169.77.11").code == 1
    other("down").ok()
    assert other.traces() == []
    assert lab("exec", "all", "--", "true").code == 0


def test_taken_range_is_refused_and_nothing_is_left(lab: LabCommand, other: LabCommand) -> None:
    outcome = other("up", "--hosts", "1", "--underlay", "10.169.77.128/25")
    assert outcome.code == 1
    assert outcome.stderr.startswith("lab: the underlay 10.169.77.128/25 overlaps 10.169.77.0/24")
    assert outcome.stderr.endswith("; set --underlay\n")
    assert other.traces() == []
    assert lab("exec", "all", "--", "true").code == 0


def test_foreign_bridge_is_refused_and_left_alone(other: LabCommand, foreign_bridge: str) -> None:
    outcome = other("up", "--bridge", foreign_bridge, "--underlay", "10.169.78.0/24")
    assert outcome.code == 1
    assert outcome.stderr == f"lab: an interface {foreign_bridge} exists already; set --bridge\n"
    assert other.traces() == []
    assert Path("/sys/class/net", foreign_bridge).exists()
