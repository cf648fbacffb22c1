#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage etcd's users, roles and permissions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: store_access
short_description: Manage etcd's users, roles and permissions
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Creates, changes and deletes roles and users of etcd, and enables authentication.
  - A user is the common name of a client certificate and has no password, so the members of etcd
    must require client certificates (C(--client-cert-auth)).
  - Users and roles that are not listed are not changed, except those that O(purge_prefix) covers.
  - Once authentication is on, only the user C(root) may use this module.
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
  prefix:
    description:
      - Not used; accepted because all modules for etcd have it.
  roles:
    description:
      - Roles to be present, each with all of its permissions.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the role. C(root) is built into etcd and must not be listed.
        type: str
        required: true
      permissions:
        description:
          - All permissions of the role.
        type: list
        elements: dict
        default: []
        suboptions:
          key:
            description:
              - The key, in ASCII.
            type: str
            required: true
          prefix:
            description:
              - Whether the permission is for all keys that begin with O(roles[].permissions[].key).
            type: bool
            default: false
          access:
            description:
              - The access that is granted.
            type: str
            choices: [read, write, readwrite]
            required: true
  users:
    description:
      - Users to be present, each with all of its roles.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the user, the common name of its certificate.
        type: str
        required: true
      roles:
        description:
          - All roles of the user.
        type: list
        elements: str
        default: []
  absent:
    description:
      - Names of roles and users to be absent.
    type: list
    elements: str
    default: []
  purge_prefix:
    description:
      - Roles and users whose names have this prefix, and that O(roles) and O(users) do not list,
        are deleted.
    type: str
  enabled:
    description:
      - Whether to enable authentication. This module never disables it.
      - Requires the user C(root) with the role C(root).
    type: bool
    default: false
seealso:
  - module: weft.overlay.subnet_reservation
  - name: Role-based access control of etcd
    description: Users, roles and permissions of etcd.
    link: https://etcd.io/docs/v3.5/op-guide/authentication/rbac/
"""

EXAMPLES = r"""
- name: Allow a host to read the network and to write its own lease only
  weft.overlay.store_access:
    endpoints:
      - https://192.0.2.11:2379
    ca_cert: /etc/weft/store/ca.pem
    client_cert: /etc/weft/store/root.pem
    client_key: /etc/weft/store/root.key
    roles:
      - name: weft-host-192.0.2.12
        permissions:
          - key: /coreos.com/network/
            prefix: true
            access: read
          - key: /coreos.com/network/subnets/100.96.2.0-24
            access: write
    users:
      - name: root
        roles: [root]
      - name: weft-host-192.0.2.12
        roles: [weft-host-192.0.2.12]
    enabled: true
  run_once: true

- name: Delete the user and the role of a removed host
  weft.overlay.store_access:
    endpoints:
      - https://192.0.2.11:2379
    ca_cert: /etc/weft/store/ca.pem
    client_cert: /etc/weft/store/root.pem
    client_key: /etc/weft/store/root.key
    absent:
      - weft-host-192.0.2.12
  run_once: true
"""

RETURN = r"""
steps:
  description: The changes in order, or in check mode those that would be made.
  returned: success
  type: list
  elements: str
  sample:
    - AddRole(role='weft-host-192.0.2.12')
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.etcd_access.access import (
    ROOT,
    AccessError,
    Permission,
    PermissionType,
    WantedAccess,
    access_after,
    describe,
    plan,
)
from ansible_collections.weft.overlay.plugins.module_utils.store_connection import (
    open_access,
    store_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.transaction import prefix_end


def wanted_access(params: dict[str, Any]) -> WantedAccess:
    """Return the wanted users and roles of the parameters. Raises AccessError."""
    roles = {
        role["name"]: frozenset(map(_permission, role["permissions"])) for role in params["roles"]
    }
    users = {user["name"]: frozenset(user["roles"]) for user in params["users"]}
    if len(roles) < len(params["roles"]) or len(users) < len(params["users"]):
        raise AccessError(
            "A role or user is listed twice; list each once, with all its permissions or roles."
        )
    if ROOT in roles:
        raise AccessError("The role root is built into etcd; leave it out of roles.")
    return WantedAccess(
        enabled=params["enabled"],
        roles=roles,
        users=users,
        absent=frozenset(params["absent"]),
        purge_prefix=params["purge_prefix"],
    )


def _permission(option: dict[str, Any]) -> Permission:
    if not option["key"] or not option["key"].isascii():
        raise AccessError(f"The key {option['key']!r} is empty or not ASCII; give an ASCII key.")
    key = option["key"].encode()
    return Permission(
        key, prefix_end(key) if option["prefix"] else b"", PermissionType[option["access"].upper()]
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **store_options(),
            "roles": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "permissions": {
                        "type": "list",
                        "elements": "dict",
                        "default": [],
                        "options": {
                            "key": {"type": "str", "required": True, "no_log": False},
                            "prefix": {"type": "bool", "default": False},
                            "access": {
                                "type": "str",
                                "choices": ["read", "write", "readwrite"],
                                "required": True,
                            },
                        },
                    },
                },
            },
            "users": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "roles": {"type": "list", "elements": "str", "default": []},
                },
            },
            "absent": {"type": "list", "elements": "str", "default": []},
            "purge_prefix": {"type": "str"},
            "enabled": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with open_access(module) as store:
        wanted = wanted_access(module.params)
        named = wanted.roles.keys() | wanted.users.keys() | wanted.absent
        before = store.read(named)
        steps = plan(before, wanted)
        if steps and not module.check_mode:
            store.carry_out(steps)
        module.exit_json(
            changed=bool(steps),
            steps=[str(step) for step in steps],
            diff={
                "before_header": "access",
                "before": describe(before, named),
                "after_header": "access",
                "after": describe(access_after(before, wanted), named),
            },
        )


if __name__ == "__main__":
    main()
