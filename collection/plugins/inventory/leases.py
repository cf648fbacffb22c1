# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin `weft.overlay.leases`: the hosts that hold leases in etcd."""

from __future__ import annotations

DOCUMENTATION = r"""
name: leases
short_description: Inventory of the hosts that hold a lease in etcd
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Adds a host for each lease of the overlay network, of weft or of flannel, with its subnet,
    public IP and backend as variables. All are in the group O(group), and in one for each backend,
    such as C(weft_backend_udp).
  - A lease has no host name. If an inventory source read before this one has a host with this
    C(overlay_public_ip), C(ansible_host) or name, the host keeps its name and connection variables.
    Otherwise the name is that of O(hostnames), or the public IP, which becomes its C(ansible_host).
  - The file name must end in C(weft_leases.yml) or C(weft_leases.yaml).
extends_documentation_fragment:
  - weft.overlay.store
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [weft.overlay.leases]
  endpoints:
    description:
      - Client URLs of the members of etcd, tried in order until one answers.
      - V(https) requires O(ca_cert).
    type: list
    elements: str
    default:
      - http://127.0.0.1:2379
    env:
      - name: WEFT_STORE_ENDPOINTS
  password:
    description:
      - Password of O(user).
    type: str
    env:
      - name: WEFT_STORE_PASSWORD
  group:
    description: The group of all hosts that hold a lease.
    type: str
    default: weft_leases
  hostnames:
    description: Names of hosts, by their public IPs.
    type: dict
    default: {}
"""

EXAMPLES = r"""
# weft_leases.yml: etcd without TLS
plugin: weft.overlay.leases
endpoints:
  - http://192.0.2.21:2379
hostnames:
  192.0.2.31: flannel1

---
# The etcd of the role etcd, with a copy of a client certificate that may read the network
plugin: weft.overlay.leases
endpoints:
  - https://192.0.2.21:2379
ca_cert: ~/weft/ca.pem
client_cert: ~/weft/reader.pem
client_key: ~/weft/reader.key
# Groups such as subnet_100_96_1_0_24, and variables of your own
keyed_groups:
  - key: weft_subnet
    prefix: subnet
groups:
  expiring: not weft_reservation
compose:
  container_gateway: weft_bip.split('/')[0]
strict: true
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/weft
cache_timeout: 300
"""

from typing import Any

from ansible.errors import AnsibleParserError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.weft.overlay.plugins.module_utils.store_connection import (
    store_options,
    store_settings,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import config_key
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.grpc_channel import (
    LIBRARY_ERROR,
)
from ansible_collections.weft.overlay.plugins.plugin_utils.leased_hosts import (
    known_names,
    leased_hosts,
)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    """Adds the hosts of the leases, or of the cached ones, to the inventory."""

    NAME = "weft.overlay.leases"

    def verify_file(self, path: str) -> bool:
        """Tell whether the name is that of a file of this plugin."""
        endings = ("weft_leases.yml", "weft_leases.yaml")
        return bool(super().verify_file(path)) and path.endswith(endings)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the hosts. Raises AnsibleParserError that names the file and the reason."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        hosts = self._cached_hosts(path, cache)
        known = known_names({name: host.vars for name, host in inventory.hosts.items()})
        given = {str(address): name for address, name in self.get_option("hostnames").items()}
        for variables in hosts:
            public_ip = variables["weft_public_ip"]
            name = known.get(public_ip) or given.get(public_ip, public_ip)
            self._add(name, variables, known=public_ip in known)

    def _cached_hosts(self, path: str, cache: bool) -> list[dict[str, Any]]:
        key = self.get_cache_key(path)
        use = self.get_option("cache")
        if use and cache and key in self._cache:
            cached: list[dict[str, Any]] = self._cache[key]
            return cached
        hosts = self._read_hosts(path)
        if use:
            self._cache[key] = hosts
        return hosts

    def _read_hosts(self, path: str) -> list[dict[str, Any]]:
        if LIBRARY_ERROR is not None:
            reason = "to read the leases (it is in the collection's requirements.txt)"
            raise AnsibleParserError(f"{path}: {missing_required_lib('etcd3', reason=reason)}")
        options = {name: self.get_option(name) for name in store_options()}
        try:
            with StoreClient(store_settings(options)) as store:
                snapshot = store.snapshot()
                if snapshot.network is None:
                    raise AnsibleParserError(
                        f"{path}: etcd has no network configuration at {config_key(store.prefix)}: "
                        "correct the option prefix, or publish a network (site.yml)."
                    )
                for entry in snapshot.invalid:
                    self.display.warning(f"{path}: {entry.key} is not a lease: {entry.reason}")
                return leased_hosts(snapshot.leases, snapshot.network.parse())
        except WeftError as error:
            raise AnsibleParserError(f"{path}: {error}") from error

    def _add(self, name: str, variables: dict[str, Any], known: bool) -> None:
        backend = self._sanitize_group_name(f"weft_backend_{variables['weft_backend']}")
        self.inventory.add_host(name)
        for group in (self.get_option("group"), backend):
            self.inventory.add_group(group)
            self.inventory.add_host(name, group)
        if not known:
            self.inventory.set_variable(name, "ansible_host", variables["weft_public_ip"])
        for key, value in variables.items():
            self.inventory.set_variable(name, key, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(
            self.get_option("keyed_groups"), variables, name, strict=strict
        )
