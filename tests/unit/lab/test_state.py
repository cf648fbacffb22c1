# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a lab."""

from __future__ import annotations

import json

from lab.settings import Settings, plan
from lab.state import dump, parse


def test_record_brings_back_the_same_lab() -> None:
    lab = plan(Settings.parse("ci", "br0", "10.1.2.0/24", 1400, "bench"), ("bookworm", "forky"))
    assert parse(dump(lab)) == lab


def test_record_without_a_flavour_is_of_the_plain_one() -> None:
    lab = plan(Settings.parse(), ("trixie",))
    record = json.loads(dump(lab))
    del record["flavour"]
    assert parse(json.dumps(record)) == lab
