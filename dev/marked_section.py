# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a document that a program writes, between two comments that name the program."""

from __future__ import annotations

from pathlib import Path

_END = "<!-- end of table -->\n"


def write_section(document: Path, program: str, text: str) -> None:
    """Put text between the marks of a program, such as `dev/firewall_table.py`.

    Raises ValueError where the document has no such marks; nothing is written then.
    """
    try:
        made = with_section(document.read_text(encoding="utf-8"), program, text)
    except ValueError as error:
        raise ValueError(f"{document} {error}") from None
    document.write_text(made, encoding="utf-8")


def with_section(document: str, program: str, text: str) -> str:
    """Return the document with text between the marks of a program.

    Raises ValueError where it has no such marks.
    """
    begin = f"<!-- table: written by {program} -->\n"
    before, found_begin, rest = document.partition(begin)
    _, found_end, after = rest.partition(_END)
    if not (found_begin and found_end):
        raise ValueError(f"has no lines {begin.strip()!r} and {_END.strip()!r}")
    return f"{before}{begin}\n{text}\n{_END}{after}"
