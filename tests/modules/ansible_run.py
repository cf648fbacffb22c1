# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module through Ansible on this machine, in namespaces of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.returned import misfits

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a module failed, its result less the diff, and all that Ansible printed."""

    failed: bool
    result: dict[str, Any]
    output: str

    def __getitem__(self, key: str) -> Any:
        return self.result[key]


def run_module(
    module: str,
    options: Mapping[str, Any],
    *flags: str,
    python: str = sys.executable,
    collections: Path = REPOSITORY / ".collections",
    path: Path | None = None,
    setup: Sequence[str] = (),
) -> Outcome:
    """Run the module against localhost after the shell commands of ``setup``.

    Network and mounts are private, with no systemd to be seen, and vanish with the process.
    ``path`` is a directory of commands that come before the system's.
    """
    ansible = Path(sys.executable).with_name("ansible")
    command = [
        *(str(ansible), "localhost", "--inventory", "localhost,", "--connection", "local"),
        *("--extra-vars", json.dumps({"ansible_python_interpreter": python})),
        *("--module-name", f"weft.overlay.{module}"),
        # Ansible takes an empty object for a word of the module's.
        *(("--args", json.dumps(dict(options))) if options else ()),
        *flags,
    ]
    script = [
        "ip link set lo up",
        "mkdir -p /run/systemd",
        "mount -t tmpfs tmpfs /run/systemd",
        *setup,
        'exec "$@"',
    ]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    }
    if path:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    isolation = ["unshare", "--net", "--mount", "sh", "-ec", "\n".join(script), "sh"]
    process = subprocess.run(
        [*isolation, *command],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    output = process.stdout + process.stderr
    _diff, marker, result = process.stdout.partition(" => ")
    assert marker, output
    outcome = Outcome(process.returncode != 0, json.loads(result), output)
    wrong = [] if outcome.failed else misfits(module, outcome.result)
    assert not wrong, wrong
    return outcome
