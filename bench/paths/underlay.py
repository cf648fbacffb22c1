# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No overlay: the hosts speak by their own addresses."""

from __future__ import annotations

from ipaddress import IPv4Address

from bench.endpoint import Pair
from bench.overlay import Overlay
from bench.paths.path import MeasuredPath


def _connect(pair: Pair, _overlay: Overlay) -> IPv4Address:
    return pair.right.underlay


PATH = MeasuredPath("none", "no overlay: the hosts' own addresses, MTU 1500", _connect)
