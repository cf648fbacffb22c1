#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: read the certificates of a certificate authority (CA)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_authority_info
short_description: "Internal: read the certificates of a certificate authority (CA)"
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the role P(weft.overlay.certificate#role). Reads no key.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  directory:
    description: The directory of the CA. It need not exist.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Read the trusted CA certificates
  weft.overlay.certificate_authority_info:
    directory: /etc/weft/ca
  register: authority
"""

RETURN = r"""
files:
  description: Names of the files in the directory, sorted.
  returned: success
  type: list
  elements: str
  sample: [authority.key, authority.pem]
trusted:
  description: All certificates in the directory in PEM, sorted by file name.
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


def trusted_certificates(directory: Path) -> tuple[list[str], str]:
    """Return the sorted file names and the concatenated `*.pem` files. Raises OSError."""
    if not directory.is_dir():
        return [], ""
    names = sorted(path.name for path in directory.iterdir())
    text = "".join((directory / name).read_text() for name in names if name.endswith(".pem"))
    return names, text.rstrip("\n") + "\n" if text else ""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"directory": {"type": "path", "required": True}},
        supports_check_mode=True,
    )
    directory = Path(module.params["directory"])
    try:
        names, trusted = trusted_certificates(directory)
    except (OSError, UnicodeDecodeError) as error:
        module.fail_json(msg=f"Cannot read the CA certificates in {directory}: {error}")
    module.exit_json(changed=False, files=names, trusted=trusted)


if __name__ == "__main__":
    main()
