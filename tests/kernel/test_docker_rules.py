# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic through the rules of each Docker and weft's beside them, with both kinds of iptables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel import iptables

from .docker_host import (
    CLAIMED,
    DOCKERS,
    HOST,
    PUBLISHED,
    PUBLISHED_PORT,
    REMOTE,
    STRANGER,
    TRAFFIC,
    UNPUBLISHED,
    DockerHost,
    source_seen,
)
from .namespaces import Namespaces


@pytest.fixture(params=DOCKERS)
def docker(
    request: pytest.FixtureRequest, made: Namespaces, iptables_kind: str
) -> Iterator[DockerHost]:
    """A host with the rules of one Docker; this thread is inside."""
    host = DockerHost(made, request.param)
    host.start_docker()
    with host.host.entered():
        yield host


def overlay_flows(docker: DockerHost) -> dict[str, str | None]:
    """Who each side of a crossing saw, for every way across the overlay."""
    return {
        "in": source_seen(docker.remote, UNPUBLISHED),
        "out": source_seen(docker.container, REMOTE),
        "host": source_seen(docker.host, REMOTE),
    }


DROP_PUBLISHED = f"PREROUTING -d {PUBLISHED}/32 ! -i docker0 -j DROP"
SOURCES_KEPT = {"in": REMOTE, "out": UNPUBLISHED, "host": "100.96.2.0"}


def test_each_docker_keeps_the_overlay_out_and_weft_admits_it(docker: DockerHost) -> None:
    assert source_seen(docker.remote, UNPUBLISHED) is None
    assert iptables.reconcile(TRAFFIC) is True
    assert overlay_flows(docker) == SOURCES_KEPT
    assert iptables.reconcile(TRAFFIC) is False


def test_a_flush_of_filter_and_nat_leaves_the_overlay_open(docker: DockerHost) -> None:
    iptables.reconcile(TRAFFIC)
    # Docker's rules in raw stay: those of Docker 28 drop packets to each container.
    docker.iptables("-F")
    docker.iptables("-t nat -F")
    iptables.reconcile(TRAFFIC)
    assert overlay_flows(docker) == SOURCES_KEPT
    assert iptables.reconcile(TRAFFIC) is False


def test_what_was_closed_stays_closed_and_what_was_open_stays_open(docker: DockerHost) -> None:
    iptables.reconcile(TRAFFIC)
    assert source_seen(docker.stranger, UNPUBLISHED) is None
    assert source_seen(docker.stranger, HOST, PUBLISHED_PORT) == STRANGER
    assert source_seen(docker.container, STRANGER) == HOST


def test_a_claimed_address_of_the_overlay_opens_nothing(docker: DockerHost) -> None:
    iptables.reconcile(TRAFFIC)
    # Answers find their way, so that the rules alone keep the claimant out.
    docker.host.ip("route", "add", f"{CLAIMED}/32", "via", STRANGER)
    assert source_seen(docker.stranger, HOST, PUBLISHED_PORT, CLAIMED) == CLAIMED
    assert source_seen(docker.stranger, UNPUBLISHED, source=CLAIMED) is None


def test_docker_starts_again_after_weft(docker: DockerHost) -> None:
    iptables.reconcile(TRAFFIC)
    docker.start_docker()
    assert source_seen(docker.remote, UNPUBLISHED) is None
    assert iptables.reconcile(TRAFFIC) is True
    assert overlay_flows(docker) == SOURCES_KEPT


def test_a_container_that_starts_later_is_reached_at_once(
    made: Namespaces, iptables_kind: str
) -> None:
    docker = DockerHost(made, "28.5")
    docker.start_docker()
    with docker.host.entered():
        docker.iptables(f"-t raw -D {DROP_PUBLISHED}")
        iptables.reconcile(TRAFFIC)
        docker.iptables(f"-t raw -A {DROP_PUBLISHED}")
        assert source_seen(docker.remote, PUBLISHED) == REMOTE
        assert iptables.reconcile(TRAFFIC) is False


def test_an_operators_rule_before_dockers_is_obeyed(docker: DockerHost) -> None:
    docker.iptables(f"-t raw -I PREROUTING -s {REMOTE}/32 -j DROP")
    iptables.reconcile(TRAFFIC)
    assert source_seen(docker.remote, UNPUBLISHED) is None
    docker.iptables(f"-t raw -D PREROUTING -s {REMOTE}/32 -j DROP")
    assert source_seen(docker.remote, UNPUBLISHED) == REMOTE
