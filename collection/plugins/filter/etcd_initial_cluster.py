# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.etcd_initial_cluster`, for a cluster whose hosts all start."""

from __future__ import annotations

DOCUMENTATION = r"""
name: etcd_initial_cluster
short_description: "Internal: return ETCD_INITIAL_CLUSTER for members that start a cluster together"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.etcd#role). Replaces the port in the client URL of each
    member by the peer port.
positional: _input, peer_port
options:
  _input:
    description: Client URL of each member by its name, as the filter etcd_urls returns them.
    type: dict
    required: true
  peer_port:
    description: TCP port for the other members.
    type: int
    required: true
seealso:
  - plugin: weft.overlay.etcd_urls
    plugin_type: filter
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the cluster
  ansible.builtin.debug:
    msg: "{{ {'store1': 'https://192.0.2.11:2379'} | weft.overlay.etcd_initial_cluster(2380) }}"
"""

RETURN = r"""
_value:
  description: Name and peer URL of each member, such as C(store1=https://192.0.2.11:2380).
  type: str
"""

import re
from collections.abc import Mapping
from typing import Any

_PORT = re.compile(r":[0-9]+$")


def etcd_initial_cluster(urls: Mapping[str, str], peer_port: int) -> str:
    """Return `NAME=URL` of each member, separated by commas, in the given order."""
    return ",".join(f"{name}={_PORT.sub(f':{peer_port}', url)}" for name, url in urls.items())


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"etcd_initial_cluster": etcd_initial_cluster}
