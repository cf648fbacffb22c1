#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which keys and certificates of a host are to be made or renewed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_info
short_description: Report which keys and certificates of a host must be created or renewed
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Compares keys and their certificates with the requested ones, and returns how they differ from
    those that the role P(weft.overlay.certificate#role) creates.
  - One call checks all identities of a host, so that a run without changes needs no other call.
  - If a field cannot be compared, the identity is due, with that reason.
requirements:
  - cryptography, on the host. Without it every identity is due.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  identities:
    description: The identities to check, each a key with its certificate.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The common name of the certificate.
        type: str
        required: true
      file:
        description: Base name of the files of the key (C(.key)) and the certificate (C(.pem)).
        type: str
        required: true
      directory:
        description:
          - The directory of these files, and of C(ca.pem) with the CA certificates.
        type: path
        required: true
      owner:
        description: The owner of the key, the only user with read access.
        type: str
        default: root
      group:
        description: The group of the directory, which may list it.
        type: str
        default: root
      addresses:
        description: Subject alternative names of a server, such as V(IP:192.0.2.11).
        type: list
        elements: str
        default: []
      usages:
        description: Extended key usages of the certificate.
        type: list
        elements: str
        default: [clientAuth]
  trusted:
    description:
      - The trusted CA certificates in PEM, as C(ca.pem) must have them. The first is the signing
        CA.
      - Without it, those in C(ca.pem) are trusted, for runs in which the CA is unreachable.
    type: str
  renewal_days:
    description: Number of days before its expiry from which a certificate is due.
    type: int
    default: 30
  renew:
    description: Whether all identities are due, also valid ones.
    type: bool
    default: false
seealso:
  - ref: ansible_collections.community.crypto.x509_certificate_info_module
    description: The fields of a single certificate.
"""

EXAMPLES = r"""
- name: Check the agent's key and certificate
  weft.overlay.certificate_info:
    identities:
      - name: weft-host-192.0.2.11
        file: agent
        directory: /etc/weft/tls
        owner: weft
        group: weft
    trusted: "{{ lookup('ansible.builtin.file', 'authority.pem') }}"
  register: identities

- name: Show why it must be renewed
  ansible.builtin.debug:
    msg: "{{ identities.due[0].reasons }}"
  when: identities.due | length > 0
"""

RETURN = r"""
due:
  description: The identities that must be created or renewed, in the order of O(identities).
  returned: success
  type: list
  elements: dict
  contains:
    identity:
      description: The identity of O(identities), with the defaults.
      type: dict
    reasons:
      description: Why it must be created or renewed, as clauses.
      type: list
      elements: str
  sample:
    - identity: {name: weft-host-192.0.2.11, file: agent, directory: /etc/weft/tls}
      reasons: ["/etc/weft/tls/agent.pem does not exist"]
"""

import datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.certificate.files import (
    Files,
    attribute_problems,
)
from ansible_collections.weft.overlay.plugins.module_utils.certificate.inspection import (
    LIBRARY_ERROR,
    Request,
    certificate_problems,
)


def reasons(identity: dict[str, Any], trusted: str | None, last: datetime.datetime) -> list[str]:
    """Return why the identity must be created or renewed, as clauses."""
    files = Files(Path(identity["directory"]), identity["file"])
    found = list(attribute_problems(files.attributes(identity["owner"], identity["group"])))
    if any(reason.endswith("does not exist") for reason in found):
        return found
    held = files.trusted.read_bytes()
    if trusted is None:
        trusted = held.decode(errors="replace")
    if held.decode(errors="replace").rstrip("\n") != trusted.rstrip("\n"):
        found.append(f"{files.trusted} does not have the trusted CA certificates")
    if LIBRARY_ERROR is not None:
        return [*found, "the Python library cryptography, which reads it, is not installed"]
    request = Request(identity["name"], tuple(identity["addresses"]), tuple(identity["usages"]))
    return [
        *found,
        *certificate_problems(
            files.key.read_bytes(),
            files.certificate.read_bytes(),
            trusted.encode(),
            request,
            last,
        ),
    ]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "identities": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "file": {"type": "str", "required": True},
                    "directory": {"type": "path", "required": True},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "addresses": {"type": "list", "elements": "str", "default": []},
                    "usages": {"type": "list", "elements": "str", "default": ["clientAuth"]},
                },
            },
            "trusted": {"type": "str"},
            "renewal_days": {"type": "int", "default": 30},
            "renew": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    last = datetime.datetime.now(datetime.UTC) + datetime.timedelta(
        days=module.params["renewal_days"]
    )
    try:
        checked = [
            {
                "identity": identity,
                "reasons": ["its renewal is requested"]
                if module.params["renew"]
                else reasons(identity, module.params["trusted"], last),
            }
            for identity in module.params["identities"]
        ]
    except OSError as error:
        module.fail_json(msg=f"A file cannot be read: {error}; run the task with become: true.")
    module.exit_json(changed=False, due=[entry for entry in checked if entry["reasons"]])


if __name__ == "__main__":
    main()
