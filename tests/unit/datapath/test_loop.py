# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
from functools import partial

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.loop import (
    EventLoop,
)


def test_timers_keep_their_time_while_descriptors_are_never_idle() -> None:
    loop = EventLoop()
    one, other = socket.socketpair()
    with one, other:
        other.send(b"x")
        wakes: list[int] = []
        # Never read, so always ready.
        loop.watch(one.fileno(), wakes.append)
        ticks: list[int] = []

        def tick() -> None:
            ticks.append(len(wakes))
            if len(ticks) == 3:
                loop.stop()

        loop.every(0.02, tick)
        loop.run()
    assert 0 < ticks[0] < ticks[1] < ticks[2]


def test_a_descriptor_closed_by_a_callback_is_not_called_in_the_same_round() -> None:
    loop = EventLoop()
    pairs = [socket.socketpair() for _ in range(2)]
    calls: list[int] = []

    def close_the_other(mine: int, _events: int) -> None:
        calls.append(mine)
        other = pairs[1 - mine][0]
        loop.unwatch(other.fileno())
        other.close()
        loop.stop()

    for index, (one, other) in enumerate(pairs):
        other.send(b"x")
        loop.watch(one.fileno(), partial(close_the_other, index))
    loop.run()
    assert len(calls) == 1
    for one, other in pairs:
        one.close()
        other.close()


def test_a_cancelled_timer_is_still_while_the_others_go_on() -> None:
    loop = EventLoop()
    calls: list[str] = []

    def cancelled() -> None:
        calls.append("cancelled")
        loop.cancel(cancelled)

    def other() -> None:
        calls.append("other")
        if calls.count("other") == 3:
            loop.stop()

    loop.every(0.01, cancelled)
    loop.every(0.01, other)
    loop.run()
    assert calls == ["cancelled", "other", "other", "other"]


def test_what_a_callback_raises_ends_the_loop() -> None:
    loop = EventLoop()

    def fail() -> None:
        raise RuntimeError("a defect")

    loop.every(0.01, fail)
    with pytest.raises(RuntimeError, match="a defect"):
        loop.run()
