# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix: a row for each source, a column for each destination."""

from __future__ import annotations

from .probe import Host, Result


def draw_matrix(hosts: list[Host], results: list[Result]) -> str:
    """The matrix as text, with the addresses of the containers."""
    verdicts = {
        (result.source.name, result.destination.name): result.verdict.value for result in results
    }
    names = [host.name for host in hosts]
    rows = [
        ("from \\ to", "", *names),
        *(
            (
                host.name,
                str(host.address),
                *(verdicts.get((host.name, name), "-") for name in names),
            )
            for host in hosts
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(names) + 2)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
