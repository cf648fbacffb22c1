#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a host several small text files in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: text_files
short_description: Write several small text files in one call
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the collection. Its roles use it.
  - Writes, changes or removes any number of small text files and directories in one call, where a
    loop over M(ansible.builtin.copy) makes two calls or more for each file.
  - The files are processed in the given order. A file without a difference is not written. A file
    is replaced atomically.
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
        description: The path. Missing parent directories are created with mode 0755.
        type: path
        required: true
      state:
        description:
          - V(present) is a file with O(files[].content) or O(files[].secret_content).
          - V(directory) is a directory with any content.
          - V(absent) removes the file. The module fails if the path is a directory.
        type: str
        choices: [present, directory, absent]
        default: present
      content:
        description: The content of the file.
        type: str
      secret_content:
        description:
          - The content of the file, if it is a secret. It is not shown in logs and diffs.
          - The previous content is not shown either, if only its owner could read the file.
        type: str
      owner:
        description: The user that owns it.
        type: str
        default: root
      group:
        description: The group that owns it.
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
  description: The changed files and directories, in the order of O(files).
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
    make_directories,
    write_atomically,
)

_MODE = re.compile(r"0?[0-7]{3,4}")


class FileError(Exception):
    """A file cannot be written or removed; the message names it and the reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, or a directory if it has no text."""

    attributes: FileAttributes
    text: str | None

    @property
    def is_private(self) -> bool:
        """Whether only its owner has permissions."""
        return not self.attributes.mode & 0o077

    def shown(self, *, secret: bool) -> str:
        """Return its text in a diff."""
        text = "(secret)\n" if secret and self.text is not None else self.text or ""
        return f"{self.attributes}\n{text}"


@dataclass(frozen=True, slots=True)
class Change:
    """The current and the wanted entry at a path; None if there is none."""

    path: Path
    before: Entry | None
    after: Entry | None
    secret: bool

    def shown(self) -> dict[str, str]:
        """Return the diff. The content of a private file is hidden, because it may be a secret."""
        before = self.before
        was_secret = self.secret or (before is not None and before.is_private)
        return {
            "before_header": str(self.path),
            "after_header": str(self.path),
            "before": before.shown(secret=was_secret) if before else "",
            "after": self.after.shown(secret=self.secret) if self.after else "",
        }

    def owner(self) -> tuple[int, int] | None:
        """Return the wanted user and group IDs. Raises FileError."""
        if self.after is None:
            return None
        try:
            return self.after.attributes.numbers()
        except KeyError as error:
            raise FileError(
                f"{self.path} should be {self.after.attributes}, but the host has no such user or "
                "group: create it first"
            ) from error

    def apply(self, owner: tuple[int, int] | None) -> None:
        """Write, change or remove the path. Raises OSError."""
        path, after = self.path, self.after
        if after is None or owner is None:
            path.unlink()
            return
        make_directories(path.parent)
        if after.text is None:
            path.mkdir(mode=0o700, exist_ok=True)
        elif self.before is None or self.before.text != after.text:
            write_atomically(path, after.text.encode(), after.attributes.mode, owner)
            return
        os.chown(path, *owner)
        path.chmod(after.attributes.mode)


def parse_entry(options: dict[str, Any]) -> Entry | None:
    """Return the wanted entry, None if it should not exist. Raises FileError."""
    path, state = options["path"], options["state"]
    texts = [options[key] for key in ("content", "secret_content") if options[key] is not None]
    if (state == "present") != (len(texts) == 1):
        raise FileError(
            f"{path} has state {state} and {len(texts)} contents: set either content or "
            "secret_content with state present, and neither with any other state"
        )
    if state == "absent":
        return None
    if not _MODE.fullmatch(options["mode"]):
        raise FileError(f"the mode {options['mode']!r} of {path} is not octal, such as '0644'")
    attributes = FileAttributes(options["owner"], options["group"], int(options["mode"], 8))
    return Entry(attributes, texts[0] if texts else None)


def read_entry(path: Path, *, directory: bool) -> Entry | None:
    """Return the current entry, None if it does not exist. Raises FileError if of another type."""
    try:
        attributes = attributes_of(path.stat())
    except FileNotFoundError:
        return None
    if path.is_dir() != directory:
        kind = "a directory" if path.is_dir() else "not a directory"
        raise FileError(f"{path} is {kind}: move it")
    return Entry(attributes, None if directory else path.read_bytes().decode(errors="replace"))


def run(module: AnsibleModule) -> dict[str, Any]:
    """Compare all files, write the changes unless in check mode, and return the result."""
    changes = []
    for options in module.params["files"]:
        path, after = Path(options["path"]), parse_entry(options)
        before = read_entry(path, directory=options["state"] == "directory")
        if before != after:
            changes.append(Change(path, before, after, options["secret_content"] is not None))
    if not module.check_mode:
        for change, owner in [(change, change.owner()) for change in changes]:
            change.apply(owner)
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
