#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a host several small text files in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: text_files
short_description: Give a host several small text files in one call
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Writes, changes or removes any number of small text files and directories. A loop over
    M(ansible.builtin.copy) makes two calls or more for each of them, this module one for all.
  - The files are handled in their order. One that is as it shall be is not touched, and a reader
    never sees one half-written.
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  files:
    description: The files and directories.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where it lies. Directories above it that are missing are made, with mode 0755.
        type: path
        required: true
      state:
        description:
          - V(present) is a file with O(files[].content) or O(files[].secret_content).
          - V(directory) is a directory, which may hold anything.
          - V(absent) is no file; a directory in its place fails the module.
        type: str
        choices: [present, directory, absent]
        default: present
      content:
        description: What the file is to hold.
        type: str
      secret_content:
        description:
          - The same, where no log and no difference may show it.
          - What a file held that was its owner's alone no difference shows either.
        type: str
      owner:
        description: The user whose it is.
        type: str
        default: root
      group:
        description: The group whose it is.
        type: str
        default: root
      mode:
        description: The permissions, as an octal number in quotes.
        type: str
        default: "0644"
seealso:
  - module: ansible.builtin.copy
"""

EXAMPLES = r"""
- name: Write a unit and the settings of its process
  weft.overlay.text_files:
    files:
      - path: /etc/systemd/system/weftd.service
        content: "{{ lookup('ansible.builtin.template', 'weftd.service.j2') }}"
      - path: /etc/weft
        state: directory
        group: weft
        mode: "0750"
      - path: /etc/weft/weftd.json
        content: "{{ settings | to_nice_json }}"
        group: weft
        mode: "0640"
      - path: /etc/tmpfiles.d/weft.conf
        state: absent
"""

RETURN = r"""
changed_paths:
  description: The files and directories that were not as they shall be, in the order of O(files).
  returned: success
  type: list
  elements: str
  sample: [/etc/weft/weftd.json]
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.file_attributes import (
    FileAttributes,
    attributes_of,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.system.files import (
    write_atomically,
)

_MODE = re.compile(r"0?[0-7]{3,4}")


class FileError(Exception):
    """A file cannot be brought to what it shall be; the message names it and the reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or directory as it is, or as it shall be; one without a text is a directory."""

    attributes: FileAttributes
    text: str | None

    @property
    def is_private(self) -> bool:
        """Whether nobody but its owner may use it."""
        return not self.attributes.mode & 0o077

    def shown(self, *, secret: bool) -> str:
        """Return what a difference shows of it."""
        text = "(secret)\n" if secret and self.text is not None else self.text or ""
        return f"{self.attributes}\n{text}"


@dataclass(frozen=True, slots=True)
class Change:
    """What is at a path and what shall be; None is nothing."""

    path: Path
    before: Entry | None
    after: Entry | None
    secret: bool

    def shown(self) -> dict[str, str]:
        """Return it as a difference; what was its owner's alone may have been a secret."""
        before = self.before
        was_secret = self.secret or (before is not None and before.is_private)
        return {
            "before_header": str(self.path),
            "after_header": str(self.path),
            "before": before.shown(secret=was_secret) if before else "",
            "after": self.after.shown(secret=self.secret) if self.after else "",
        }

    def owner(self) -> tuple[int, int] | None:
        """Return whose it will be, in numbers. Raises FileError."""
        if self.after is None:
            return None
        try:
            return self.after.attributes.numbers()
        except KeyError as error:
            raise FileError(
                f"{self.path} is to be {self.after.attributes}, and the host has no such user or "
                "group: create it first"
            ) from error

    def make(self, owner: tuple[int, int] | None) -> None:
        """Bring the path from the one to the other. Raises OSError."""
        path, after = self.path, self.after
        if after is None or owner is None:
            path.unlink()
            return
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if after.text is None:
            path.mkdir(mode=0o700, exist_ok=True)
        elif self.before is None or self.before.text != after.text:
            write_atomically(path, after.text.encode(), after.attributes.mode, owner)
            return
        os.chown(path, *owner)
        path.chmod(after.attributes.mode)


def wanted(options: dict[str, Any]) -> Entry | None:
    """Read what is asked for; None is nothing. Raises FileError."""
    path, state = options["path"], options["state"]
    texts = [options[key] for key in ("content", "secret_content") if options[key] is not None]
    if (state == "present") != (len(texts) == 1):
        raise FileError(
            f"{path} is to be {state} and has {len(texts)} contents: give content or "
            "secret_content to a file that is to be present, and to no other"
        )
    if state == "absent":
        return None
    if not _MODE.fullmatch(options["mode"]):
        raise FileError(f"the mode {options['mode']!r} of {path} is not octal, such as '0644'")
    attributes = FileAttributes(options["owner"], options["group"], int(options["mode"], 8))
    return Entry(attributes, texts[0] if texts else None)


def found(path: Path, *, directory: bool) -> Entry | None:
    """Read what is there. Raises FileError where it is of another kind."""
    try:
        attributes = attributes_of(path.stat())
    except FileNotFoundError:
        return None
    if path.is_dir() != directory:
        kind = "a directory" if path.is_dir() else "no directory"
        raise FileError(f"{path} is {kind}: move it away")
    return Entry(attributes, None if directory else path.read_bytes().decode(errors="replace"))


def run(module: AnsibleModule) -> dict[str, Any]:
    """Decide for all files, then write what differs, and return the module's result."""
    changes = []
    for options in module.params["files"]:
        path, after = Path(options["path"]), wanted(options)
        before = found(path, directory=options["state"] == "directory")
        if before != after:
            changes.append(Change(path, before, after, options["secret_content"] is not None))
    if not module.check_mode:
        for change, owner in [(change, change.owner()) for change in changes]:
            change.make(owner)
    return {
        "changed": bool(changes),
        "changed_paths": [str(change.path) for change in changes],
        "diff": [change.shown() for change in changes],
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path", "required": True},
                    "state": {
                        "type": "str",
                        "choices": ["present", "directory", "absent"],
                        "default": "present",
                    },
                    "content": {"type": "str"},
                    "secret_content": {"type": "str", "no_log": True},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "mode": {"type": "str", "default": "0644"},
                },
            },
        },
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except (FileError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
