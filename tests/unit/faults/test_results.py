# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault's test leaves for the table."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faults.results import Result, write
from tests.faults.traffic import Loss


def of_junk(rate: int) -> Result:
    return Result(f"junk, {rate:,} a second", "no problem", Loss(100, 1, 0.1), 5.0)


def found(folder: Path) -> list[tuple[str, str]]:
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()]
    return sorted((document["fault"], document["backend"]) for document in documents)


def test_a_fault_that_is_run_again_takes_the_place_of_its_row(tmp_path: Path) -> None:
    write(of_junk(9_997), "test_junk_at_the_port", "link", "udp", tmp_path)
    write(of_junk(9_998), "test_junk_at_the_port", "link", "udp", tmp_path)
    assert found(tmp_path) == [("junk, 9,998 a second", "udp")]


def test_backends_and_parameters_have_rows_of_their_own(tmp_path: Path) -> None:
    write(of_junk(1), "test_junk_at_the_port[order0]", "link", "udp", tmp_path)
    write(of_junk(2), "test_junk_at_the_port[order1]", "link", "udp", tmp_path)
    write(of_junk(1), "test_junk_at_the_port[order0]", "link", "vxlan", tmp_path)
    assert [backend for _fault, backend in found(tmp_path)] == ["udp", "vxlan", "udp"]
