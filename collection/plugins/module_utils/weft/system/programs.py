# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run other programs of the host, such as iptables and systemctl."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence


def run_program(
    command: Sequence[str], timeout: float, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command with `text` as standard input; return its exit status and output.

    The locale is C.UTF-8; `timeout` is in seconds. Raises FileNotFoundError if the program is
    missing, and subprocess.TimeoutExpired.
    """
    # Not AnsibleModule.run_command: the daemon and weftctl use this, too.
    return subprocess.run(  # pylint: disable=ansible-bad-function
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
