#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the leases of the overlay network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lease_info
short_description: Read the leases of the overlay network from etcd
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Returns the leases of all hosts, or those that match the options, whether weft or flannel wrote
    them.
  - Invalid entries under the leases' prefix are returned separately, with the reason; the module
    does not fail.
extends_documentation_fragment:
  - weft.overlay.store
  - weft.overlay.attributes
  - weft.overlay.attributes.actiongroup_weft
  - weft.overlay.attributes.info_module
options:
  public_ip:
    description:
      - Only leases of the host with this address.
    type: str
  subnet:
    description:
      - Only leases that overlap this range.
    type: str
seealso:
  - module: weft.overlay.subnet_reservation
"""

EXAMPLES = r"""
- name: Read all leases
  weft.overlay.lease_info:
  run_once: true
  register: overlay

- name: Find the host of a container's address
  weft.overlay.lease_info:
    subnet: 100.96.7.13/32
  run_once: true
"""

RETURN = r"""
leases:
  description: The leases, in the order of their subnets.
  returned: success
  type: list
  elements: dict
  sample:
    - subnet: 100.96.1.0/24
      bip: 100.96.1.1/24
      key: /coreos.com/network/subnets/100.96.1.0-24
      public_ip: 192.0.2.21
      public_ipv6: null
      ipv6_subnet: null
      backend_type: null
      backend_data: null
      backend_v6_data: null
      reservation: true
      ttl: null
      granted_ttl: null
      revision: 7
  contains:
    subnet:
      description: The subnet of the host.
      type: str
    bip:
      description: The address of the bridge, the first of the subnet, with its length.
      type: str
    key:
      description: Key of the lease in etcd.
      type: str
    public_ip:
      description: The address by which the other hosts reach the host.
      type: str
    public_ipv6:
      description: The IPv6 address by which the other hosts reach the host.
      type: str
    ipv6_subnet:
      description: The IPv6 subnet of the host.
      type: str
    backend_type:
      description: The backend that the host runs. None with V(udp), which does not write it.
      type: str
    backend_data:
      description: Data of the host's backend for the other hosts, such as the MAC address of its
        VTEP.
      type: raw
    backend_v6_data:
      description: The same for IPv6.
      type: raw
    reservation:
      description: Whether the lease never expires.
      type: bool
    ttl:
      description: Seconds until the lease expires. None for a reservation.
      type: int
    granted_ttl:
      description: Seconds that each renewal grants the lease. None for a reservation.
      type: int
    revision:
      description: etcd revision at which the lease was last written.
      type: int
invalid:
  description: Invalid entries under the leases' prefix.
  returned: success
  type: list
  elements: dict
  sample: []
  contains:
    key:
      description: Key of the entry in etcd.
      type: str
    reason:
      description: Why it is not a lease.
      type: str
revision:
  description: etcd revision that was read.
  returned: success
  type: int
  sample: 12
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.lease_parameters import (
    lease_result,
    public_ip,
    subnet,
)
from ansible_collections.weft.overlay.plugins.module_utils.store_connection import (
    open_store,
    store_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease, TimeToLive


def result(prefix: str, lease: Lease, lives: dict[int, TimeToLive]) -> dict[str, Any]:
    """Return the return value of *lease*."""
    life = lives.get(lease.lease_id)
    return {
        **lease_result(prefix, lease),
        "public_ipv6": str(lease.public_ipv6) if lease.public_ipv6 else None,
        "ipv6_subnet": str(lease.ipv6_subnet) if lease.ipv6_subnet else None,
        "backend_type": lease.backend_type,
        "backend_data": lease.backend_data,
        "backend_v6_data": lease.backend_v6_data,
        "reservation": lease.is_reservation,
        "ttl": life.remaining if life else None,
        "granted_ttl": life.granted if life else None,
        "revision": lease.mod_revision,
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **store_options(),
            "public_ip": {"type": "str"},
            "subnet": {"type": "str"},
        },
        supports_check_mode=True,
    )
    params = module.params
    with open_store(module) as store:
        address = public_ip(params["public_ip"], "the filter") if params["public_ip"] else None
        overlapping = subnet(params["subnet"], "the filter") if params["subnet"] else None
        snapshot = store.snapshot()
        leases = [
            lease
            for lease in snapshot.leases
            if (address is None or lease.public_ip == address)
            and (overlapping is None or lease.subnet.overlaps(overlapping))
        ]
        lives = store.times_to_live(lease.lease_id for lease in leases)
        module.exit_json(
            changed=False,
            leases=[result(store.prefix, lease, lives) for lease in leases],
            invalid=[{"key": entry.key, "reason": entry.reason} for entry in snapshot.invalid],
            revision=snapshot.revision,
        )


if __name__ == "__main__":
    main()
