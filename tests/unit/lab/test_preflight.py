# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine lacks, by name of the package."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lab import preflight
from lab.errors import LabError


@pytest.mark.parametrize(
    ("program", "package"),
    [("systemd-nspawn", "systemd-container"), ("debootstrap", "debootstrap")],
)
def test_missing_program_names_its_package(
    monkeypatch: pytest.MonkeyPatch, program: str, package: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None if name == program else "/bin/true")
    with pytest.raises(LabError, match=f"{program} is missing; run: apt-get install {package}$"):
        preflight.check()


def test_missing_tun_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/true")
    monkeypatch.setattr(Path, "is_char_device", lambda _: False)
    with pytest.raises(LabError, match=r"/dev/net/tun is missing.*modprobe tun"):
        preflight.check()


def test_who_is_not_root_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="run it as root"):
        preflight.check()
