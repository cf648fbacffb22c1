# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action group sets the common options of all modules for etcd, with a real etcd."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.playbook import CHECKOUT, play
from tests.store.etcd_server import EtcdMember


def test_a_play_names_the_store_once(etcd: EtcdMember, prefix: str, tmp_path: Path) -> None:
    host = {"name": "web1", "public_ip": "192.0.2.1"}
    written = {
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
    playbook.write_text(json.dumps([written]), encoding="utf-8")
    done = play(
        *(CHECKOUT, tmp_path, "-i", "localhost,", "-c", "local", playbook),
        *("-e", f"ansible_python_interpreter={sys.executable}"),
    )
    assert done.status == 0, done.output
    assert "192.0.2.1" in etcd.get(f"{prefix}/subnets/100.96.1.0-24")
