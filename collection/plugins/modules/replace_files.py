#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: replace files by other files of the same host, in order, in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: replace_files
short_description: "Internal: replace files by other files of the same host, in order, in one call"
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the role P(weft.overlay.certificate#role), for keys and certificates that must not
    be used with old counterparts. Each replacement is atomic, and owner, group and mode of the
    source are kept.
  - A source that does not exist is skipped, so that an interrupted call can be repeated.
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  files:
    description: The replacements, in the order in which they are made.
    type: list
    elements: dict
    required: true
    suboptions:
      src:
        description: The file that takes the place of O(files[].dest).
        type: path
        required: true
      dest:
        description: The file to replace; it need not exist.
        type: path
        required: true
      keep:
        description: Whether O(files[].src) stays, too.
        type: bool
        default: false
"""

EXAMPLES = r"""
- name: Replace a key and its certificate by the renewed ones
  weft.overlay.replace_files:
    files:
      - src: /etc/weft/tls/agent.key.next
        dest: /etc/weft/tls/agent.key
      - src: /etc/weft/tls/agent.pem.next
        dest: /etc/weft/tls/agent.pem
"""

RETURN = r"""
replaced:
  description: The replaced files, in their order.
  returned: success
  type: list
  elements: str
  sample: [/etc/weft/tls/agent.key, /etc/weft/tls/agent.pem]
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file, the file that takes its place, and whether the latter stays, too."""

    source: Path
    target: Path
    keep: bool

    def make(self) -> None:
        """Replace the target atomically. Raises OSError."""
        if not self.keep:
            self.source.replace(self.target)
            return
        copy = self.target.with_name(f".{self.target.name}.new")
        copy.unlink(missing_ok=True)
        copy.touch(mode=0o600)
        shutil.copy2(self.source, copy)
        status = self.source.stat()
        os.chown(copy, status.st_uid, status.st_gid)
        copy.replace(self.target)


def read_replacements(files: list[dict[str, Any]]) -> list[Replacement]:
    """Return the replacements whose source exists, in their order."""
    given = [Replacement(Path(each["src"]), Path(each["dest"]), each["keep"]) for each in files]
    return [each for each in given if each.source.exists()]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "src": {"type": "path", "required": True},
                    "dest": {"type": "path", "required": True},
                    "keep": {"type": "bool", "default": False},
                },
            },
        },
        supports_check_mode=True,
    )
    due = read_replacements(module.params["files"])
    if not module.check_mode:
        for replacement in due:
            try:
                replacement.make()
            except OSError as error:
                module.fail_json(
                    msg=f"Cannot replace {replacement.target} by {replacement.source}: {error}"
                )
    module.exit_json(
        changed=bool(due),
        replaced=[str(each.target) for each in due],
        diff={
            "before": "",
            "after": "".join(f"{each.target} is replaced by {each.source}\n" for each in due),
        },
    )


if __name__ == "__main__":
    main()
