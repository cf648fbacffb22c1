# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.verification.probe import (
    Host,
    Verdict,
    read_results,
)

ONE, TWO = IPv4Address("100.96.1.2"), IPv4Address("100.96.2.2")
WELL = Host("host2", TWO, f"{ONE} {TWO}")


@pytest.mark.parametrize(
    ("output", "verdict", "answer"),
    [
        (f"{TWO} {ONE}", Verdict.REACHED, str(ONE)),
        (f"100.96.9.2 lost\n{TWO} {ONE}\n", Verdict.REACHED, str(ONE)),
        (f"{TWO}  {ONE} ", Verdict.REACHED, str(ONE)),
        (f"{TWO} 10.168.0.11", Verdict.SOURCE_REWRITTEN, "10.168.0.11"),
        (f"{TWO} wget: download timed out", Verdict.FAILED, "wget: download timed out"),
        (f"{TWO} ", Verdict.FAILED, "no answer"),
        (f"{TWO}", Verdict.FAILED, "no answer"),
        ("", Verdict.FAILED, "the probe printed nothing"),
        (f"100.96.2.22 {ONE}", Verdict.FAILED, "the probe printed nothing"),
    ],
)
def test_a_line_of_the_output_is_the_result_of_a_pair(
    output: str, verdict: Verdict, answer: str
) -> None:
    there, back = read_results([Host("host1", ONE, output), WELL])
    assert (there.source.name, there.destination.name) == ("host1", "host2")
    assert (there.verdict, there.answer) == (verdict, answer)
    assert (back.source.name, back.verdict) == ("host2", Verdict.REACHED)


def test_every_ordered_pair_has_a_result() -> None:
    hosts = [Host(f"host{n}", IPv4Address(f"100.96.{n}.2"), "") for n in range(1, 4)]
    pairs = [(one.source.name, one.destination.name) for one in read_results(hosts)]
    assert len(pairs) == len(set(pairs)) == 6
    assert all(source != destination for source, destination in pairs)


def test_a_single_host_has_no_pairs() -> None:
    assert read_results([WELL]) == []


def test_containers_of_one_address_reach_only_themselves() -> None:
    same = [Host(name, ONE, f"{ONE} {ONE}") for name in ("host1", "host2")]
    assert [result.verdict for result in read_results(same)] == [Verdict.FAILED] * 2
