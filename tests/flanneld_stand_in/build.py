# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs the stand-in into one executable file: `python -m tests.flanneld_stand_in.build TARGET`."""

from __future__ import annotations

import sys
import zipapp
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def build(target: Path) -> Path:
    """Write the program, which needs Python 3.11 and the hosts' own commands; return its path."""
    zipapp.create_archive(
        _PACKAGE.parent,
        target,
        interpreter="/usr/bin/env python3",
        main=f"{_PACKAGE.name}.program:main",
        filter=lambda path: path.parts[0] == _PACKAGE.name and path.suffix == ".py",
    )
    return target


if __name__ == "__main__":
    build(Path(sys.argv[1]))
