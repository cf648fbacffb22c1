#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the daemon that this collection bundles."""

from __future__ import annotations

DOCUMENTATION = r"""
module: daemon
short_description: Install weftd and weftctl
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Installs C(weftd) and C(weftctl). Ansible sends the daemon's sources together with this module,
    which writes them to one zip application, so that a host needs neither a download nor a build.
  - Each release has a directory that is named after the digest of its sources. The symbolic link
    C(current) is switched to it atomically. The link C(previous) names the release before, for a
    rollback.
  - The module neither starts nor restarts a service. Restart the services if the result is
    changed.
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  state:
    description:
      - V(present) installs the release that this collection bundles.
      - V(previous) rolls back to the release that was current before the latest one was installed.
        It fails if there is none, and changes nothing if that release is already current.
      - V(absent) removes the launchers and all releases.
    type: str
    choices: [present, absent, previous]
    default: present
  directory:
    description: The directory of the releases.
    type: path
    default: /opt/weft
  launcher_directory:
    description: The directory of the launchers C(weftd) and C(weftctl).
    type: path
    default: /usr/local/bin
  python:
    description:
      - The Python interpreter that runs the daemon, version 3.11 or newer.
      - The daemon needs the Python libraries etcd3 and pyroute2 when it starts. This module does
        not need them.
    type: path
    default: /usr/bin/python3
  keep:
    description:
      - The number of releases to keep. The current and the previous release are always kept.
    type: int
    default: 3
  allow_downgrade:
    description:
      - Whether O(state=present) may replace the current release by an older one.
      - A release is older if the version of its collection is lower, or, with the same version, if
        this host had it before the current one.
    type: bool
    default: true
notes:
  - If O(launcher_directory) has a file with the name of a launcher that this module did not write,
    the file is not changed, and O(state=present) fails.
"""

EXAMPLES = r"""
- name: Install the daemon
  weft.overlay.daemon:
  register: daemon

- name: Roll back to the previous release
  weft.overlay.daemon:
    state: previous

- name: Run the daemon with another Python interpreter
  weft.overlay.daemon:
    python: /opt/weft-python/bin/python
"""

RETURN = r"""
digest:
  description: The SHA-256 digest of the sources that this collection bundles.
  returned: success
  type: str
  sample: 5f1c3f6a0a9ae2bd4f0b1a2f8f2c4b7d5f1c3f6a0a9ae2bd4f0b1a2f8f2c4b7d
path:
  description:
    - The zip application of the current release, or null if there is none.
    - If it exists, Ansible adds the file's attributes to the result.
  returned: success
  type: str
  sample: /opt/weft/releases/5f1c3f6a0a9ae2bd/weft.pyz
current:
  description: The current release, or null if there is none.
  returned: success
  type: str
  sample: 5f1c3f6a0a9ae2bd
previous:
  description: The release to which O(state=previous) rolls back, or null if there is none.
  returned: success
  type: str
  sample: 0b9d2f6c1e7a4d35
releases:
  description: The installed releases, the latest first.
  returned: success
  type: list
  elements: str
  sample: [5f1c3f6a0a9ae2bd, 0b9d2f6c1e7a4d35]
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.release.archive import (
    Archive,
    build_archive,
)
from ansible_collections.weft.overlay.plugins.module_utils.release.directory import (
    ReleaseDirectory,
)
from ansible_collections.weft.overlay.plugins.module_utils.release.layout import (
    LAUNCHER_MARK,
    ReleaseError,
    Releases,
    launcher,
    release_name,
    rolled_back,
    with_installed,
)
from ansible_collections.weft.overlay.plugins.module_utils.release.order import (
    COLLECTION_VERSION,
    downgrade_reason,
)
from ansible_collections.weft.overlay.plugins.module_utils.release.sources import package_sources
from ansible_collections.weft.overlay.plugins.module_utils.weft.cli import PROGRAMS
from ansible_collections.weft.overlay.plugins.module_utils.weft.system.files import (
    make_directories,
    write_atomically,
)


@dataclass(frozen=True, slots=True)
class Launcher:
    """A launcher's text and mode."""

    text: str
    mode: int = 0o755


