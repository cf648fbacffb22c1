# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TypeVar

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.events import (
    EntryInvalid,
    Interrupted,
    LeaseDeleted,
    LeaseWritten,
    Listed,
    NetworkWritten,
    Resumed,
    WatchEvent,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.lease_watch import LeaseWatch
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import StoreSettings
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.transaction import LeaseChange
from tests.store.etcd_server import EtcdMember, free_port

NETWORK = '{"Network":"100.96.0.0/16"}'
LEASE = Lease(IPv4Network("100.96.1.0/24"), IPv4Address("192.0.2.1"))
OTHER = Lease(IPv4Network("100.96.2.0/24"), IPv4Address("192.0.2.2"))

E = TypeVar("E")


class Watcher:
    """A LeaseWatch that runs in a thread of its own and keeps what it says."""

    def __init__(self, store: StoreClient, from_revision: int | None = None) -> None:
        self._watch = LeaseWatch(store, from_revision)
        self._events: queue.SimpleQueue[WatchEvent] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def next(self, kind: type[E], seconds: float = 15) -> E:
        """Return the next event, which must be of *kind*; interruptions in between may occur."""
        deadline = time.monotonic() + seconds
        while True:
            event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            if isinstance(event, kind):
                return event
            assert isinstance(event, Interrupted), event

    def stop(self) -> float:
        """Stop the watch and return the seconds that it took to end."""
        begun = time.monotonic()
        self._watch.stop()
        self._thread.join(timeout=10)
        assert not self._thread.is_alive()
        return time.monotonic() - begun

    def _run(self) -> None:
        for event in self._watch:
            self._events.put(event)


@pytest.fixture
def own_store(own_etcd: EtcdMember) -> Iterator[StoreClient]:
    with StoreClient(StoreSettings(endpoints=(own_etcd.url,), timeout=1)) as store:
        yield store


def write(store: StoreClient, before: Lease | None, after: Lease | None) -> Lease | None:
    written = store.commit([LeaseChange(before, after)], store.snapshot())
    return written[0] if written else None


def test_tells_every_change_in_order(store: StoreClient, etcd: EtcdMember) -> None:
    with Watcher(store) as watcher:
        assert watcher.next(Listed).snapshot.leases == ()
        watcher.next(Resumed)
        store.write_network(NETWORK, store.snapshot())
        network = watcher.next(NetworkWritten).network
        assert network is not None
        assert network.text == NETWORK
        held = write(store, None, LEASE)
        assert held is not None
        created = watcher.next(LeaseWritten).lease
        assert (created, created.mod_revision) == (LEASE, held.mod_revision)
        moved = replace(held, public_ip=IPv4Address("192.0.2.7"))
        write(store, held, moved)
        assert watcher.next(LeaseWritten).lease == moved
        etcd.etcdctl("put", f"{store.prefix}/subnets/100.96.1.0-24", "{")
        assert watcher.next(EntryInvalid).entry.subnet == LEASE.subnet
        etcd.etcdctl("del", f"{store.prefix}/subnets/100.96.1.0-24")
        assert watcher.next(LeaseDeleted).subnet == LEASE.subnet
        store.write_network(None, store.snapshot())
        assert watcher.next(NetworkWritten).network is None


def test_tells_of_a_lease_that_expires(store: StoreClient) -> None:
    with Watcher(store) as watcher:
        watcher.next(Listed)
        watcher.next(Resumed)
        store.commit([LeaseChange(None, LEASE, ttl=1)], store.snapshot())
        assert not watcher.next(LeaseWritten).lease.is_reservation
        assert watcher.next(LeaseDeleted).subnet == LEASE.subnet


def test_begins_after_a_known_revision(store: StoreClient) -> None:
    write(store, None, LEASE)
    known = store.snapshot().revision
    write(store, None, OTHER)
    with Watcher(store, known) as watcher:
        watcher.next(Resumed)
        assert watcher.next(LeaseWritten).lease == OTHER


def test_resumes_when_the_store_comes_back(own_etcd: EtcdMember, own_store: StoreClient) -> None:
    with Watcher(own_store) as watcher:
        watcher.next(Listed)
        watcher.next(Resumed)
        for lease in (LEASE, OTHER):
            own_etcd.kill()
            assert watcher.next(Interrupted).retry_in <= 5
            own_etcd.start()
            watcher.next(Resumed)
            write(own_store, None, lease)
            assert watcher.next(LeaseWritten).lease == lease


def test_misses_nothing_while_it_is_away(own_etcd: EtcdMember, own_store: StoreClient) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    settings = StoreSettings(endpoints=(own_etcd.url, dead), timeout=1)
    with StoreClient(settings) as watched, Watcher(watched) as watcher:
        watcher.next(Listed)
        watcher.next(Resumed)
        own_etcd.kill()
        watcher.next(Interrupted)
        own_etcd.start()
        held = write(own_store, None, LEASE)
        write(own_store, held, None)
        watcher.next(Resumed)
        assert watcher.next(LeaseWritten).lease == LEASE
        assert watcher.next(LeaseDeleted).subnet == LEASE.subnet


def test_lists_again_when_the_history_is_compacted(etcd: EtcdMember, store: StoreClient) -> None:
    known = store.snapshot().revision
    write(store, None, LEASE)
    write(store, None, OTHER)
    etcd.etcdctl("compact", str(store.snapshot().revision))
    with Watcher(store, known) as watcher:
        watcher.next(Resumed)
        assert "compacted" in watcher.next(Interrupted).reason
        assert watcher.next(Listed).snapshot.leases == (LEASE, OTHER)
        watcher.next(Resumed)


def test_lists_again_when_the_store_went_back_in_time(store: StoreClient) -> None:
    write(store, None, LEASE)
    with Watcher(store, store.snapshot().revision + 1000) as watcher:
        assert "restored" in watcher.next(Interrupted).reason
        assert watcher.next(Listed).snapshot.leases == (LEASE,)


def test_lists_again_when_a_restored_store_has_overtaken_it(
    own_etcd: EtcdMember, own_store: StoreClient, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.db"
    own_etcd.etcdctl("snapshot", "save", str(saved))
    with Watcher(own_store) as watcher:
        watcher.next(Listed)
        watcher.next(Resumed)
        write(own_store, None, LEASE)
        watcher.next(LeaseWritten)
        own_etcd.kill()
        watcher.next(Interrupted)
        # Out of the watcher's sight, it goes through the same revisions and beyond.
        elsewhere = replace(own_etcd, directory=tmp_path / "restored", client_port=free_port())
        elsewhere.restore(saved)
        try:
            elsewhere.start()
            with StoreClient(StoreSettings(endpoints=(elsewhere.url,))) as store:
                write(store, None, OTHER)
            for number in range(5):
                elsewhere.etcdctl("put", "/elsewhere", str(number))
        finally:
            elsewhere.kill()
        own_etcd.directory = elsewhere.directory
        own_etcd.start()
        assert watcher.next(Listed).snapshot.leases == (OTHER,)
        watcher.next(Resumed)


def test_goes_to_another_member_when_one_falls(cluster: list[EtcdMember]) -> None:
    endpoints = tuple(member.url for member in cluster)
    with (
        StoreClient(StoreSettings(endpoints=endpoints, timeout=10)) as store,
        Watcher(store) as watcher,
    ):
        watcher.next(Listed)
        first = watcher.next(Resumed).endpoint
        next(member for member in cluster if member.url == first).kill()
        assert watcher.next(Resumed).endpoint != first
        write(store, None, LEASE)
        assert watcher.next(LeaseWritten).lease == LEASE


def test_leaves_a_member_that_lost_its_leader(cluster: list[EtcdMember]) -> None:
    alone, *others = cluster
    with (
        StoreClient(StoreSettings(endpoints=(alone.url,), timeout=1)) as store,
        Watcher(store) as watcher,
    ):
        watcher.next(Listed)
        watcher.next(Resumed)
        for member in others:
            member.kill()
        assert "leader" in watcher.next(Interrupted).reason


def test_stops_at_once(store: StoreClient) -> None:
    watcher = Watcher(store)
    watcher.next(Listed)
    watcher.next(Resumed)
    assert watcher.stop() < 1


def test_stops_within_the_timeout_while_etcd_is_unreachable() -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    with StoreClient(StoreSettings(endpoints=(endpoint,), timeout=1)) as store:
        watcher = Watcher(store)
        assert "no endpoint" in watcher.next(Interrupted).reason
        assert watcher.stop() < 2
