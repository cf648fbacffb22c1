# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the table of docs/firewall.md from what the molecule scenario `mixed` found.

Usage: python -m dev.firewall_table [RESULTS], a folder of the scenario's JSON documents,
.cache/mixed without.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dev.marked_section import write_section

_REPOSITORY = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Put the table between its marks; return the exit status."""
    folder = Path(arguments[0]) if arguments else _REPOSITORY / ".cache/mixed"
    results = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    if not results:
        print(f"{folder} holds no results: run dev/fleet mixed", file=sys.stderr)
        return 1
    write_section(_REPOSITORY / "docs/firewall.md", "dev/firewall_table.py", table(results))
    return 0


def table(results: list[dict[str, Any]]) -> str:
    """A row for each backend and datapath, a column for each Docker and kind of iptables."""
    cells = {(_row(result), _column(result)): _cell(result) for result in results}
    columns = sorted({_column(result) for result in results}, key=_column_order)
    rows = [
        ("backend", "datapath", *(f"Docker {docker}, iptables-{kind}" for docker, kind in columns)),
        tuple("---" for _ in range(len(columns) + 2)),
        *(
            (*row, *(cells.get((row, column), "not run") for column in columns))
            for row in sorted({_row(result) for result in results})
        ),
    ]
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    offers = {result["docker"]: result["offers_nftables"] for result in results}
    nftables = "".join(
        f"- Docker {docker}: its nftables backend is {'' if offers[docker] else 'not '}offered.\n"
        for docker in sorted(offers, key=_version)
    )
    return f"{lines}\n{nftables}"


def _row(result: dict[str, Any]) -> tuple[str, str]:
    return (result["backend"], result["datapath"])


def _column(result: dict[str, Any]) -> tuple[str, str]:
    return (result["docker"], result["iptables"])


def _column_order(column: tuple[str, str]) -> tuple[list[int], bool]:
    return (_version(column[0]), column[1] == "legacy")


def _version(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _cell(result: dict[str, Any]) -> str:
    return f"{len(result['passed'])} passed, {result['date']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
