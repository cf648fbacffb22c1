# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that a running host hangs on: it boots the host, again and again as it reboots.

systemd-nspawn cannot restart a host by itself under ``--keep-unit``: it asks its caller to, by exit
code 133 (systemd.exec(5), EXIT_FORCE_RESTART in systemd's nspawn.c).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from lab import host as hosts
from lab import paths, state, underlay
from lab.cgroup import Group
from lab.settings import Host, Lab

_REBOOT = 133

# What is mounted here only the host's own processes see, so it ends with them: the root, and a
# place for systemd-nspawn's locks, which it leaves behind when it is killed.
_BOOT = """
echo $$ > "$1/cgroup.procs"
mount -t overlay overlay -o "$2" "$3"
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
shift 3
exec "$@"
"""


def main(lab_name: str, host_name: str) -> int:
    """Run a host until it is switched off; return systemd-nspawn's exit code."""
    lab = state.require(lab_name)
    host = lab.host(host_name)
    while True:
        underlay.plug(lab.settings, host, cut=hosts.is_cut(host))
        code = _boot(lab, host)
        if code != _REBOOT:
            underlay.unplug(host.namespace, host.port)
            return code


def _boot(lab: Lab, host: Host) -> int:
    machine = Group.of_host(lab.name, host.name).child("machine")
    machine.create()
    directory = paths.host_var(lab.name, host.name)
    layers = (
        f"lowerdir={paths.CACHE / host.image},upperdir={directory}/upper,workdir={directory}/work"
    )
    code = subprocess.call(
        [
            *("unshare", "--mount", "--propagation", "slave"),
            *("sh", "-ec", _BOOT, "boot", machine.path, layers, directory / "root"),
            *nspawn_command(lab, host),
        ],
        env={
            **os.environ,
            # Without it /proc/sys is read-only, and dockerd cannot set ip_forward.
            "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "1",
            # Without it a machine with hybrid control groups hands on version 1, read-only.
            "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
        },
    )
    while machine.populated:
        time.sleep(0.02)
    machine.remove()
    return code


def nspawn_command(lab: Lab, host: Host) -> tuple[str, ...]:
    """Return the command that boots a host whose root is mounted."""
    directory = paths.host_var(lab.name, host.name)
    return (
        "systemd-nspawn",
        "--quiet",
        "--settings=no",
        f"--directory={directory}/root",
        f"--machine={host.name}",
        # There need not be a systemd on the machine to register with.
        "--register=no",
        "--keep-unit",
        f"--network-namespace-path=/run/netns/{host.namespace}",
        "--capability=all",
        "--system-call-filter=add_key keyctl bpf",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        *(f"--bind={directory}/{name}:/{name}" for name in hosts.PLAIN_DIRECTORIES),
        "--boot",
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
