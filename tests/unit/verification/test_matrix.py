# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address

from ansible_collections.weft.overlay.plugins.module_utils.weft.verification.matrix import (
    draw_matrix,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.verification.probe import (
    Host,
    read_results,
)


def test_rows_are_sources_and_columns_are_destinations() -> None:
    hosts = [
        Host("a", IPv4Address("100.96.1.2"), "100.96.2.2 100.96.1.2\n100.96.30.2 10.168.0.11"),
        Host("gateway", IPv4Address("100.96.2.2"), "100.96.1.2 100.96.2.2\n100.96.30.2 lost"),
        Host("c", IPv4Address("100.96.30.2"), "100.96.1.2 100.96.30.2\n100.96.2.2 100.96.30.2"),
    ]
    assert draw_matrix(hosts, read_results(hosts)).splitlines() == [
        "from \\ to               a   gateway  c",
        "a          100.96.1.2   -   ok       source",
        "gateway    100.96.2.2   ok  -        FAIL",
        "c          100.96.30.2  ok  ok       -",
    ]


def test_one_host_is_a_matrix_too() -> None:
    host = Host("only", IPv4Address("100.96.1.2"), "")
    assert draw_matrix([host], []).splitlines() == [
        "from \\ to              only",
        "only       100.96.1.2  -",
    ]
