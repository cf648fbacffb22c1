# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.release.processes import (
    ProgramVersion,
    differences,
    release_in,
    unit_in_environment,
    unit_in_file,
)

INSTALLED = ProgramVersion("0123456789abcdef", "/usr/bin/python3", "d1", 1_700_000_000_000_000_001)
COMMAND = "/usr/bin/python3\0-I\0/opt/weft/releases/0123456789abcdef/weft.pyz\0weftd\0agent\0"


def test_the_command_line_names_interpreter_and_release() -> None:
    assert release_in(COMMAND) == ("/usr/bin/python3", "0123456789abcdef")
    assert release_in("/bin/sh\0/usr/local/bin/weftd\0agent\0") == ("/bin/sh", None)
    assert release_in("") == (None, None)


def test_the_unit_is_read_from_the_environment_and_from_the_last_line_of_its_file() -> None:
    assert unit_in_environment("PATH=/bin\0WEFT_UNIT=d1\0\0") == "d1"
    assert unit_in_environment("PATH=/bin\0") is None
    text = "[Service]\nEnvironment=WEFT_UNIT=d0\n[Install]\n[Service]\nEnvironment=WEFT_UNIT=d1\n"
    assert unit_in_file(text) == "d1"
    assert unit_in_file("[Service]\n") is None


def test_a_process_of_the_installed_version_has_no_difference() -> None:
    assert list(differences(INSTALLED, INSTALLED)) == []


@pytest.mark.parametrize(
    ("running", "words"),
    [
        (replace(INSTALLED, release="f" * 16), f"runs release {'f' * 16}, 0123456789abcdef is"),
        (replace(INSTALLED, release=None), "runs release unknown"),
        (replace(INSTALLED, python="/opt/python"), "uses the interpreter /opt/python"),
        (replace(INSTALLED, unit=None), "older version of its unit"),
        (
            replace(INSTALLED, settings=1_700_000_000_000_000_000),
            "older version of the settings file",
        ),
        (replace(INSTALLED, settings=None), "older version of the settings file"),
    ],
)
def test_each_difference_is_named(running: ProgramVersion, words: str) -> None:
    (difference,) = differences(running, INSTALLED)
    assert words in difference
