# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible_collections.weft.overlay.plugins.module_utils.flannel.rules import (
    NftTable,
    RulesRemoval,
    parse_nft_tables,
    rules_removal,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import parse_rules
from tests.unit.flannel.saved_rules import with_flannel
from tests.unit.kernel.saved_rules import DOCKER_26

NAT = """\
*nat
-D POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-F FLANNEL-POSTRTG
-X FLANNEL-POSTRTG
COMMIT
"""
FILTER = """\
*filter
-D FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-D FORWARD -s 100.96.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-F FLANNEL-FWD
-X FLANNEL-FWD
COMMIT
"""


def removal(saved: str) -> RulesRemoval:
    return rules_removal(parse_rules(saved))


def test_chains_jumps_and_rules_in_other_chains_are_removed() -> None:
    found = removal(with_flannel(DOCKER_26))
    assert found.restore == NAT + FILTER
    assert found.rules[:2] == (
        '-t nat -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
        "-t nat -N FLANNEL-POSTRTG",
    )
    assert len(found.rules) == 10


def test_a_host_without_flannel_keeps_all_rules() -> None:
    assert removal(DOCKER_26) == RulesRemoval()
    assert removal("") == RulesRemoval()


def test_a_chain_without_a_jump_is_removed() -> None:
    found = removal("*filter\n:FLANNEL-FWD - [0:0]\nCOMMIT\n")
    assert found.restore == "*filter\n-F FLANNEL-FWD\n-X FLANNEL-FWD\nCOMMIT\n"


def test_a_jump_without_a_comment_is_removed_with_its_chain() -> None:
    chains = ":DOCKER-USER - [0:0]\n:FLANNEL-FWD - [0:0]\n"
    saved = f"*filter\n{chains}-A DOCKER-USER -j FLANNEL-FWD\nCOMMIT\n"
    assert "-D DOCKER-USER -j FLANNEL-FWD\n" in removal(saved).restore


def test_duplicate_rules_are_all_removed() -> None:
    rule = 'FORWARD -d 100.96.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT'
    saved = f"*filter\n:FORWARD ACCEPT [0:0]\n-A {rule}\n-A {rule}\nCOMMIT\n"
    assert removal(saved).restore == f"*filter\n-D {rule}\n-D {rule}\nCOMMIT\n"


def test_similar_rules_are_kept() -> None:
    saved = (
        "*filter\n:FORWARD ACCEPT [0:0]\n:FLANNEL-FWD-MINE - [0:0]\n"
        '-A FORWARD -m comment --comment "not flanneld forward" -j ACCEPT\n'
        "-A FORWARD -j FLANNEL-FWD-MINE\nCOMMIT\n"
    )
    assert removal(saved) == RulesRemoval()


def test_flannels_nft_tables_are_found_among_others() -> None:
    tables = [("ip", "nat"), ("ip6", "flannel-ipv6"), ("ip", "flannel-ipv4"), ("inet", "mine")]
    listed = [{"table": {"family": family, "name": name}} for family, name in tables]
    text = json.dumps({"nftables": [{"metainfo": {"version": "1.1.3"}}, *listed]})
    assert parse_nft_tables(text) == (
        NftTable("ip", "flannel-ipv4"),
        NftTable("ip6", "flannel-ipv6"),
    )
