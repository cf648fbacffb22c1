#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which keys and certificates of a host are to be made or renewed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_info
short_description: Tell which keys and certificates of a host are to be made or renewed
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Looks at the files of any number of identities, that is of keys with their certificates, and
    says what of them is not as the role P(weft.overlay.certificate#role) would make it.
  - One call does for all identities of a host, so that a run which finds nothing to do needs no
    other.
  - An answer is never wrong towards leaving things alone. What cannot be compared is named.
requirements:
  - cryptography, on the host. Without it every identity is due.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  identities:
    description: The identities to look at.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The common name of the certificate.
        type: str
        required: true
      file:
        description: What the names of the key's and the certificate's files begin with.
        type: str
        required: true
      directory:
        description:
          - The directory that holds them, and the certificates of the authorities in C(ca.pem).
        type: path
        required: true
      owner:
        description: The user who alone may read the key.
        type: str
        default: root
      group:
        description: The group that may enter the directory.
        type: str
        default: root
      addresses:
        description: Under which addresses a server is reached, such as V(IP:192.0.2.11).
        type: list
        elements: str
        default: []
      usages:
        description: What the certificate may be used for.
        type: list
        elements: str
        default: [clientAuth]
  trusted:
    description:
      - The certificates of the authorities that are trusted, in PEM, as C(ca.pem) is to hold them.
        The first is the one that signs.
      - Without it, those that C(ca.pem) holds are trusted, as where nobody can ask the authority.
    type: str
  renewal_days:
    description: How many days before its end a certificate is due.
    type: int
    default: 30
  renew:
    description: Whether every identity is due, whatever it is like.
    type: bool
    default: false
seealso:
  - ref: ansible_collections.community.crypto.x509_certificate_info_module
    description: What a single certificate says.
"""

EXAMPLES = r"""
- name: Look at the agent's identity
  weft.overlay.certificate_info:
    identities:
      - name: weft-host-192.0.2.11
        file: agent
        directory: /etc/weft/tls
        owner: weft
        group: weft
    trusted: "{{ lookup('ansible.builtin.file', 'authority.pem') }}"
  register: identities

- name: Say why it will be made anew
  ansible.builtin.debug:
    msg: "{{ identities.due[0].reasons }}"
  when: identities.due | length > 0
"""

RETURN = r"""
due:
  description: The identities that are not as they shall be, in the order of O(identities).
  returned: success
  type: list
  elements: dict
  contains:
    identity:
      description: The identity as it was given, with the defaults.
      type: dict
    reasons:
      description: What of it is not as it shall be, one clause each.
      type: list
      elements: str
  sample:
    - identity: {name: weft-host-192.0.2.11, file: agent, directory: /etc/weft/tls}
      reasons: ["/etc/weft/tls/agent.pem is not there"]
"""

import datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.certificate.files import Files, misfits
from ansible_collections.weft.overlay.plugins.module_utils.certificate.inspection import (
    LIBRARY_ERROR,
    Request,
    shortcomings,
)


def reasons(identity: dict[str, Any], trusted: str | None, last: datetime.datetime) -> list[str]:
    """Return what of the identity is not as it shall be, one clause each."""
    files = Files(Path(identity["directory"]), identity["file"])
    found = list(misfits(files.attributes(identity["owner"], identity["group"])))
    if any(reason.endswith("is not there") for reason in found):
        return found
    held = files.trusted.read_bytes()
    if trusted is None:
        trusted = held.decode(errors="replace")
    if held.decode(errors="replace").rstrip("\n") != trusted.rstrip("\n"):
        found.append(f"{files.trusted} has other authorities than are trusted")
    if LIBRARY_ERROR is not None:
        return [*found, "the Python library cryptography, which looks at it, is not installed"]
    request = Request(identity["name"], tuple(identity["addresses"]), tuple(identity["usages"]))
    return [
        *found,
        *shortcomings(
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
        looked_at = [
            {
                "identity": identity,
                "reasons": ["its renewal is asked for"]
                if module.params["renew"]
                else reasons(identity, module.params["trusted"], last),
            }
            for identity in module.params["identities"]
        ]
    except OSError as error:
        module.fail_json(msg=f"A file cannot be looked at: {error}; become root to look at it.")
    module.exit_json(changed=False, due=[entry for entry in looked_at if entry["reasons"]])


if __name__ == "__main__":
    main()
