#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change passwords of etcd users."""

from __future__ import annotations

DOCUMENTATION = r"""
module: store_password
short_description: Change passwords of etcd users
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Changes the passwords of existing users. If a login with the wanted password succeeds, nothing
    is changed.
  - For an etcd whose users log in by password. The users that the role P(weft.overlay.etcd#role)
    creates have no passwords.
  - A change ends the user's sessions. The agents log in again on their own if their settings have
    the new password; the playbook C(weft.overlay.rotate) distributes it first.
  - Requires that authentication is enabled, and a user with the role C(root).
extends_documentation_fragment:
  - weft.overlay.store
  - weft.overlay.attributes
  - weft.overlay.attributes.actiongroup_weft
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: A password is not shown.
options:
  prefix:
    description:
      - Not used; accepted because all modules for etcd have it.
  users:
    description:
      - Users, each with its new password.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the user.
        type: str
        required: true
      password:
        description:
          - Its password.
        type: str
        required: true
seealso:
  - module: weft.overlay.store_access
"""

EXAMPLES = r"""
- name: Change the password of the agents
  weft.overlay.store_password:
    endpoints:
      - https://192.0.2.21:2379
    ca_cert: /etc/weft/pki/ca.pem
    user: root
    password: "{{ vault_etcd_root_password }}"
    users:
      - name: weft
        password: "{{ vault_store_password }}"
  run_once: true
"""

RETURN = r"""
users:
  description: Names of the users whose password was changed, or would be.
  returned: success
  type: list
  elements: str
  sample: [weft]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.store_connection import (
    open_access,
    store_options,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **store_options(),
            "users": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "password": {"type": "str", "required": True, "no_log": True},
                },
            },
        },
        supports_check_mode=True,
    )
    with open_access(module) as store:
        wanted = {user["name"]: user["password"] for user in module.params["users"]}
        due = [
            name for name, password in wanted.items() if not store.accepts_password(name, password)
        ]
        for name in [] if module.check_mode else due:
            store.change_password(name, wanted[name])
    module.exit_json(changed=bool(due), users=due)


if __name__ == "__main__":
    main()
