# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault came to, as the table of docs/faults.md tells it."""

from __future__ import annotations

import datetime
import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.playbook import REPOSITORY

from .traffic import Loss

FOLDER = REPOSITORY / ".cache/faults"
BY_ITSELF = "itself"


@dataclass(frozen=True, slots=True)
class Result:
    """One fault. seen is what an operator reads meanwhile, healed_by itself or a command.

    loss is that of the pings that it hurt most, None where nobody could ping; seconds pass from
    the end of the fault until all invariants hold, as often as they are looked at.
    """

    fault: str
    seen: str
    loss: Loss | None
    seconds: float
    healed_by: str = BY_ITSELF
    note: str = ""


def write(result: Result, test: str, area: str, backend: str, folder: Path = FOLDER) -> None:
    """Leave the result as a JSON document for dev/faults_table.py; area says what broke.

    It takes the place of what the same test found before, so that one fault can be run again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", test.removeprefix("test_").lower()).strip("-")
    path = folder / f"{name}.{backend}.json"
    document = {
        **asdict(result),
        "area": area,
        "backend": backend,
        "date": datetime.date.today().isoformat(),
        # What else the machine did decides over seconds.
        "load": os.getloadavg()[0],
        "cpus": os.cpu_count(),
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
