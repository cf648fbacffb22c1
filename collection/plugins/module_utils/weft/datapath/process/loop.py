# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event loop of a process: callbacks for readable descriptors (epoll) and for intervals."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Timer:
    interval: float
    due: float
    callback: Callable[[], None]


class EventLoop:
    """Runs callbacks, level-triggered; a callback must be bounded and must not block."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callable[[int], None]] = {}
        self._timers: list[_Timer] = []
        self._stopped = False

    def watch(
        self, descriptor: int, callback: Callable[[int], None], events: int = select.EPOLLIN
    ) -> None:
        """Call `callback` on `events` of `descriptor`, instead of an earlier callback."""
        if descriptor in self._callbacks:
            self._epoll.modify(descriptor, events)
        else:
            self._epoll.register(descriptor, events)
        self._callbacks[descriptor] = callback

    def unwatch(self, descriptor: int) -> None:
        """Stop watching `descriptor`, which must still be open."""
        del self._callbacks[descriptor]
        self._epoll.unregister(descriptor)

    def every(self, interval: float, callback: Callable[[], None]) -> None:
        """Call `callback` every `interval` seconds, also under constant load."""
        self._timers.append(_Timer(interval, time.monotonic() + interval, callback))

    def cancel(self, callback: Callable[[], None]) -> None:
        """Stop the interval of `callback`."""
        self._timers = [timer for timer in self._timers if timer.callback != callback]

    def stop(self) -> None:
        """Make `run` return after the current callback."""
        self._stopped = True

    def run(self) -> None:
        """Run callbacks until `stop`; an exception of a callback ends the loop and is raised."""
        poll, callbacks = self._epoll.poll, self._callbacks
        next_due = 0.0
        while not self._stopped:
            now = time.monotonic()
            if now >= next_due:
                next_due = self._run_timers(now)
            for descriptor, events in poll(max(0.0, next_due - now)):
                # An earlier callback of this iteration may have closed the descriptor.
                callback = callbacks.get(descriptor)
                if callback is not None:
                    callback(events)

    def close(self) -> None:
        """Release the epoll descriptor."""
        self._epoll.close()

    def _run_timers(self, now: float) -> float:
        for timer in self._timers:
            if now >= timer.due:
                timer.due = now + timer.interval
                timer.callback()
        return min((timer.due for timer in self._timers), default=now + 3600.0)
