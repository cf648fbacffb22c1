# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways for packets between the two hosts that are measured, in the order of the results."""

from __future__ import annotations

from bench.paths import (
    fastd,
    kernel_vxlan,
    nebula,
    openvpn,
    tinc,
    underlay,
    weft,
    weft_kernel,
    wireguard_go,
)
from bench.paths.path import MeasuredPath

ALL: tuple[MeasuredPath, ...] = (
    underlay.PATH,
    kernel_vxlan.PATH,
    weft_kernel.PATH,
    *weft.PATHS,
    tinc.PATH,
    fastd.PATH,
    openvpn.PATH,
    wireguard_go.PATH,
    nebula.PATH,
)
