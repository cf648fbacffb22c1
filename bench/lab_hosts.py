# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's own lab: two hosts, raised for one run and removed after it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.endpoint import Endpoint, Pair
from lab import fleet, preflight, state
from lab.errors import LabError
from lab.settings import Settings, plan

NAME = "bench"
UNDERLAY = "10.171.0.0/24"
FLAVOUR = "bench"

Progress = Callable[[str], None]


@contextmanager
def two_hosts(suite: str, progress: Progress) -> Iterator[Pair]:
    """Raise the lab, and remove it however the block ends.

    Raises:
        LabError: the lab cannot be raised, or one of its name is up.
    """
    preflight.check()
    if shutil.which("ethtool") is None:
        raise LabError("ethtool is missing on this machine; run: apt-get install ethtool")
    if state.load(NAME) is not None:
        raise LabError(f"lab {NAME!r} is up; run: python3 -m lab down --name {NAME}")
    settings = Settings.parse(NAME, underlay=UNDERLAY, flavour=FLAVOUR)
    with tempfile.TemporaryDirectory(prefix="weft-bench-") as sockets:
        # What up made, it takes down itself when it fails.
        lab = fleet.up(plan(settings, (suite, suite)), progress)
        try:
            pair = Pair(*(Endpoint(host, Path(sockets)) for host in lab.hosts))
            try:
                yield pair
            finally:
                for endpoint in pair.both:
                    endpoint.close()
        finally:
            fleet.down(NAME, progress)
