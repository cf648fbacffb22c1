# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exponential backoff with jitter, so that many hosts do not retry at the same time."""

from __future__ import annotations

import random
from collections.abc import Iterator


def backoff(first: float = 0.1, longest: float = 5.0) -> Iterator[float]:
    """Yield pauses in seconds without end, doubling from *first* to *longest*.

    Each is reduced by up to half. The defaults are flannel's for etcd
    (``pkg/subnet/etcd/registry.go``).
    """
    pause = first
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(pause * 2, longest)
