# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint over a real socket of loopback, with an observer that says what a test wants."""

from __future__ import annotations

import http.client
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import cast

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.settings import (
    MetricsSettings,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics import exposition
from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics.endpoint import Endpoint
from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics.observer import Observer
from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics.report import (
    Observation,
    Report,
)

from .reports import OBSERVED, REPORT


@dataclass
class Said:
    """In the place of an observer."""

    observation: Observation

    def observe(self, _report: Report | None) -> Observation:
        return self.observation

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Running:
    endpoint: Endpoint
    said: Said
    port: int

    def get(self, path: str, method: str = "GET") -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path)
        reply = connection.getresponse()
        body = reply.read().decode()
        connection.close()
        return reply.status, reply.headers["Content-Type"], body


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def running() -> Iterator[Running]:
    port, said = free_port(), Said(OBSERVED)
    endpoint = Endpoint(MetricsSettings(IPv4Address("127.0.0.1"), port), cast(Observer, said))
    endpoint.serve()
    yield Running(endpoint, said, port)
    endpoint.close()


def fresh() -> Report:
    """The report as of just now."""
    return replace(REPORT, ended_monotonic=time.monotonic())


def test_metrics_and_health_of_a_healthy_host(running: Running) -> None:
    running.endpoint.update(fresh())
    status, content_type, body = running.get("/metrics")
    assert status == 200
    assert content_type.startswith("text/plain; version=0.0.4")
    assert "weft_ready 1.0" in body
    assert running.get("/readyz")[::2] == (200, "ready\n")
    assert running.get("/healthz")[::2] == (200, "ok\n")
    assert running.get("/metrics?x=1")[0] == 200
    assert running.get("/")[0] == 200
    assert running.get("/other")[0] == 404
    assert running.endpoint.state == f"http://127.0.0.1:{running.port}/metrics"


def test_a_head_has_no_body(running: Running) -> None:
    assert running.get("/healthz", "HEAD")[::2] == (200, "")


def test_an_unready_host_lists_the_reasons(running: Running) -> None:
    assert running.get("/readyz")[::2] == (503, "the agent has not finished its first pass\n")
    running.endpoint.update(fresh())
    running.said.observation = replace(OBSERVED, pending=("add route",))
    assert running.get("/readyz")[::2] == (503, "add route\n")
    assert "weft_ready 0.0" in running.get("/metrics")[2]


def test_an_agent_that_stopped_its_passes_is_not_healthy(running: Running) -> None:
    running.endpoint.update(replace(REPORT, ended_monotonic=time.monotonic() - 1000))
    assert running.get("/healthz")[0] == 503


def test_without_the_library_health_is_served(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposition, "IMPORT_ERROR", "no module")
    running.endpoint.update(fresh())
    status, _type, body = running.get("/metrics")
    assert status == 503
    assert "install python3-prometheus-client" in body
    assert running.get("/readyz")[0] == 200


def test_a_silent_client_does_not_block_others(running: Running) -> None:
    silent = [socket.create_connection(("127.0.0.1", running.port)) for _client in range(3)]
    assert running.get("/healthz")[0] == 200
    for client in silent:
        client.close()


def test_a_port_in_use_is_reported_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        settings = MetricsSettings(IPv4Address("127.0.0.1"), port)
        endpoint = Endpoint(settings, cast(Observer, Said(OBSERVED)))
        endpoint.serve()
        endpoint.serve()
    state = endpoint.state or ""
    assert state.startswith(f"cannot listen on 127.0.0.1:{port}: Address already in use")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    endpoint.serve()
    assert endpoint.state == f"http://127.0.0.1:{port}/metrics"
    endpoint.close()


def test_a_disabled_endpoint_does_not_listen() -> None:
    endpoint = Endpoint(None, cast(Observer, Said(OBSERVED)))
    endpoint.serve()
    assert endpoint.state is None
    endpoint.close()


def test_addresses_are_written_as_in_a_url() -> None:
    assert MetricsSettings(IPv6Address("::1"), 9).host_port == "[::1]:9"
    assert MetricsSettings(IPv4Address("192.0.2.1"), 9).host_port == "192.0.2.1:9"
