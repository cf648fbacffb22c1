# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store that began as one member in clear: it gets TLS, grows to three and five, and runs full.

The tests are steps: each goes on from what the one before it left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.tls_client import answer, client_context

from .fleet_lab import Lab, in_store, raised_lab
from .store_plays import StorePlays, process, voters

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]

HOSTS = ("gro1", "gro2", "gro3", "gro4", "gro5")
ADDRESSES = {number: f"10.183.0.{10 + number}" for number in range(1, 6)}
CLIENTS, PEERS, METRICS = 2379, 2380, 2381

# As little as lets the test fill it soon.
QUOTA = 16 * 1024 * 1024
VALUE_BYTES = 1_000_000  # etcd takes 1.5 MiB a request


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("gro", "10.183.0.0/24", request, ("trixie",) * len(HOSTS)) as lab:
        yield lab


@pytest.fixture(scope="module")
def plays(lab: Lab, collections: Path, tmp_path_factory: pytest.TempPathFactory) -> StorePlays:
    folder = tmp_path_factory.mktemp("growth")
    return StorePlays(lab, collections, folder, len(HOSTS), {"etcd_quota_backend_bytes": QUOTA})


def test_a_store_in_clear_changes_over_to_tls_also_when_it_is_interrupted(
    lab: Lab, plays: StorePlays
) -> None:
    first = plays.provide(members=1, etcd_tls=False)
    assert first.status == 0, first.output
    lab.on(1, "etcdctl put /kept first")
    foretold = plays.provide("--check", members=1)
    assert foretold.status == 0, foretold.output
    assert "first" in lab.on(1, "etcdctl get /kept")

    plays.provide_until("etcd_configure", members=1)
    assert "first" in lab.on(1, "etcdctl get /kept")
    moved = plays.provide(members=1)
    assert moved.status == 0, moved.output
    assert "first" in in_store(lab, "get /kept")
    assert f"https://{ADDRESSES[1]}:{PEERS}" in in_store(lab, "member list")
    assert b"HTTP/1.1 200" not in answer(ADDRESSES[1], CLIENTS, None)
    assert answer(ADDRESSES[1], CLIENTS, client_context()) == b""
    assert plays.provide(members=1).changed() == {HOSTS[0]: 0}


def test_the_way_back_to_plain_http_is_refused(lab: Lab, plays: StorePlays) -> None:
    refused = plays.provide(members=1, etcd_tls=False)
    assert refused.status != 0
    said = " ".join(refused.output.split())
    assert "Only a cluster of one member can be migrated, and only from HTTP to TLS" in said
    assert refused.changed() == {HOSTS[0]: 0}
    assert "first" in in_store(lab, "get /kept")


def test_it_does_not_listen_at_all_addresses(plays: StorePlays) -> None:
    refused = plays.provide(members=1, etcd_address="0.0.0.0")
    assert refused.status != 0
    assert "is '0.0.0.0', which is not an IPv4" in " ".join(refused.output.split())
    assert refused.changed() == {HOSTS[0]: 0}


def test_it_grows_to_three_and_to_five_also_when_it_is_interrupted(
    lab: Lab, plays: StorePlays
) -> None:
    processes = {1: process(lab, 1)}
    grown = plays.provide(members=3)
    assert grown.status == 0, grown.output
    assert voters(lab) == set(HOSTS[:3])
    processes |= {host: process(lab, host) for host in (2, 3)}

    # The learner runs by now, and has no vote.
    plays.provide_until("etcd_promote")
    assert voters(lab) == set(HOSTS[:3])
    grown = plays.provide()
    assert grown.status == 0, grown.output
    assert {host: grown.changed()[host] for host in HOSTS[:3]} == dict.fromkeys(HOSTS[:3], 0)
    assert voters(lab) == set(HOSTS)
    assert len(in_store(lab, "member list").splitlines()) == len(HOSTS)
    assert {host: process(lab, host) for host in processes} == processes
    assert "first" in in_store(lab, "get /kept", 5)


def test_what_one_member_does_not_start_with_reaches_no_other(lab: Lab, plays: StorePlays) -> None:
    before = {host: process(lab, host) for host in ADDRESSES}
    # A port that sshd has.
    stopped = plays.provide(etcd_metrics_port=22, etcd_wait_seconds=10)
    assert stopped.status != 0
    said = " ".join(stopped.output.split())
    # Whose turn comes first is not said.
    (lost,) = (
        host
        for host in ADDRESSES
        if f"etcd on {HOSTS[host - 1]} did not restart with the new configuration" in said
    )
    others = [host for host in ADDRESSES if host != lost]
    assert {host: process(lab, host) for host in others} == {host: before[host] for host in others}
    assert "first" in in_store(lab, "get /kept", others[0])
    mended = plays.provide()
    assert mended.status == 0, mended.output
    assert {host: process(lab, host) for host in others} == {host: before[host] for host in others}
    assert "first" in in_store(lab, "get /kept", lost)


def test_data_are_not_taken_for_lost_that_lie_elsewhere(lab: Lab, plays: StorePlays) -> None:
    before = {host: process(lab, host) for host in ADDRESSES}
    refused = plays.provide(etcd_data_directory="/var/lib/etcd/other")
    assert refused.status != 0
    assert "has no data in etcd_data_directory" in " ".join(refused.output.split())
    assert set(refused.changed().values()) == {0}
    assert {host: process(lab, host) for host in ADDRESSES} == before


@pytest.mark.parametrize("host", ADDRESSES)
def test_a_member_listens_at_its_address_and_on_loopback_alone(lab: Lab, host: int) -> None:
    sockets = lab.on(host, "ss --no-header --listening --tcp --numeric --processes").splitlines()
    own, loopback = ADDRESSES[host], "127.0.0.1"
    assert {line.split()[3] for line in sockets if '"etcd"' in line} == {
        *(f"{own}:{CLIENTS}", f"{own}:{PEERS}"),
        *(f"{loopback}:{CLIENTS}", f"{loopback}:{METRICS}"),
    }


def fill(lab: Lab) -> None:
    """Write one value over and over, which is history for the most part."""
    lab.on(1, f"head --bytes={VALUE_BYTES} /dev/zero | tr '\\0' x > /run/value")
    for _ in range(2 * QUOTA // VALUE_BYTES):
        in_store(lab, "put /filling < /run/value")


def test_a_database_that_runs_full_is_named_and_gets_room(lab: Lab, plays: StorePlays) -> None:
    with pytest.raises(AssertionError, match="database space exceeded"):
        fill(lab)
    full = plays.provide()
    assert full.status != 0
    said = " ".join(full.output.split())
    assert "alarm NOSPACE" in said
    assert "weft.overlay.maintain_etcd frees space" in said

    foretold = plays.run("weft.overlay.maintain_etcd", "--check")
    assert foretold.status == 0, foretold.output
    assert "NOSPACE" in in_store(lab, "alarm list")
    maintained = plays.run("weft.overlay.maintain_etcd")
    assert maintained.status == 0, maintained.output
    assert in_store(lab, "alarm list") == ""
    in_store(lab, "put /kept second")
    assert "second" in in_store(lab, "get /kept", 5)
    # What the quota counts: the file has room beyond it, which bbolt takes 16 MiB at a time.
    for host in ADDRESSES:
        (member,) = json.loads(in_store(lab, "endpoint status --write-out=json", host))
        assert member["Status"]["dbSize"] < QUOTA // 2
    assert plays.run("weft.overlay.maintain_etcd").changed() == dict.fromkeys(HOSTS, 0)
    assert plays.provide().changed() == dict.fromkeys(HOSTS, 0)
