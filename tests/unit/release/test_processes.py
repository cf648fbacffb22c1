# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.release.processes import (
    Sources,
    differences,
    release_in,
    unit_in_environment,
    unit_in_file,
)

INSTALLED = Sources("0123456789abcdef", "/usr/bin/python3", "d1", 1_700_000_000_000_000_001)
COMMAND = "/usr/bin/python3\0-I\0/opt/weft/releases/0123456789abcdef/weft.pyz\0weftd\0agent\0"


def test_the_command_line_names_interpreter_and_release() -> None:
    assert release_in(COMMAND) == ("/usr/bin/python3", "0123456789abcdef")
    assert release_in("/bin/sh\0/usr/local/bin/weftd\0agent\0") == ("/bin/sh", None)
    assert release_in("") == (None, None)


def test_the_unit_is_told_by_the_environment_and_by_the_last_line_of_its_file() -> None:
    assert unit_in_environment("PATH=/bin\0WEFT_UNIT=d1\0\0") == "d1"
    assert unit_in_environment("PATH=/bin\0") is None
    text = "[Service]\nEnvironment=WEFT_UNIT=d0\n[Install]\n[Service]\nEnvironment=WEFT_UNIT=d1\n"
    assert unit_in_file(text) == "d1"
    assert unit_in_file("[Service]\n") is None


def test_a_process_that_runs_what_is_installed_has_no_difference() -> None:
    assert list(differences(INSTALLED, INSTALLED)) == []


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        (replace(INSTALLED, release="f" * 16), f"runs release {'f' * 16}, 0123456789abcdef is"),
        (replace(INSTALLED, release=None), "runs release unknown"),
        (replace(INSTALLED, python="/opt/python"), "is run by /opt/python"),
        (replace(INSTALLED, unit=None), "another text of its unit"),
        (replace(INSTALLED, settings=1_700_000_000_000_000_000), "other settings"),
        (replace(INSTALLED, settings=None), "other settings"),
    ],
)
def test_each_difference_is_named(runs: Sources, words: str) -> None:
    (difference,) = differences(runs, INSTALLED)
    assert words in difference
