# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose firewall drops forwarded packets, bridged ones too.

The test plays on a network namespace of its own, so the machine's firewall stays as it is.
"""

from __future__ import annotations

import subprocess

from tests.lab.lab_command import ROOT, LabCommand

# /sys shows the interfaces of the namespace that mounts it.
SCENE = """
set -e
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
iptables -P FORWARD DROP
trap 'python3 -m lab down' EXIT

reach() { python3 -m lab exec labfw1 -- ping -c 1 -W 2 labfw2 > /dev/null; }
python3 -m lab up --hosts 2 --underlay 10.169.78.0/24
reach && echo reached
rule=$(iptables -S FORWARD | grep -e -A | cut -d ' ' -f 2-)
iptables -D $rule
reach || echo not reached without the rule
iptables -A $rule
trap - EXIT
python3 -m lab down
iptables -S FORWARD
"""


def test_hosts_reach_each_other_behind_a_firewall_that_drops() -> None:
    command = LabCommand("labfw")
    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", SCENE],
        cwd=ROOT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "WEFT_LAB_NAME": command.name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "reached",
        "not reached without the rule",
        "-P FORWARD DROP",
    ], done.stderr
    assert done.returncode == 0
    assert command.traces() == []
