# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""galaxy-importer, as Galaxy runs it on what is uploaded: a warning there is a fault here."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from dev.examiners.examination import REPOSITORY, Examination, FaultError

_DONE = ("...ansible-lint run complete", "Importer processing completed successfully")


def galaxy_importer(examination: Examination) -> str:
    """Import the tarball; return what was read."""
    said = examination.run(
        sys.executable, Path(__file__).parent / "patient_importer.py", examination.tarball,
        collections=REPOSITORY / ".venv/collections",
    )  # fmt: skip
    bad = [line for line in said.splitlines() if re.match(r"(WARNING|ERROR|CRITICAL)", line)]
    if bad or not all(words in said for words in _DONE):
        raise FaultError("\n".join(bad) or said)
    read = re.findall(
        r"^Loading (module_utils|module|filter|inventory|role|playbook|\w+) ", said, re.M
    )
    counts = {kind: read.count(kind) for kind in ("module", "role", "playbook")}
    if not all(counts.values()):
        raise FaultError(f"it read {counts}:\n{said}")
    return (
        ", ".join(f"{count} {kind}s" for kind, count in counts.items()) + " read, ansible-lint ran"
    )
