#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reserve or release the subnets of hosts in etcd."""

from __future__ import annotations

DOCUMENTATION = r"""
module: subnet_reservation
short_description: Reserve the subnets of Docker hosts in etcd
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Reserves or releases the subnets of hosts, for one host or in one call for a whole fleet.
  - A host is identified by its public IP. It keeps the subnet that it holds, also if its address
    changes (O(former_public_ip)). Otherwise it gets the
    requested one, else the previous one if that is free, else the lowest free one, in the order of
    the list. A new subnet never overlaps an existing lease.
  - Concurrent runs, and hosts of flannel that take leases at the same time, never get the same
    subnet. After a write conflict the module reads the leases again and decides again.
  - A host whose subnet is outside the range of the network gets another one.
extends_documentation_fragment:
  - weft.overlay.store
  - weft.overlay.attributes
  - weft.overlay.attributes.actiongroup_weft
attributes:
  check_mode:
    support: full
    details:
      - Returns the same subnets as a run, unless leases are written in between.
      - If no network is published, the subnets cannot be predicted. The module then returns an
        empty RV(reservations), with a warning.
  diff_mode:
    support: full
options:
  state:
    description:
      - Whether the subnets are reserved.
      - With V(absent), all leases of a public IP are released, or with O(subnet) only that one.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - Name of the host in the return values. The default is O(public_ip).
    type: str
  public_ip:
    description:
      - IPv4 address by which the other hosts reach the host.
    type: str
  subnet:
    description:
      - Subnet that the host must have, such as V(100.96.1.0/24).
      - If the host holds another one, the module fails, because its containers would change
        address, unless O(move=true).
    type: str
  previous:
    description:
      - Subnet that the host had before, such as V(100.96.1.0/24), or the address of docker0 with
        its prefix length, such as V(100.96.1.1/24).
      - A host without a lease gets it again if it is free and in the range of the network.
    type: str
  former_public_ip:
    description:
      - IPv4 address that the host had before. If O(public_ip) holds no lease, the lease of this
        address becomes that of O(public_ip), with the same subnet.
      - It is ignored if another host of O(hosts) has the address now.
    type: str
  hosts:
    description:
      - Several hosts, instead of O(name), O(public_ip), O(subnet), O(previous) and
        O(former_public_ip). Subnets are assigned in this order, the lowest first.
      - A thousand hosts need one read and a few transactions of etcd.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the host in the return values.
        type: str
        required: true
      public_ip:
        description:
          - IPv4 address by which the other hosts reach the host.
        type: str
        required: true
      subnet:
        description:
          - Subnet that the host must have.
        type: str
      previous:
        description:
          - Subnet that the host had before, or the address of docker0 with its prefix length.
        type: str
      former_public_ip:
        description:
          - IPv4 address that the host had before.
        type: str
  ttl:
    description:
      - Seconds after which a lease expires unless the host renews it. flannel uses V(86400).
      - Without it, leases are reservations that never expire, and existing leases with a time to
        live become reservations.
      - The time to live of an existing lease is not changed; the host renews it.
    type: int
  move:
    description:
      - Whether a host that requests another subnet than the one it holds changes to it. Its own
        subnet is released.
    type: bool
    default: false
seealso:
  - module: weft.overlay.lease_info
  - module: weft.overlay.network
"""

EXAMPLES = r"""
- name: Reserve a subnet for each host of the inventory, in its order
  weft.overlay.subnet_reservation:
    hosts: "{{ dict(ansible_play_hosts_all | zip(public_ips)) | dict2items('name', 'public_ip') }}"
  vars:
    public_ips: "{{ ansible_play_hosts_all | map('extract', hostvars, 'ansible_host') }}"
  run_once: true
  register: reserved

- name: Reserve a given subnet for one host
  weft.overlay.subnet_reservation:
    name: web1
    public_ip: 192.0.2.21
    subnet: 100.96.7.0/24

- name: Release the leases of a removed host
  weft.overlay.subnet_reservation:
    public_ip: 192.0.2.21
    state: absent
"""

RETURN = r"""
reservations:
  description: What each host holds now, or would hold, by its name. Empty when O(state=absent).
  returned: success
  type: dict
  sample:
    web1:
      subnet: 100.96.1.0/24
      bip: 100.96.1.1/24
      key: /coreos.com/network/subnets/100.96.1.0-24
      public_ip: 192.0.2.21
      expires: false
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
    expires:
      description: Whether the lease expires unless it is renewed.
      type: bool
released:
  description: The subnets that were, or would be, released.
  returned: success
  type: list
  elements: str
  sample: []
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.lease_parameters import (
    lease_result,
    public_ip,
    subnet,
    subnet_around,
)
from ansible_collections.weft.overlay.plugins.module_utils.store_connection import (
    open_store,
    store_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.allocation import (
    AllocationError,
    Request,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import NoNetworkError
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.reservation import (
    ReservationSettings,
    plan_release,
    plan_reservations,
    release,
    reserve,
)

# The options of one host, which `hosts` replaces.
_HOST_OPTIONS = ("name", "public_ip", "subnet", "previous", "former_public_ip")


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run; ``before`` and ``after`` are the leases by host, for the diff."""

    changed: bool
    before: dict[str, Any]
    after: dict[str, Any]
    reservations: dict[str, Any]
    released: tuple[Lease, ...] = ()


