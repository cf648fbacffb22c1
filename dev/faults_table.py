# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the table of docs/faults.md from what the tests in tests/faults found.

Usage: python -m dev.faults_table [RESULTS], a folder of the suite's JSON documents,
.cache/faults without.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dev.marked_section import write_section

_REPOSITORY = Path(__file__).resolve().parent.parent

_COLUMNS = (
    *("failure", "fault", "lost", "longest silence", "recovered after", "by"),
    *("`weftctl status` during the fault", "note"),
)


def main(arguments: list[str]) -> int:
    """Put the table between its marks; return the exit status."""
    folder = Path(arguments[0]) if arguments else _REPOSITORY / ".cache/faults"
    results = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    if not results:
        print(f"{folder} holds no results: run make test-faults", file=sys.stderr)
        return 1
    write_section(_REPOSITORY / "docs/faults.md", "dev/faults_table.py", table(results))
    return 0


def table(results: list[dict[str, Any]]) -> str:
    """A row for each fault and backend, then what they were run on."""
    rows = [
        _COLUMNS,
        ("---",) * len(_COLUMNS),
        *map(_row, sorted(results, key=lambda one: (one["area"], one["fault"], one["backend"]))),
    ]
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    dates = sorted({result["date"] for result in results})
    loads = [result["load"] for result in results]
    backends = ", ".join(sorted({result["backend"] for result in results}))
    return (
        f"{lines}\n{len(results)} faults on {', '.join(dates)}, backend {backends}; the machine's "
        f"load average was {min(loads):.1f} to {max(loads):.1f} on {results[0]['cpus']} CPUs.\n"
    )


def _row(result: dict[str, Any]) -> tuple[str, ...]:
    loss = result["loss"]
    return (
        result["area"],
        _cell(result["fault"]),
        f"{loss['lost']} of {loss['sent']}" if loss else "-",
        f"{loss['longest']:.2f} s" if loss else "-",
        f"{result['seconds']:.0f} s",
        result["healed_by"],
        _cell(result["seen"]),
        _cell(result["note"]),
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
