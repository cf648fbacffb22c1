# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that stands in docs/firewall.md, from results of the scenario `mixed`."""

from __future__ import annotations

from typing import Any

from dev.firewall_table import table


def result(backend: str, docker: str, iptables: str, ways: int = 12) -> dict[str, Any]:
    return {
        "backend": backend,
        "datapath": "userspace",
        "docker": docker,
        "iptables": iptables,
        "offers_nftables": docker.startswith("29"),
        "date": "2026-11-22",
        "passed": ["a way"] * ways,
    }


def test_versions_are_in_their_order_and_what_did_not_run_is_said() -> None:
    results = [
        result("vxlan", "29.1.0", "legacy", 10),
        result("udp", "29.1.0", "nft"),
        result("udp", "3.4.5", "nft"),
    ]
    assert table(results) == (
        "| backend | datapath | Docker 3.4.5, iptables-nft | Docker 29.1.0, iptables-nft "
        "| Docker 29.1.0, iptables-legacy |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| udp | userspace | 12 passed, 2026-11-22 | 12 passed, 2026-11-22 | not run |\n"
        "| vxlan | userspace | not run | not run | 10 passed, 2026-11-22 |\n"
        "\n"
        "- Docker 3.4.5: its nftables backend is not offered.\n"
        "- Docker 29.1.0: its nftables backend is offered.\n"
    )
