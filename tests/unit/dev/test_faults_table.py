# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that stands in docs/faults.md, from results of tests/faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dev.faults_table import table
from dev.marked_section import write_section


def result(area: str, fault: str, loss: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "area": area,
        "fault": fault,
        "loss": loss,
        "seen": "away: a | b",
        "seconds": 12.4,
        "healed_by": "itself",
        "note": "",
        "backend": "udp",
        "date": "2026-11-22",
        "load": 0.5,
        "cpus": 2,
    }


def test_a_row_for_each_fault_in_the_order_of_what_breaks() -> None:
    results = [
        result("store", "etcd away", {"lost": 0, "sent": 500, "longest": 0.021}),
        result("host", "all without power", None),
    ]
    rows = table(results).splitlines()[2:4]
    assert rows == [
        "| host | all without power | - | - | 12 s | itself | away: a \\| b |  |",
        "| store | etcd away | 0 of 500 | 0.02 s | 12 s | itself | away: a \\| b |  |",
    ]


def test_what_stands_around_the_table_stays(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "a\n<!-- table: written by x.py -->\nold\n<!-- end of table -->\nb\n", encoding="utf-8"
    )
    write_section(document, "x.py", "new\n")
    assert document.read_text(encoding="utf-8") == (
        "a\n<!-- table: written by x.py -->\n\nnew\n\n<!-- end of table -->\nb\n"
    )


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("a\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no lines"):
        write_section(document, "x.py", "new\n")
    assert document.read_text(encoding="utf-8") == "a\n"
