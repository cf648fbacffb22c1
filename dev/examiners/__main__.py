# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every examiner, one line each; `--skip NAME` leaves one out, a NAME runs that one alone."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dev.examiners import artefact, documents
from dev.examiners.examination import REPOSITORY, Examination, FaultError
from dev.examiners.importer import galaxy_importer
from dev.examiners.licences import licences


def _last_line(command: str) -> Callable[[Examination], str]:
    """An examiner that is a program of dev/, which counts in its last line."""

    def examine(examination: Examination) -> str:
        last = examination.run(REPOSITORY / command, cwd=REPOSITORY).splitlines()[-1]
        if "passed" not in last:
            raise FaultError(f"{command} does not say what passed: {last}")
        return last.partition(": ")[2]

    return examine


EXAMINERS: Mapping[str, Callable[[Examination], str]] = {
    "lint": _last_line("dev/lint"),
    "sanity": _last_line("dev/sanity"),
    "galaxy-importer": galaxy_importer,
    "changelog": documents.changelog,
    "version": documents.version,
    "documentation": documents.documentation,
    "readmes": documents.readmes,
    "specs": documents.specs,
    "licences": licences,
    "tarball": artefact.listing,
    "installation": artefact.installation,
    "public folders": artefact.public_folders,
    "execution environment": artefact.execution_environment,
}


def main(arguments: list[str]) -> int:
    """Run the examiners; return 1 where one found a fault."""
    parser = argparse.ArgumentParser(prog="dev/examine", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(EXAMINERS))
    parser.add_argument("--skip", action="append", default=[], choices=EXAMINERS, metavar="NAME")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - EXAMINERS.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    chosen = [name for name in given.names or EXAMINERS if name not in given.skip]
    clean = 0
    with tempfile.TemporaryDirectory(prefix="weft-examine-") as scratch:
        examination = Examination(Path(scratch))
        for name in chosen:
            started = time.monotonic()
            try:
                verdict = f"clean: {EXAMINERS[name](examination)}"
                clean += 1
            except FaultError as fault:
                verdict = f"FAULT: {fault}"
            print(f"{name}: {verdict} ({time.monotonic() - started:.0f} s)", flush=True)
    print(f"examine: {clean} examiners passed, {len(chosen) - clean} failed")
    return 0 if clean == len(chosen) and chosen else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
