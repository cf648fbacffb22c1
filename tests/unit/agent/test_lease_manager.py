# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import cast

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.agent.lease_manager import (
    LeaseManager,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import LeaseData
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.lease_view import LeaseView
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.settings import LeaseSettings
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.snapshot import StoredNetwork
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    LeaseExpiredError,
    StoreError,
    StoreRefusedError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.transaction import LeaseChange
from tests.waiting import eventually

PUBLIC_IP = IPv4Address("10.168.0.11")
SUBNET = IPv4Network("100.96.1.0/24")
NETWORK = StoredNetwork('{"Network": "100.96.0.0/16"}', 3)


class FailingStore:
    """Responds to a renewal by a function; a real etcd does not fail on demand."""

    def __init__(self, renewal: Callable[[], int]) -> None:
        self._renewal = renewal
        self.renewed: list[int] = []
        self.writes_refused = 0

    def keep_alive(self, lease_id: int) -> int:
        self.renewed.append(lease_id)
        return self._renewal()

    def commit(self, changes: Sequence[LeaseChange]) -> None:
        assert changes
        self.writes_refused += 1
        raise StoreRefusedError("etcd1: permission denied")


class Kept:
    """A running lease manager and its reports."""

    def __init__(self, store: FailingStore, policy: LeaseSettings) -> None:
        self.store = store
        self.reports: list[str | None] = []
        self._reported = threading.Event()
        self.manager = LeaseManager(cast(StoreClient, store), policy, "host1", self._report)

    def _report(self, problem: str | None) -> None:
        self.reports.append(problem)
        self._reported.set()

    def next_report(self) -> str | None:
        assert self._reported.wait(5), "nothing was reported"
        self._reported.clear()
        return self.reports[-1]


@contextmanager
def keeping(
    renewal: Callable[[], int] = lambda: 60, policy: LeaseSettings | None = None
) -> Iterator[Kept]:
    kept = Kept(FailingStore(renewal), policy or LeaseSettings())
    kept.manager.start()
    try:
        yield kept
    finally:
        kept.manager.stop()
        kept.manager.join(5)
        assert not kept.manager.is_alive()


def view(*leases: Lease, stale: bool = False) -> LeaseView:
    return LeaseView(NETWORK, {lease.subnet: lease for lease in leases}, 5, stale)


def test_a_reservation_is_not_renewed() -> None:
    with keeping() as kept:
        kept.manager.update(PUBLIC_IP, view(Lease(SUBNET, PUBLIC_IP)))
        assert kept.next_report() is None
        assert kept.store.renewed == []


def test_a_lease_is_renewed_before_a_third_of_its_ttl_is_over() -> None:
    with keeping(lambda: 1) as kept:
        begun = time.monotonic()
        kept.manager.update(PUBLIC_IP, view(Lease(SUBNET, PUBLIC_IP, lease_id=42)))
        for _ in range(3):
            assert kept.next_report() is None
        assert kept.store.renewed == [42, 42, 42]
        # Renewals a whole second apart would come too late.
        assert time.monotonic() - begun < 3


@pytest.mark.usefixtures("jumping_clock")
def test_a_jump_of_the_wall_clock_moves_no_renewal() -> None:
    with keeping(lambda: 1) as kept:
        begun = time.monotonic()
        kept.manager.update(PUBLIC_IP, view(Lease(SUBNET, PUBLIC_IP, lease_id=42)))
        for _ in range(3):
            assert kept.next_report() is None
        assert 0.3 < time.monotonic() - begun < 3
    assert kept.store.renewed == [42, 42, 42]


def test_a_failed_renewal_is_reported_until_one_succeeds() -> None:
    def fail() -> int:
        raise StoreError("etcd1: no leader")

    with keeping(fail) as kept:
        held = Lease(SUBNET, PUBLIC_IP, lease_id=42)
        for _ in range(2):
            kept.manager.update(PUBLIC_IP, view(held))
            assert kept.next_report() == "etcd1: no leader"
        assert kept.reports == ["etcd1: no leader"] * 2


def test_a_failed_renewal_is_retried_before_the_lease_expires() -> None:
    answers: Iterator[int | StoreError] = iter([1, StoreError("etcd1: no leader"), 1])

    def renewal() -> int:
        answer = next(answers, 1)
        if isinstance(answer, StoreError):
            raise answer
        return answer

    with keeping(renewal) as kept:
        kept.manager.update(PUBLIC_IP, view(Lease(SUBNET, PUBLIC_IP, lease_id=42)))
        # Ten seconds later it would long be gone.
        eventually(
            lambda: kept.reports[:3] == [None, "etcd1: no leader", None],
            "both states are reported",
            8,
        )


def test_other_updates_do_not_delay_a_renewal() -> None:
    with keeping() as kept:
        held = Lease(SUBNET, PUBLIC_IP, lease_id=42)
        for other in range(2, 6):
            peer = Lease(IPv4Network(f"100.96.{other}.0/24"), IPv4Address(f"10.168.0.{other}"))
            kept.manager.update(PUBLIC_IP, view(held, peer))
            assert kept.next_report() is None
        assert kept.store.renewed == [42]
        # Another lease of etcd has a time of its own.
        kept.manager.update(PUBLIC_IP, view(replace(held, lease_id=43)))
        assert kept.next_report() is None
        assert kept.store.renewed == [42, 43]


def test_a_lease_is_renewed_even_if_its_data_cannot_be_written() -> None:
    with keeping(lambda: 1) as kept:
        held = view(Lease(SUBNET, PUBLIC_IP, lease_id=42))
        kept.manager.update(PUBLIC_IP, held, LeaseData("vxlan", {"VNI": 1}))
        assert kept.next_report() == "etcd1: permission denied"
        eventually(lambda: len(kept.store.renewed) >= 3, "three renewals", 8)
        assert kept.store.writes_refused >= 3
        assert set(kept.reports) == {"etcd1: permission denied"}


def test_an_expired_lease_does_not_end_the_manager() -> None:
    def expired() -> int:
        raise LeaseExpiredError("gone")

    with keeping(expired) as kept:
        kept.manager.update(PUBLIC_IP, view(Lease(SUBNET, PUBLIC_IP, lease_id=42)))
        kept.next_report()
        kept.manager.update(PUBLIC_IP, view())
        assert "no lease is held by 10.168.0.11" in (kept.next_report() or "")


def test_without_a_lease_or_the_right_to_reserve_the_fix_is_reported() -> None:
    with keeping() as kept:
        kept.manager.update(PUBLIC_IP, view())
        problem = kept.next_report() or ""
        for words in ("10.168.0.11", "weft.overlay.subnet_reservation", "lease.reserve"):
            assert words in problem


def test_nothing_is_decided_on_a_stale_view_or_without_a_network_or_a_public_ip() -> None:
    with keeping(policy=LeaseSettings(reserve=True)) as kept:
        kept.manager.update(PUBLIC_IP, view(stale=True))
        kept.manager.update(PUBLIC_IP, LeaseView())
        kept.manager.update(None, view())
        # Each was looked at before this one is answered.
        kept.manager.update(PUBLIC_IP, view(Lease(SUBNET, PUBLIC_IP)))
        assert kept.next_report() is None
        assert kept.reports == [None]


def test_a_network_that_cannot_be_read_is_reported() -> None:
    with keeping() as kept:
        kept.manager.update(PUBLIC_IP, LeaseView(StoredNetwork("{", 3)))
        assert "JSON" in (kept.next_report() or "")
