# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the pip bootstrap script that ansible-test downloads, where it cannot.

It brings pip from Python's own ensurepip, then lets that pip install what is asked for.
"""

from __future__ import annotations

import os
import subprocess
import sys

# Options of the original script that pip itself does not know.
_ONLY_OF_THE_SCRIPT = {"--no-setuptools", "--no-wheel"}


def main() -> int:
    """Install pip, then with it what the arguments name."""
    environment = dict(os.environ)
    subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True)
    wanted = [argument for argument in sys.argv[1:] if argument not in _ONLY_OF_THE_SCRIPT]
    if all(argument.startswith("-") for argument in wanted):
        return 0
    return subprocess.run(
        [sys.executable, "-m", "pip", "install", *wanted], env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
