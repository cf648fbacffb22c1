# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring one path once: every figure, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address

from bench import cpu, iperf3, ping
from bench.endpoint import Pair
from bench.errors import BenchError
from bench.figures import Figure
from bench.loss_search import highest_rate
from bench.summary import percentile

Values = Mapping[Figure, float]

# Requests under load wait until all streams run; both in seconds.
_SETTLING = 0.4
_LOADED_INTERVAL = 0.004
_IDLE_INTERVAL = 0.002


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often to measure; durations in seconds, `trials` of the loss search."""

    repeats: int
    tcp_seconds: int
    udp_seconds: int
    trials: int
    requests: int


FULL = Effort(repeats=3, tcp_seconds=2, udp_seconds=1, trials=3, requests=400)
QUICK = Effort(repeats=1, tcp_seconds=1, udp_seconds=1, trials=0, requests=200)


@dataclass(frozen=True, slots=True)
class Measurement:
    """Traffic from the left host to `target`, which the right host holds."""

    pair: Pair
    target: IPv4Address
    effort: Effort

    def figures(self) -> Iterator[tuple[str, Values | BenchError]]:
        """Measure, and yield the values of each part, or why it has none, with its name."""
        parts: Mapping[str, Callable[[], Values]] = {
            "latency": self._latency,
            "tcp1": self._one_stream,
            "tcp4": self._four_streams,
            "udp64": lambda: self._datagrams(64, Figure.UDP64, Figure.UDP64_LOSSLESS),
            "udp1400": lambda: self._datagrams(1400, Figure.UDP1400, Figure.UDP1400_LOSSLESS),
        }
        for name, part in parts.items():
            try:
                yield name, part()
            except BenchError as error:
                yield name, error

    def _latency(self) -> Values:
        times = self._ping(self.effort.requests, _IDLE_INTERVAL)
        return {Figure.RTT_P50: percentile(times, 0.5), Figure.RTT_P99: percentile(times, 0.99)}

    def _one_stream(self) -> Values:
        hosts = [endpoint.host for endpoint in self.pair.both]
        before = cpu.seconds(hosts)
        stream = self._stream(1)
        consumed = cpu.seconds(hosts) - before
        return {
            Figure.TCP1: stream.bits_per_second / 1e9,
            Figure.CPU: consumed / (stream.received_bytes / 2**30),
        }

    def _four_streams(self) -> Values:
        requests = round((self.effort.tcp_seconds - _SETTLING) * 0.8 / _LOADED_INTERVAL)
        with ThreadPoolExecutor(1) as pool:
            loaded = pool.submit(self._ping, requests, _LOADED_INTERVAL, _SETTLING)
            stream = self._stream(4)
            times = loaded.result()
        return {
            Figure.TCP4: stream.bits_per_second / 1e9,
            Figure.RTT_P50_LOADED: percentile(times, 0.5),
            Figure.RTT_P99_LOADED: percentile(times, 0.99),
        }

    def _datagrams(self, size: int, saturated: Figure, lossless: Figure) -> Values:
        flood = self._flood(size)
        values = {saturated: flood.received_per_second}
        if self.effort.trials:
            rate = highest_rate(flood, self.effort.trials, lambda offer: self._flood(size, offer))
            if rate is not None:
                values[lossless] = rate
        return values

    def _ping(self, requests: int, interval: float, delay: float = 0) -> tuple[float, ...]:
        line = f"sleep {delay}; {ping.command(self.target, requests, interval)}"
        return ping.parse_microseconds(self.pair.left.run(line), requests)

    def _stream(self, streams: int) -> iperf3.Stream:
        command = iperf3.tcp_command(self.target, self.effort.tcp_seconds, streams)
        return iperf3.parse_tcp(iperf3.run(self.pair.left, command))

    def _flood(self, size: int, per_second: float = 0) -> iperf3.Datagrams:
        command = iperf3.udp_command(self.target, self.effort.udp_seconds, size, per_second)
        return iperf3.parse_udp(iperf3.run(self.pair.left, command))
