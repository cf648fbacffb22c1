# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action group sets the common options of all modules for etcd, with a real etcd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.store.etcd_server import EtcdMember

ROOT = Path(__file__).parents[2]


def test_a_play_names_the_store_once(etcd: EtcdMember, prefix: str, tmp_path: Path) -> None:
    host = {"name": "web1", "public_ip": "192.0.2.1"}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {
            "group/weft.overlay.weft": {"endpoints": [etcd.url], "prefix": prefix, "timeout": 20}
        },
        "tasks": [
            {"weft.overlay.network": {"network": "100.96.0.0/16"}},
            {"weft.overlay.network_info": {}},
            {"weft.overlay.subnet_reservation": {"hosts": [host]}},
            {"weft.overlay.lease_info": {}, "register": "overlay"},
            {"weft.overlay.store_access": {}, "check_mode": True},
            {"ansible.builtin.assert": {"that": "overlay.leases[0].subnet == '100.96.1.0/24'"}},
        ],
    }
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", "localhost,", "-c", "local", str(playbook)),
            *("-e", f"ansible_python_interpreter={sys.executable}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env=os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "192.0.2.1" in etcd.get(f"{prefix}/subnets/100.96.1.0-24")
