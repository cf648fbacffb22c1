# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ping -D` prints, counted."""

from __future__ import annotations

import pytest

from tests.faults.traffic import INTERVAL, parse_ping


def printed(replies: dict[int, float], sent: int) -> str:
    lines = [
        f"[{moment:.6f}] 64 bytes from 100.96.2.2: icmp_seq={number} ttl=62 time=0.5 ms"
        for number, moment in replies.items()
    ]
    return "\n".join([*lines, "", f"{sent} packets transmitted, {len(replies)} received"])


def test_all_are_answered() -> None:
    loss = parse_ping(printed({number: 100 + number * INTERVAL for number in range(1, 51)}, 50))
    assert (loss.sent, loss.lost) == (50, 0)
    assert loss.longest == pytest.approx(INTERVAL)


def test_silence_in_the_middle() -> None:
    answered = [*range(1, 11), *range(31, 51)]
    loss = parse_ping(printed({number: 100 + number * INTERVAL for number in answered}, 50))
    assert (loss.sent, loss.lost) == (50, 20)
    assert loss.longest == pytest.approx(21 * INTERVAL)


def test_silence_at_the_end_counts_but_for_the_request_that_the_end_cut_off() -> None:
    replies = {number: 100 + number * INTERVAL for number in range(1, 31)}
    assert parse_ping(printed(replies, 31)).lost == 0
    loss = parse_ping(printed(replies, 51))
    assert (loss.sent, loss.lost) == (50, 20)
    assert loss.longest == pytest.approx(20 * INTERVAL)


def test_an_answer_that_came_twice_counts_once() -> None:
    text = printed({1: 100.0, 2: 100.02}, 2)
    first = text.splitlines()[0]
    loss = parse_ping(f"{first} (DUP!)\n{text}")
    assert (loss.sent, loss.lost) == (2, 0)


def test_without_a_single_answer_nothing_is_claimed() -> None:
    with pytest.raises(ValueError, match="nothing that can be counted"):
        parse_ping("5 packets transmitted, 0 received")
