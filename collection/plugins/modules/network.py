#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publish or remove the network configuration in etcd."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network
short_description: Publish the network configuration in etcd
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Publishes or removes the network configuration that all hosts read, those of weft and those of
    flannel.
  - The options describe the whole configuration. An omitted option has its default,
    even if the stored configuration has another value.
  - Keys of the stored configuration that this module has no option for are kept.
  - A change that would orphan leases is refused unless O(force=true). A lease is orphaned if its
    subnet is outside the range of the new configuration.
extends_documentation_fragment:
  - weft.overlay.store
  - weft.overlay.attributes
  - weft.overlay.attributes.actiongroup_weft
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  state:
    description:
      - Whether the configuration is published.
    type: str
    choices: [present, absent]
    default: present
  network:
    description:
      - The network of all container addresses, such as V(100.96.0.0/16). It must not overlap a
        network that the hosts reach in another way.
      - Required when O(state=present).
    type: str
  subnet_length:
    description:
      - Prefix length of each host's subnet, at least two more than that of O(network) and at most
        30.
      - The default is 24 in a network of /22 or larger, else the network's length plus two.
    type: int
  subnet_min:
    description:
      - Address of the first subnet to lease. The default is the second subnet of O(network).
    type: str
  subnet_max:
    description:
      - Address of the last subnet to lease. The default is the last subnet of O(network).
    type: str
  backend:
    description:
      - The backend that forwards packets between hosts.
    type: dict
    default: {}
    suboptions:
      type:
        description:
          - V(udp) encapsulates packets in UDP in a userspace process; it works over any network
            that forwards UDP.
          - V(vxlan) encapsulates packets in VXLAN (RFC 7348), in the kernel or in a userspace
            process.
          - V(host-gw) adds plain routes; all hosts must be in one layer 2 network.
          - An option that the type does not have is rejected.
        type: str
        choices: [udp, vxlan, host-gw]
        default: udp
      port:
        description:
          - UDP port of the V(udp) and V(vxlan) backends, 1 to 65535. The defaults are 8285 and
            8472.
        type: int
      vni:
        description:
          - VXLAN network identifier, 0 to 9999999. The default is 1. VXLAN allows up to 16777215,
            but the name of the device C(flannel.VNI) would be too long.
        type: int
      mtu:
        description:
          - MTU of the underlay in bytes, before the encapsulation is subtracted. The default is
            that of its interface.
        type: int
      direct_routing:
        description:
          - Whether V(vxlan) sends unencapsulated to hosts in the same layer 2 network. Hosts on the
            userspace datapath ignore this, with a warning.
        type: bool
        default: false
      gbp:
        description:
          - Whether V(vxlan) uses the group policy extension. Hosts on the userspace datapath ignore
            this, with a warning.
        type: bool
        default: false
      learning:
        description:
          - Whether the V(vxlan) device learns addresses from traffic.
        type: bool
        default: false
  force:
    description:
      - Whether to continue if leases would be orphaned, or if the stored configuration cannot be
        parsed.
    type: bool
    default: false
seealso:
  - module: weft.overlay.network_info
  - module: weft.overlay.subnet_reservation
"""

EXAMPLES = r"""
- name: Publish a network with a /24 for each host
  weft.overlay.network:
    network: 100.96.0.0/16
    backend:
      type: udp
  run_once: true

- name: Publish a VXLAN network in an etcd of three members, over TLS
  weft.overlay.network:
    endpoints:
      - https://192.0.2.11:2379
      - https://192.0.2.12:2379
      - https://192.0.2.13:2379
    ca_cert: /etc/weft/pki/ca.pem
    client_cert: /etc/weft/pki/client.pem
    client_key: /etc/weft/pki/client-key.pem
    network: 100.96.0.0/16
    subnet_length: 24
    backend:
      type: vxlan
      direct_routing: true
  run_once: true

- name: Remove the configuration of a network without leases
  weft.overlay.network:
    state: absent
  run_once: true
"""

RETURN = r"""
key:
  description: Key of the configuration in etcd.
  returned: success
  type: str
  sample: /coreos.com/network/config
network:
  description: The configuration after the run, or as it would be, with all defaults. None if it is
    absent.
  returned: success
  type: dict
  sample:
    Network: 100.96.0.0/16
    SubnetLen: 24
    SubnetMin: 100.96.1.0
    SubnetMax: 100.96.255.0
    Backend:
      Type: udp
      Port: 8285
orphaned:
  description: Subnets whose leases the change orphans. Empty unless O(force=true).
  returned: success
  type: list
  elements: str
  sample: []