class Daemon:
    """Installs, rolls back or removes the releases and the launchers."""

    def __init__(self, module: AnsibleModule, archive: Archive) -> None:
        params = module.params
        self.module = module
        self.archive = archive
        self.name = release_name(archive.digest)
        self.state: str = params["state"]
        self.directory = ReleaseDirectory(Path(params["directory"]))
        self.launchers = {
            Path(params["launcher_directory"], program): Launcher(
                launcher(program, params["python"], self.directory.root)
            )
            for program in PROGRAMS
        }

    def run(self) -> dict[str, Any]:
        """Read the releases, decide, act unless in check mode, and return the result."""
        before = self.directory.read()
        after = self._decide(before)
        found = self._read_launchers()
        wanted = {path: None if self.state == "absent" else self.launchers[path] for path in found}
        damaged = self.state == "present" and not self._is_intact()
        changed = before != after or found != wanted or damaged
        if changed and not self.module.check_mode:
            if after.current is None:
                self._remove(before, found)
            else:
                self._install(before, after, after.current)
        return {
            "changed": changed,
            "digest": self.archive.digest,
            "path": str(self.directory.archive_path(after.current)) if after.current else None,
            "current": after.current,
            "previous": after.previous,
            "releases": list(after.names),
            "diff": self._diff(before, after, found, wanted, damaged=damaged),
        }

    def _decide(self, before: Releases) -> Releases:
        if self.state == "absent":
            return Releases()
        if self.state == "previous":
            return rolled_back(before)
        reason = "" if self.module.params["allow_downgrade"] else self._downgrade_reason(before)
        if reason:
            raise ReleaseError(
                f"release {self.name} of this collection is older: {reason}. Another controller "
                "has a newer collection. Install the newer collection here, or set "
                "overlay_allow_downgrade=true (allow_downgrade of this module) to install the "
                "older release"
            )
        return with_installed(before, self.name, self.module.params["keep"])

    def _downgrade_reason(self, before: Releases) -> str:
        versions = {self.name: COLLECTION_VERSION, **self.directory.versions(before.names)}
        return downgrade_reason(before, self.name, versions)

    def _is_intact(self) -> bool:
        return self.directory.holds(self.name, self.archive.content)

    def _read_launchers(self) -> dict[Path, Launcher | None]:
        """Return the launchers by path, None if missing. A file of another owner is left out."""
        found: dict[Path, Launcher | None] = {}
        for path in self.launchers:
            if not path.exists():
                found[path] = None
                continue
            text = path.read_bytes().decode(errors="replace")
            if LAUNCHER_MARK in text:
                found[path] = Launcher(text, path.stat().st_mode & 0o7777)
            elif self.state != "absent":
                raise ReleaseError(
                    f"{path} exists and was not written by weft: move it, "
                    "or set another launcher_directory"
                )
        return found

    def _install(self, before: Releases, after: Releases, current: str) -> None:
        if self.state == "present" and not self._is_intact():
            self.directory.write(self.name, self.archive.content)
        elif before.names[:1] != after.names[:1]:
            self.directory.touch(self.name)
        try:
            self._check_release(current)
        except ReleaseError:
            if current not in before.names:
                self.directory.remove(current)
                self.directory.remove_if_empty()
            raise
        if self.state == "present":
            self.directory.write_version(self.name, COLLECTION_VERSION)
        self.directory.point("previous", after.previous)
        self.directory.point("current", current)
        for path, wanted in self.launchers.items():
            make_directories(path.parent)
            write_atomically(path, wanted.text.encode(), wanted.mode)
        for name in set(before.names) - set(after.names):
            self.directory.remove(name)

    def _check_release(self, name: str) -> None:
        """Check that both processes of the release start with this interpreter."""
        python = self.module.params["python"]
        archive = str(self.directory.archive_path(name))
        for process in ("agent", "datapath"):
            command = [python, "-I", archive, "weftd", process, "--help"]
            try:
                code, _output, error = self.module.run_command(command, handle_exceptions=False)
            except OSError as failure:
                code, error = 127, str(failure)
            if code != 0:
                reason = (error.strip() or f"exit code {code}").splitlines()[-1]
                raise ReleaseError(
                    f"{python} cannot run release {name} ({reason}): "
                    "set python to an interpreter of version 3.11 or newer"
                )

    def _remove(self, before: Releases, found: dict[Path, Launcher | None]) -> None:
        for path in found:
            path.unlink(missing_ok=True)
        for link in ("current", "previous"):
            self.directory.point(link, None)
        for name in before.names:
            self.directory.remove(name)
        self.directory.remove_if_empty()

    def _diff(
        self,
        before: Releases,
        after: Releases,
        found: Mapping[Path, Launcher | None],
        wanted: Mapping[Path, Launcher | None],
        *,
        damaged: bool,
    ) -> list[dict[str, str]]:
        state = f"{self.name} is {{}}\n" if damaged and self.name in before.names else ""
        entries = [
            (
                self.directory.root,
                _shown_releases(before) + state.format("damaged"),
                _shown_releases(after) + state.format("intact"),
            ),
            *(
                (path, _shown_launcher(found[path]), _shown_launcher(wanted[path]))
                for path in found
            ),
        ]
        return [
            {
                "before_header": str(path),
                "after_header": str(path),
                "before": old,
                "after": new,
            }
            for path, old, new in entries
            if old != new
        ]


def _shown_releases(releases: Releases) -> str:
    links = [("current", releases.current), ("previous", releases.previous)]
    return "".join(
        [
            *(f"{link} -> {name}\n" for link, name in links if name),
            *(f"releases/{name}\n" for name in releases.names),
        ]
    )


def _shown_launcher(found: Launcher | None) -> str:
    return f"mode {found.mode:04o}\n{found.text}" if found else ""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {
                "type": "str",
                "choices": ["present", "absent", "previous"],
                "default": "present",
            },
            "directory": {"type": "path", "default": "/opt/weft"},
            "launcher_directory": {"type": "path", "default": "/usr/local/bin"},
            "python": {"type": "path", "default": "/usr/bin/python3"},
            "keep": {"type": "int", "default": 3},
            "allow_downgrade": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    if module.params["keep"] < 1:
        module.fail_json(msg=f"keep is {module.params['keep']}: it must be at least 1")
    # The user of the daemon must be able to read the files.
    os.umask(0o022)
    try:
        result = Daemon(module, build_archive(package_sources())).run()
    except (ReleaseError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
