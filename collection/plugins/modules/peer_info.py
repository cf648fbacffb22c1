#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the entries for the other hosts in the kernel and the userspace datapath."""

from __future__ import annotations

DOCUMENTATION = r"""
module: peer_info
short_description: Read the routing entries for the other hosts of the overlay
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the collection. The playbook C(remove_host) uses it.
  - Returns the routes, neighbours and FDB entries through which the kernel reaches the other hosts
    of the overlay, and the peers of the userspace datapath.
  - Compares them with O(leases), to find entries that lead to a removed host.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  leases:
    description:
      - The leases in etcd, as M(weft.overlay.lease_info) returns them. Keys other than
        C(subnet) and C(public_ip) are ignored.
    type: list
    elements: dict
    required: true
  socket:
    description: The control socket of the userspace datapath. It is skipped if it does not exist.
    type: path
    default: /run/weft/datapath.sock
seealso:
  - module: weft.overlay.lease_info
"""

EXAMPLES = r"""
- name: Read all leases
  weft.overlay.lease_info:
  run_once: true
  register: leases

- name: Wait until every entry belongs to a lease
  weft.overlay.peer_info:
    leases: "{{ leases.leases }}"
  register: peers
  until: peers.strays | length == 0
  retries: 30
  delay: 1
"""

RETURN = r"""
entries:
  description: The entries for the other hosts.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: route
      destination: 100.96.2.0/24
      public_ip: null
      device: flannel.1
    - kind: fdb
      destination: null
      public_ip: 192.0.2.12
      device: flannel.1
  contains:
    kind:
      description: One of V(route), V(neighbour), V(fdb) and V(datapath).
      type: str
    destination:
      description: The peer's subnet, or an address in it. Null if the entry has none.
      type: str
    public_ip:
      description: The public IP of the peer. Null if the entry has none.
      type: str
    device:
      description: The device. Null for V(datapath).
      type: str
strays:
  description: The stale entries, which belong to no lease.
  returned: success
  type: list
  elements: dict
  sample: []
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.host_state import (
    PeerEntry,
    datapath_peers,
    own_devices,
    peer_fdb_entries,
    peer_neighbours,
    peer_routes,
    stale_entries,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.client import (
    DEFAULT_PATH,
    DatapathClient,
    DatapathError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import VXLAN
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import ROUTE_PROTOCOL


class PeerInfo:
    """Reads the tables of the kernel and of the userspace datapath."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module

    def entries(self) -> Iterator[PeerEntry]:
        """Yield the entries for the other hosts."""
        protocol = ("table", "main", "protocol", str(ROUTE_PROTOCOL))
        yield from peer_routes(self._run("ip", "-N", "-j", "-4", "route", "show", *protocol))
        links = self._run("ip", "-N", "-j", "-d", "link", "show", "type", VXLAN)
        for device in own_devices(links):
            neighbours = ("neighbour", "show", "dev", device, "nud", "permanent")
            yield from peer_neighbours(self._run("ip", "-N", "-j", "-4", *neighbours), device)
            fdb = self._run("bridge", "-j", "fdb", "show", "dev", device)
            yield from peer_fdb_entries(fdb, device)
        try:
            datapath = DatapathClient(self.module.params["socket"]).status()
        except DatapathError:
            # It does not run if the kernel's datapath is used.
            return
        yield from datapath_peers(datapath["peers"])

    def _run(self, program: str, *arguments: str) -> str:
        path = self.module.get_bin_path(program, required=True)
        _code, output, _error = self.module.run_command([path, *arguments], check_rc=True)
        return str(output)


def _leases(given: list[dict[str, Any]]) -> dict[IPv4Network, IPv4Address]:
    """Return the public IP by subnet. Raises ValueError if a lease is not valid."""
    try:
        return {IPv4Network(lease["subnet"]): IPv4Address(lease["public_ip"]) for lease in given}
    except KeyError as error:
        raise ValueError(
            f"a lease lacks {error}: pass the leases that weft.overlay.lease_info returns"
        ) from error


def _shown(entry: PeerEntry) -> dict[str, str | None]:
    return {
        "kind": str(entry.kind),
        "destination": str(entry.destination) if entry.destination else None,
        "public_ip": str(entry.public_ip) if entry.public_ip else None,
        "device": entry.device,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "leases": {"type": "list", "elements": "dict", "required": True},
            "socket": {"type": "path", "default": str(DEFAULT_PATH)},
        },
        supports_check_mode=True,
    )
    try:
        leases = _leases(module.params["leases"])
    except ValueError as error:
        module.fail_json(msg=str(error))
    entries = list(PeerInfo(module).entries())
    module.exit_json(
        changed=False,
        entries=[_shown(entry) for entry in entries],
        strays=[_shown(entry) for entry in stale_entries(entries, leases)],
    )


if __name__ == "__main__":
    main()
