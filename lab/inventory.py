# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab as an Ansible inventory."""

from __future__ import annotations

import json
import shlex
from typing import Any

from lab import paths, ssh
from lab.errors import LabError
from lab.recipe import BUSYBOX_ARCHIVE, BUSYBOX_TAG
from lab.settings import Lab


def render(lab: Lab, etcd_members: int) -> str:
    """Return the inventory in YAML.

    Its groups are ``weft``, every host, and ``weft_etcd``, the first one, three or five.
    Raise LabError if the lab has fewer hosts than etcd is to have members.
    """
    if etcd_members > len(lab.hosts):
        raise LabError(
            f"etcd cannot have {etcd_members} members on the {len(lab.hosts)} hosts of lab "
            f"{lab.name!r}; set --etcd"
        )
    names = [host.name for host in lab.hosts]
    document = {
        "all": {
            "vars": {
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(paths.SSH_KEY),
                "ansible_ssh_common_args": shlex.join(ssh.options(lab.name)),
                "ansible_ssh_args": "-F none -o ControlMaster=auto -o ControlPersist=60s",
                "ansible_python_interpreter": "/usr/bin/python3",
                # A host has no way to a mirror; what roles install waits in its apt cache.
                "weft_apt_update_cache": False,
                "verify_image": {"archive": BUSYBOX_ARCHIVE, "name": BUSYBOX_TAG},
            },
            "children": {
                "weft": {
                    "hosts": {host.name: {"ansible_host": str(host.address)} for host in lab.hosts}
                },
                "weft_etcd": {"hosts": {name: {} for name in names[:etcd_members]}},
            },
        }
    }
    return f"---\n{_yaml(document)}"


def _yaml(mapping: dict[str, Any], depth: int = 0) -> str:
    """Serialise nested mappings; every scalar of JSON is one of YAML 1.2 too."""
    indent = "  " * depth
    lines = []
    for key, value in mapping.items():
        if isinstance(value, dict) and value:
            lines.append(f"{indent}{key}:\n{_yaml(value, depth + 1)}")
        else:
            lines.append(f"{indent}{key}: {json.dumps(value)}\n")
    return "".join(lines)