"""

import json
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.store_connection import (
    open_store,
    store_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.json_object import JsonObject
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import (
    Lease,
    config_key,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import (
    Network,
    NetworkError,
    declare_network,
    network_document,
    serialise_network,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.snapshot import Snapshot
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    WriteConflictError,
)

_ATTEMPTS = 5
# The option, and the variable of the role that sets it.
_FORCE = "force (overlay_network_force of the role)"
_LISTED_LEASES = 10

_BACKEND_OPTIONS = {
    "type": "Type",
    "port": "Port",
    "vni": "VNI",
    "mtu": "MTU",
    "direct_routing": "DirectRouting",
    "gbp": "GBP",
    "learning": "Learning",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The configuration before and after, and the leases that the change orphans."""

    before: Network | None
    before_text: str | None
    after: Network | None
    orphaned: tuple[Lease, ...]

    @property
    def changed(self) -> bool:
        if self.after is None:
            return self.before_text is not None
        return self.before != self.after


def decide(params: dict[str, Any], snapshot: Snapshot) -> Decision:
    """Return the decision from *snapshot* alone. Raises NetworkError if it needs force."""
    before = _current(snapshot, params["force"])
    after = None
    if params["state"] == "present":
        after = declare_network(_declared(params), before)
    orphaned = tuple(
        lease
        for lease in snapshot.leases
        if (after is None or not after.can_lease(lease.subnet))
        and (after is None or before is None or before.can_lease(lease.subnet))
    )
    text = snapshot.network.text if snapshot.network else None
    decision = Decision(before, text, after, orphaned if text is not None else ())
    if decision.orphaned and decision.changed and not params["force"]:
        raise NetworkError(_refusal(decision))
    return decision


def apply(params: dict[str, Any], store: StoreClient, check_mode: bool) -> Decision:
    """Decide and write; decide again after a write conflict."""
    attempts = range(_ATTEMPTS, 0, -1)
    for attempts_left in attempts:
        snapshot = store.snapshot()
        decision = decide(params, snapshot)
        if not decision.changed or check_mode:
            break
        text = serialise_network(decision.after) if decision.after else None
        try:
            store.write_network(text, snapshot)
            break
        except WriteConflictError:
            if attempts_left == 1:
                raise
    return decision


def _current(snapshot: Snapshot, force: bool) -> Network | None:
    if snapshot.network is None:
        return None
    try:
        return snapshot.network.parse()
    except NetworkError as error:
        if force:
            return None
        raise NetworkError(
            f"{error} etcd holds this configuration; to replace or remove it, set {_FORCE} to true."
        ) from error


def _declared(params: dict[str, Any]) -> JsonObject:
    backend = {
        flannel_name: params["backend"][option]
        for option, flannel_name in _BACKEND_OPTIONS.items()
        if params["backend"].get(option) not in (None, False)
    }
    declared = {
        "Network": params["network"],
        "SubnetLen": params["subnet_length"],
        "SubnetMin": params["subnet_min"],
        "SubnetMax": params["subnet_max"],
        "Backend": backend,
    }
    return {name: value for name, value in declared.items() if value is not None}


def _refusal(decision: Decision) -> str:
    listed = [f"{lease.subnet} of {lease.public_ip}" for lease in decision.orphaned]
    more = len(listed) - _LISTED_LEASES
    names = ", ".join(listed[:_LISTED_LEASES]) + (f" and {more} more" if more > 0 else "")
    what = "Removing the network" if decision.after is None else "This change of the network"
    return (
        f"{what} would orphan {len(listed)} leases: {names}. Release them with "
        f"weft.overlay.subnet_reservation, or set {_FORCE} to true."
    )


def _shown(network: Network | None, text: str | None) -> str:
    if network is not None:
        return json.dumps(network_document(network), indent=2) + "\n"
    return f"{text}\n" if text else ""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **store_options(),
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "network": {"type": "str"},
            "subnet_length": {"type": "int"},
            "subnet_min": {"type": "str"},
            "subnet_max": {"type": "str"},
            "backend": {
                "type": "dict",
                "default": {},
                "options": {
                    "type": {
                        "type": "str",
                        "choices": ["udp", "vxlan", "host-gw"],
                        "default": "udp",
                    },
                    "port": {"type": "int"},
                    "vni": {"type": "int"},
                    "mtu": {"type": "int"},
                    "direct_routing": {"type": "bool", "default": False},
                    "gbp": {"type": "bool", "default": False},
                    "learning": {"type": "bool", "default": False},
                },
            },
            "force": {"type": "bool", "default": False},
        },
        required_if=[("state", "present", ["network"])],
        supports_check_mode=True,
    )
    with open_store(module) as store:
        decision = apply(module.params, store, module.check_mode)
        key = config_key(store.prefix)
        before = _shown(decision.before, decision.before_text)
        after = _shown(decision.after, None) if decision.changed else before
        module.exit_json(
            changed=decision.changed,
            key=key,
            network=network_document(decision.after) if decision.after else None,
            orphaned=[str(lease.subnet) for lease in decision.orphaned if decision.changed],
            diff={"before_header": key, "before": before, "after_header": key, "after": after},
        )


if __name__ == "__main__":
    main()
