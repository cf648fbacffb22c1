# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of two hosts that the tests of a file share; it is gone in the end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.lab.lab_command import LabCommand

UNDERLAY = "10.169.77.0/24"


@pytest.fixture(scope="session", autouse=True)
def image() -> None:
    """Build the image first: a test's time is for what it tests."""
    if os.geteuid() != 0:
        pytest.fail("the lab's tests start real hosts: run them as root")
    LabCommand("labtest")("image", timeout=900).ok()


@pytest.fixture(scope="module")
def lab(image: None) -> Iterator[LabCommand]:
    command = LabCommand("labtest")
    try:
        command("up", "--hosts", "2", "--underlay", UNDERLAY).ok()
        yield command
    finally:
        command("down").ok()
    assert command.traces() == []


@pytest.fixture
def other() -> Iterator[LabCommand]:
    """A second lab, which the test makes; it is taken down whatever happens."""
    command = LabCommand("labother")
    assert command.traces() == []
    try:
        yield command
    finally:
        command("down").ok()


@pytest.fixture
def foreign_bridge() -> Iterator[str]:
    """A bridge that no lab has made, with an address of its own."""
    bridge = "br-foreign"
    subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "addr", "add", "10.169.79.1/24", "dev", bridge], check=True)
        yield bridge
    finally:
        subprocess.run(["ip", "link", "del", bridge], check=True)
