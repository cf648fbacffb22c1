# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iperf3 is asked and what its JSON says."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from typing import Any

import pytest

from bench import iperf3
from bench.errors import BenchError

SERVER = IPv4Address("10.171.0.12")

# The figures of iperf3 3.18 for a flood of 64-byte datagrams, less what is not read.
FLOOD: dict[str, Any] = {
    "end": {
        "sum": {
            "seconds": 1.001544,
            "bytes": 4757440,
            "lost_packets": 4834,
            "packets": 74336,
            "lost_percent": 6.5029,
            "sender": True,
        },
        "sum_received": {"bytes": 4448128, "lost_packets": 4834, "packets": 74336},
    }
}
STREAM: dict[str, Any] = {
    "end": {
        "sum_sent": {"bytes": 900, "bits_per_second": 7200.0},
        "sum_received": {"seconds": 1.0, "bytes": 800, "bits_per_second": 6400.0},
    }
}


def test_tcp_rate_is_the_receivers() -> None:
    assert iperf3.parse_tcp(json.dumps(STREAM)) == iperf3.Stream(6400.0, 800)


def test_lost_datagrams_are_not_received() -> None:
    datagrams = iperf3.parse_udp(json.dumps(FLOOD))
    assert datagrams.received == 74336 - 4834
    assert datagrams.loss == pytest.approx(0.065029, rel=1e-4)
    assert datagrams.received_per_second == pytest.approx((74336 - 4834) / 1.001544)
    assert datagrams.sent_per_second == pytest.approx(74336 / 1.001544)


def test_error_that_iperf3_reports_is_named() -> None:
    text = json.dumps({"start": {}, "end": {}, "error": "unable to connect to server"})
    with pytest.raises(BenchError, match="unable to connect to server"):
        iperf3.parse_tcp(text)


@pytest.mark.parametrize("text", ["", "iperf3: killed", "[]", '{"end": {}}', '{"end": null}'])
def test_what_is_no_result_is_shown(text: str) -> None:
    with pytest.raises(BenchError, match="no result"):
        iperf3.parse_udp(text)


def test_test_without_traffic_is_no_figure() -> None:
    silent = {"end": {"sum": FLOOD["end"]["sum"] | {"packets": 0, "lost_packets": 0}}}
    with pytest.raises(BenchError, match="nothing was sent"):
        iperf3.parse_udp(json.dumps(silent))
    idle = {"end": {"sum_received": STREAM["end"]["sum_received"] | {"bytes": 0}}}
    with pytest.raises(BenchError, match="nothing arrived"):
        iperf3.parse_tcp(json.dumps(idle))


def test_bitrate_counts_payload_bits_and_zero_means_no_bound() -> None:
    assert "--bitrate 5120000 " in iperf3.udp_command(SERVER, 1, 64, 10_000)
    assert "--bitrate 0 " in iperf3.udp_command(SERVER, 1, 1400)
    assert "--parallel 4 " in iperf3.tcp_command(SERVER, 2, 4)
