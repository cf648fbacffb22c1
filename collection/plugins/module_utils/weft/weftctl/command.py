# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each command of weftctl is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from .places import Places
from .screen import Screen

Arguments = Callable[[argparse.ArgumentParser], None]


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    """A command without arguments of its own."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command; run returns the exit status: 0 is well, 1 is a problem that the output names.

    answers_json tells whether it has the option --json.
    """

    name: str
    help: str
    run: Callable[[argparse.Namespace, Places, Screen], int]
    add_arguments: Arguments = _no_arguments
    answers_json: bool = True