def requests_from(params: dict[str, Any]) -> tuple[Request, ...]:
    """Return the requests of the hosts. Raises AllocationError with host and value."""
    hosts = params["hosts"]
    if hosts is None:
        hosts = [{key: params[key] for key in _HOST_OPTIONS}]
    requests = tuple(_request(host) for host in hosts)
    names = [request.name for request in requests]
    for name in names:
        if len(names) != len(set(names)) and names.count(name) > 1:
            raise AllocationError(f"Host '{name}' is listed more than once; list each host once.")
    return requests


def present(
    store: StoreClient,
    requests: tuple[Request, ...],
    settings: ReservationSettings,
    check_mode: bool,
) -> Result:
    if check_mode:
        reservations, _changes = plan_reservations(
            store.prefix, store.snapshot(), requests, settings
        )
    else:
        reservations = reserve(store, requests, settings)
    return Result(
        changed=any(reservation.changed for reservation in reservations),
        before={
            reservation.request.name: _shown(
                reservation.before, not reservation.before.is_reservation
            )
            for reservation in reservations
            if reservation.before is not None
        },
        after={
            reservation.request.name: _shown(reservation.after, reservation.expires)
            for reservation in reservations
        },
        reservations={
            reservation.request.name: {
                **lease_result(store.prefix, reservation.after),
                "expires": reservation.expires,
            }
            for reservation in reservations
        },
    )


def absent(store: StoreClient, requests: tuple[Request, ...], check_mode: bool) -> Result:
    leases = plan_release(store.snapshot(), requests) if check_mode else release(store, requests)
    names = {request.public_ip: request.name for request in requests}
    return Result(
        changed=bool(leases),
        before=_grouped((names[lease.public_ip], lease) for lease in leases),
        after={},
        reservations={},
        released=leases,
    )


def _request(host: dict[str, Any]) -> Request:
    name = host["name"] or host["public_ip"]
    owner = f"host '{name}'"
    return Request(
        name=name,
        public_ip=public_ip(host["public_ip"], owner),
        subnet=subnet(host["subnet"], owner) if host["subnet"] else None,
        previous=subnet_around(host["previous"], owner) if host["previous"] else None,
        former_public_ip=public_ip(host["former_public_ip"], owner)
        if host["former_public_ip"]
        else None,
    )


def _shown(lease: Lease, expires: bool) -> dict[str, Any]:
    return {
        "expires": expires,
        "public_ip": str(lease.public_ip),
        "subnet": str(lease.subnet),
    }


def _grouped(leases: Iterable[tuple[str, Lease]]) -> dict[str, Any]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for name, lease in leases:
        grouped.setdefault(name, []).append(_shown(lease, not lease.is_reservation))
    return grouped


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **store_options(),
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "name": {"type": "str"},
            "public_ip": {"type": "str"},
            "subnet": {"type": "str"},
            "previous": {"type": "str"},
            "former_public_ip": {"type": "str"},
            "hosts": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {"type": "str", "required": True},
                    "public_ip": {"type": "str", "required": True},
                    "subnet": {"type": "str"},
                    "previous": {"type": "str"},
                    "former_public_ip": {"type": "str"},
                },
            },
            "ttl": {"type": "int"},
            "move": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("hosts", alone) for alone in _HOST_OPTIONS],
        required_one_of=[("hosts", "public_ip")],
        supports_check_mode=True,
    )
    params = module.params
    if params["ttl"] is not None and params["ttl"] < 1:
        module.fail_json(msg=f"The ttl {params['ttl']} must be at least 1 second.")
    with open_store(module) as store:
        requests = requests_from(params)
        try:
            if params["state"] == "present":
                settings = ReservationSettings(ttl=params["ttl"], may_move=params["move"])
                result = present(store, requests, settings, module.check_mode)
            else:
                result = absent(store, requests, module.check_mode)
        except NoNetworkError as error:
            if not module.check_mode:
                raise
            module.warn(f"{error} In check mode no subnet can be predicted before that.")
            result = Result(bool(requests), {}, {}, {})
        module.exit_json(
            changed=result.changed,
            reservations=result.reservations,
            released=[str(lease.subnet) for lease in result.released],
            diff={"before": result.before, "after": result.after},
        )


if __name__ == "__main__":
    main()
