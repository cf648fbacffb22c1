# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is likely wrong with a pair, and where to look."""

from __future__ import annotations

from collections import Counter

from .probe import Result, Verdict

# What busybox wget says, and what it means between two containers of one overlay.
_CAUSES = (
    ("timed out", "packets are lost: is UDP to the backend's port open between the two hosts, and "
     "weftd running on {destination} ('weftctl status')?"),
    ("Network is unreachable", "{source} has no lease for {address}: see 'weftctl leases' there"),
    ("No route to host", "{source} has no way to {address}: see 'weftctl status' there"),
    ("both are", "no two containers may have one address: give each host's Docker a bip of its own "
     "(the role weft.overlay.docker)"),
    ("refused", "the probe's container on {destination} does not answer: see 'docker ps' there"),
)  # fmt: skip


def problems(results: list[Result]) -> list[str]:
    """A sentence for each pair that failed, with the likely cause; a dead host is named once."""
    failed = [result for result in results if result.verdict is Verdict.FAILED]
    hosts = len({result.source.name for result in results})
    as_destination = Counter(result.destination.name for result in failed)
    dead = {name for name, count in as_destination.items() if count == hosts - 1 > 1}
    sentences = [
        f"nobody reaches {name}: see 'weftctl status' and 'systemctl status docker' there"
        for name in sorted(dead)
    ]
    for result in results:
        source, destination = result.source.name, result.destination.name
        if result.verdict is Verdict.SOURCE_REWRITTEN:
            sentences.append(
                f"{source} -> {destination}: the source {result.source.address} arrived as "
                f"{result.answer}: a MASQUERADE or SNAT rule on {source} comes before "
                "WEFT-POSTROUTING ('iptables -t nat -S POSTROUTING')"
            )
        elif result.verdict is Verdict.FAILED and not {source, destination} & dead:
            sentences.append(f"{source} -> {destination}: {result.answer}; {_cause(result)}")
    return sentences


def _cause(result: Result) -> str:
    for words, cause in _CAUSES:
        if words in result.answer:
            return cause.format(
                source=result.source.name,
                destination=result.destination.name,
                address=result.destination.address,
            )
    return f"see 'weftctl status' on {result.source.name} and {result.destination.name}"
