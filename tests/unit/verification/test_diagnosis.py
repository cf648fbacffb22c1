# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.verification.diagnosis import (
    problems,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.verification.probe import (
    Host,
    read_results,
)


def address(number: int) -> str:
    return f"100.96.{number}.2"


def fleet(count: int, answers: dict[tuple[int, int], str]) -> list[Host]:
    """Hosts whose containers reach each other, but for what `answers` says of a pair."""
    numbers = range(1, count + 1)
    return [
        Host(
            f"host{source}",
            IPv4Address(address(source)),
            "\n".join(
                f"{address(other)} {answers.get((source, other), address(source))}"
                for other in numbers
                if other != source
            ),
        )
        for source in numbers
    ]


def said(count: int, answers: dict[tuple[int, int], str]) -> list[str]:
    return problems(read_results(fleet(count, answers)))


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_where_all_is_well_nothing_is_said(count: int) -> None:
    assert said(count, {}) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("wget: download timed out", ["UDP to the backend's port", "weftd running on host2"]),
        (
            "wget: can't connect to remote host (100.96.2.2): Network is unreachable",
            ["host1 has no lease for 100.96.2.2", "'weftctl leases'"],
        ),
        (
            "wget: can't connect to remote host (100.96.2.2): No route to host",
            ["host1 has no way to 100.96.2.2", "'weftctl status'"],
        ),
        (
            "wget: can't connect to remote host (100.96.2.2): Connection refused",
            ["the probe's container on host2", "'docker ps'"],
        ),
        ("wget: server returned error: HTTP/1.0 500", ["'weftctl status' on host1 and host2"]),
    ],
)
def test_a_failed_pair_is_named_with_the_words_and_the_likely_cause(
    answer: str, words: list[str]
) -> None:
    (sentence,) = said(2, {(1, 2): answer})
    assert sentence.startswith(f"host1 -> host2: {answer}; ")
    for word in words:
        assert word in sentence


def test_a_rewritten_source_names_the_host_whose_rule_did_it() -> None:
    (sentence,) = said(3, {(3, 1): "10.168.0.13"})
    assert sentence.startswith("host3 -> host1: the source 100.96.3.2 arrived as 10.168.0.13")
    assert "rule on host3" in sentence
    assert "iptables -t nat -S POSTROUTING" in sentence


def test_a_dead_host_is_named_once_and_its_pairs_are_not() -> None:
    lost = "wget: download timed out"
    cut_off = {(1, 2): lost, (3, 2): lost, (2, 1): lost, (2, 3): lost}
    assert said(3, cut_off) == [
        "nobody reaches host2: see 'weftctl status' and 'systemctl status docker' there"
    ]


def test_a_dead_host_does_not_hide_another_pair() -> None:
    lost = "wget: download timed out"
    first, second = said(4, {(1, 2): lost, (3, 2): lost, (4, 2): lost, (3, 4): lost})
    assert first.startswith("nobody reaches host2")
    assert second.startswith("host3 -> host4: ")


def test_of_two_hosts_none_is_called_dead() -> None:
    lost = "wget: download timed out"
    assert [one[:14] for one in said(2, {(1, 2): lost, (2, 1): lost})] == [
        "host1 -> host2",
        "host2 -> host1",
    ]


def test_containers_of_one_address_are_told_to_get_a_bip() -> None:
    same = [Host(f"host{n}", IPv4Address("172.17.0.2"), "172.17.0.2 172.17.0.2") for n in (1, 2)]
    sentences = problems(read_results(same))
    assert sentences[0].startswith("host1 -> host2: both are 172.17.0.2; ")
    assert "bip" in sentences[0]
