# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""flannel's iptables rules and nftables tables.

Chains and comments: flannel, pkg/trafficmngr/iptables/iptables.go; older releases put rules with
the same comments directly into POSTROUTING and FORWARD.
Tables: pkg/trafficmngr/nftables/nftables.go.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import Tables

CHAINS: Mapping[str, str] = {"nat": "FLANNEL-POSTRTG", "filter": "FLANNEL-FWD"}
COMMENTS = frozenset({"flanneld masq", "flanneld forward"})
NFT_TABLES = frozenset({"flannel-ipv4", "flannel-ipv6"})


@dataclass(frozen=True, slots=True)
class RulesRemoval:
    """flannel's rules in the format of iptables-save, and the input that removes them.

    restore is the input of `iptables-restore --noflush`, empty if there are no rules.
    """

    rules: tuple[str, ...] = ()
    restore: str = ""


@dataclass(frozen=True, slots=True, order=True)
class NftTable:
    """An nftables table, by family and name."""

    family: str
    name: str

    def __str__(self) -> str:
        return f"table {self.family} {self.name}"


def rules_removal(tables: Tables) -> RulesRemoval:
    """Return the removal of flannel's chains, the jumps to them, and its rules in other chains."""
    rules: list[str] = []
    blocks: list[str] = []
    for table, own in CHAINS.items():
        chains = tables.get(table, {})
        loose = list(_other_chains_rules(chains, own))
        lines = [f"-D {chain} {rule}" for chain, rule in loose]
        rules += [f"-t {table} -A {chain} {rule}" for chain, rule in loose]
        if own in chains:
            lines += [f"-F {own}", f"-X {own}"]
            rules += [f"-t {table} -N {own}", *(f"-t {table} -A {own} {r}" for r in chains[own])]
        if lines:
            blocks.append("\n".join([f"*{table}", *lines, "COMMIT", ""]))
    return RulesRemoval(tuple(rules), "".join(blocks))


def _other_chains_rules(
    chains: Mapping[str, tuple[str, ...]], own: str
) -> Iterator[tuple[str, str]]:
    for chain, rules in chains.items():
        for rule in rules:
            words = shlex.split(rule)
            if chain != own and (
                _after(words, "-j") == own or _after(words, "--comment") in COMMENTS
            ):
                yield chain, rule


def _after(words: list[str], flag: str) -> str | None:
    position = words.index(flag) + 1 if flag in words else len(words)
    return words[position] if position < len(words) else None


def parse_nft_tables(text: str) -> tuple[NftTable, ...]:
    """Return flannel's tables in the output of `nft -j list tables` (libnftables-json(5))."""
    listed = [entry["table"] for entry in json.loads(text)["nftables"] if "table" in entry]
    return tuple(
        sorted(
            NftTable(table["family"], table["name"])
            for table in listed
            if table["name"] in NFT_TABLES
        )
    )
