# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.allocation import (
    OutOfSubnetsError,
    Request,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.snapshot import Snapshot
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    LeaseExpiredError,
    NoNetworkError,
    StoreError,
    StoreFault,
    StoreRefusedError,
    StoreSettingsError,
    StoreUnavailableError,
    StoreUntrustedError,
    WriteConflictError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.grpc_channel import (
    CallError,
    EtcdChannel,
    Failure,
    Message,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.reservation import (
    ReservationSettings,
    release,
    reserve,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import (
    StoreSettings,
    Tls,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.transaction import LeaseChange
from tests.store.etcd_server import EtcdMember, TlsFiles, free_port

NETWORK = '{"Network":"100.96.0.0/16"}'
WIDE_NETWORK = '{"Network":"10.64.0.0/10"}'


def lease(number: int, **fields: Any) -> Lease:
    return Lease(
        IPv4Network((0x64600000 + (number << 8), 24)), IPv4Address(f"192.0.2.{number}"), **fields
    )


def hosts(count: int, first: int = 0) -> tuple[Request, ...]:
    return tuple(
        Request(f"host{number}", IPv4Address(0x0A000000 + number))
        for number in range(first, first + count)
    )


def published(store: StoreClient, text: str = NETWORK) -> Snapshot:
    store.write_network(text, store.snapshot())
    return store.snapshot()


def create(store: StoreClient, *leases: Lease, ttl: int | None = None) -> tuple[Lease, ...]:
    changes = [LeaseChange(None, each, ttl) for each in leases]
    return store.commit(changes, store.snapshot())


def assert_no_overlap(leases: tuple[Lease, ...]) -> None:
    for lower, upper in pairwise(sorted(leases, key=lambda each: each.subnet)):
        assert not lower.subnet.overlaps(upper.subnet)


class TestNetwork:
    def test_is_absent_at_first(self, store: StoreClient) -> None:
        snapshot = store.snapshot()
        assert snapshot.network is None
        assert snapshot.leases == ()

    def test_is_written_where_flannel_reads_it(self, store: StoreClient, etcd: EtcdMember) -> None:
        revision = store.write_network(NETWORK, store.snapshot())
        assert etcd.get(f"{store.prefix}/config") == NETWORK
        assert store.snapshot().network_revision == revision

    def test_of_two_writers_the_second_fails(self, store: StoreClient) -> None:
        seen = store.snapshot()
        store.write_network(NETWORK, seen)
        with pytest.raises(WriteConflictError, match=r"Another client wrote .*/config"):
            store.write_network(WIDE_NETWORK, seen)
        assert store.snapshot().network is not None
        assert store.snapshot().network == published_network(store)

    def test_is_not_replaced_under_a_lease_that_came_meanwhile(self, store: StoreClient) -> None:
        seen = published(store)
        create(store, lease(1))
        with pytest.raises(WriteConflictError):
            store.write_network(WIDE_NETWORK, seen)

    def test_is_removed(self, store: StoreClient) -> None:
        store.write_network(None, published(store))
        assert store.snapshot().network is None


def published_network(store: StoreClient) -> Any:
    network = store.snapshot().network
    assert network is not None
    assert network.text == NETWORK
    return network


class TestLeases:
    def test_has_flannels_key_and_value(self, store: StoreClient, etcd: EtcdMember) -> None:
        published(store)
        create(store, lease(1))
        value = etcd.get(f"{store.prefix}/subnets/100.96.1.0-24")
        assert value == '{"PublicIP":"192.0.2.1","PublicIPv6":null}'

    def test_carries_what_flannel_wrote_through_a_rewrite(
        self, store: StoreClient, etcd: EtcdMember
    ) -> None:
        value = (
            '{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"vxlan",'
            '"BackendData":{"VNI":1,"VtepMAC":"c6:d2:00:00:00:01"},"Later":[1]}'
        )
        granted = etcd.etcdctl("lease", "grant", "600").stdout.split()[1]
        key = f"{store.prefix}/subnets/100.96.1.0-24"
        etcd.etcdctl("put", "--lease", granted, key, value)
        (held,) = store.snapshot().leases
        assert held.lease_id == int(granted, 16)
        life = store.times_to_live([held.lease_id])[held.lease_id]
        assert 0 < life.remaining <= life.granted == 600

        store.commit([LeaseChange(held, replace(held, lease_id=0))])

        assert etcd.get(key) == value
        assert store.snapshot().leases[0].is_reservation
        etcd.etcdctl("lease", "revoke", granted)
        assert store.snapshot().leases == (held,)

    def test_lists_what_is_no_lease_apart(self, store: StoreClient, etcd: EtcdMember) -> None:
        published(store)
        create(store, lease(1))
        etcd.etcdctl("put", f"{store.prefix}/subnets/100.96.2.0-24", "{")
        etcd.etcdctl("put", f"{store.prefix}/subnets/nonsense", "{}")
        snapshot = store.snapshot()
        assert snapshot.leases == (lease(1),)
        assert [entry.key.rpartition("/")[2] for entry in snapshot.invalid] == [
            "100.96.2.0-24",
            "nonsense",
        ]
        assert snapshot.blocked == (IPv4Network("100.96.2.0/24"),)
        (taken,) = reserve(store, hosts(1))
        assert str(taken.after.subnet) == "100.96.3.0/24"

    def test_expires_unless_refreshed(self, store: StoreClient) -> None:
        published(store)
        (short,) = create(store, lease(1), ttl=1)
        for _ in range(4):
            assert store.keep_alive(short.lease_id) == 1
            time.sleep(0.5)
        assert store.snapshot().leases == (short,)
        deadline = time.monotonic() + 10
        while store.snapshot().leases and time.monotonic() < deadline:
            time.sleep(0.2)
        assert store.snapshot().leases == ()
        with pytest.raises(LeaseExpiredError):
            store.keep_alive(short.lease_id)
        with pytest.raises(LeaseExpiredError):
            store.commit([LeaseChange(None, short)], store.snapshot())

    def test_of_two_writers_the_second_fails(self, store: StoreClient) -> None:
        published(store)
        (held,) = create(store, lease(1))
        store.commit([LeaseChange(held, replace(held, backend_type="host-gw"))])
        with pytest.raises(WriteConflictError, match=r"Another client wrote .*100\.96\.1\.0-24"):
            store.commit([LeaseChange(held, None)])
        assert store.snapshot().leases[0].backend_type == "host-gw"

    def test_is_not_created_beside_one_that_came_meanwhile(self, store: StoreClient) -> None:
        seen = published(store)
        wide = Lease(IPv4Network("100.96.0.0/20"), IPv4Address("192.0.2.9"))
        create(store, wide)
        with pytest.raises(WriteConflictError):
            store.commit([LeaseChange(None, lease(1))], seen)
        assert store.snapshot().leases == (wide,)

    def test_is_not_created_in_a_network_that_changed(self, store: StoreClient) -> None:
        seen = published(store)
        store.write_network(WIDE_NETWORK, seen)
        with pytest.raises(WriteConflictError):
            store.commit([LeaseChange(None, lease(1))], seen)

    def test_leaves_no_etcd_lease_behind_when_the_race_is_lost(
        self, store: StoreClient, etcd: EtcdMember
    ) -> None:
        seen = published(store)
        create(store, lease(1))
        before = etcd.etcdctl("lease", "list").stdout
        with pytest.raises(WriteConflictError):
            store.commit([LeaseChange(None, lease(2), ttl=600)], seen)
        assert etcd.etcdctl("lease", "list").stdout == before

    def test_hosts_swap_subnets(self, store: StoreClient) -> None:
        published(store)
        one, two = create(store, lease(1), lease(2))
        store.commit(
            [
                LeaseChange(one, replace(one, subnet=two.subnet)),
                LeaseChange(two, replace(two, subnet=one.subnet)),
            ],
            store.snapshot(),
        )
        assert [str(each.public_ip) for each in store.snapshot().leases] == [
            "192.0.2.2",
            "192.0.2.1",
        ]


@pytest.fixture
def lose_next_answer(store: StoreClient, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the next transaction be carried out while its answer does not arrive."""

    def arm() -> None:
        call = EtcdChannel.call

        def call_once(*arguments: Any) -> Message:
            monkeypatch.setattr(EtcdChannel, "call", call)
            call(*arguments)
            raise CallError(Failure.UNAVAILABLE, "Socket closed", "UNAVAILABLE")

        monkeypatch.setattr(EtcdChannel, "call", call_once)

    return arm


class TestLostAnswer:
    def test_creation_counts_as_done(
        self, store: StoreClient, lose_next_answer: Callable[[], None]
    ) -> None:
        seen = published(store)
        lose_next_answer()
        (created,) = store.commit([LeaseChange(None, lease(1))], seen)
        assert created.mod_revision == store.snapshot().leases[0].mod_revision

    def test_creation_of_many_goes_on(
        self, store: StoreClient, lose_next_answer: Callable[[], None]
    ) -> None:
        seen = published(store)
        lose_next_answer()
        changes = [LeaseChange(None, lease(number)) for number in range(1, 200)]
        assert len(store.commit(changes, seen)) == 199
        assert len(store.snapshot().leases) == 199

    def test_deletion_counts_as_done(
        self, store: StoreClient, lose_next_answer: Callable[[], None]
    ) -> None:
        published(store)
        (held,) = create(store, lease(1))
        lose_next_answer()
        store.commit([LeaseChange(held, None)])
        assert store.snapshot().leases == ()

    def test_that_lost_the_race_is_no_success(
        self, store: StoreClient, lose_next_answer: Callable[[], None]
    ) -> None:
        seen = published(store)
        create(store, replace(lease(1), public_ip=IPv4Address("192.0.2.99")))
        lose_next_answer()
        with pytest.raises(WriteConflictError):
            store.commit([LeaseChange(None, lease(1))], seen)


class TestReservation:
    def test_needs_a_network(self, store: StoreClient) -> None:
        with pytest.raises(NoNetworkError, match=r"weft\.overlay\.network"):
            reserve(store, hosts(1))

    def test_is_the_same_again(self, store: StoreClient) -> None:
        published(store)
        first = reserve(store, hosts(3))
        assert [str(each.after.subnet) for each in first] == [
            "100.96.1.0/24",
            "100.96.2.0/24",
            "100.96.3.0/24",
        ]
        assert all(each.changed for each in first)
        revision = store.snapshot().revision
        again = reserve(store, hosts(3))
        assert [each.after for each in again] == [each.after for each in first]
        assert not any(each.changed for each in again)
        assert store.snapshot().revision == revision

    def test_ttl_comes_and_goes(self, store: StoreClient) -> None:
        published(store)
        (leased,) = reserve(store, hosts(1), ReservationSettings(ttl=600))
        assert leased.expires
        assert not leased.after.is_reservation
        (kept,) = reserve(store, hosts(1), ReservationSettings(keep_expiry=True))
        assert not kept.changed
        assert kept.after.lease_id == leased.after.lease_id
        (reserved,) = reserve(store, hosts(1))
        assert reserved.changed
        assert store.snapshot().leases[0].is_reservation
        assert not reserve(store, hosts(1), ReservationSettings(ttl=600, keep_expiry=True))[
            0
        ].changed

    def test_moves_only_when_told_to(self, store: StoreClient) -> None:
        published(store)
        reserve(store, hosts(2))
        (host, _other) = hosts(2)
        wish = replace(host, subnet=IPv4Network("100.96.9.0/24"))
        with pytest.raises(ValueError, match="would change address"):
            reserve(store, [wish])
        (moved,) = reserve(store, [wish], ReservationSettings(may_move=True))
        assert str(moved.after.subnet) == "100.96.9.0/24"
        assert len(store.snapshot().leases) == 2

    def test_is_released(self, store: StoreClient) -> None:
        published(store)
        reserve(store, hosts(3))
        assert len(release(store, hosts(2))) == 2
        assert release(store, hosts(2)) == ()
        assert [str(each.subnet) for each in store.snapshot().leases] == ["100.96.3.0/24"]

    def test_follows_a_network_that_was_cut_up_anew(self, store: StoreClient) -> None:
        published(store)
        reserve(store, hosts(255))
        store.write_network('{"Network":"100.96.0.0/16","SubnetLen":26}', store.snapshot())
        again = reserve(store, hosts(255))
        assert {each.after.subnet.prefixlen for each in again} == {26}
        assert len(store.snapshot().leases) == 255
        assert_no_overlap(store.snapshot().leases)

    def test_of_concurrent_allocators_never_collides(self, settings: StoreSettings) -> None:
        with StoreClient(settings) as store:
            published(store)

            def allocate_some(worker: int) -> int:
                with StoreClient(settings) as own:
                    mine = hosts(10, first=worker * 10)
                    return len([reserve(own, [host]) for host in mine])

            with ThreadPoolExecutor(8) as pool:
                assert sum(pool.map(allocate_some, range(8))) == 80
            leases = store.snapshot().leases
        assert len({each.public_ip for each in leases}) == len(leases) == 80
        assert_no_overlap(leases)

    def test_of_one_inventory_by_concurrent_runs_agrees(self, settings: StoreSettings) -> None:
        with StoreClient(settings) as store:
            published(store)

            def run(_number: int) -> list[IPv4Network]:
                with StoreClient(settings) as own:
                    return [each.after.subnet for each in reserve(own, hosts(200))]

            with ThreadPoolExecutor(4) as pool:
                results = list(pool.map(run, range(4)))
            assert all(result == results[0] for result in results)
            assert len(store.snapshot().leases) == 200

    def test_ends_when_the_network_is_full(self, store: StoreClient) -> None:
        published(store, '{"Network":"10.0.0.0/26"}')
        with pytest.raises(OutOfSubnetsError, match="all 3 subnets"):
            reserve(store, hosts(4))
        assert store.snapshot().leases == ()

    @pytest.mark.parametrize("ttl", [None, 86400])
    def test_of_1000_hosts_takes_few_calls(
        self, store: StoreClient, ttl: int | None, record_property: Callable[[str, object], None]
    ) -> None:
        published(store, WIDE_NETWORK)
        calls, begun = store.calls, time.monotonic()
        reserve(store, hosts(1000), ReservationSettings(ttl=ttl))
        seconds, calls = time.monotonic() - begun, store.calls - calls
        print(f"\n1,000 hosts, ttl {ttl}: {calls} calls, {seconds:.2f} s")
        record_property("seconds", seconds)
        assert calls <= (9 if ttl is None else 19)
        assert len(store.snapshot().leases) == 1000
        calls = store.calls
        reserve(store, hosts(1000), ReservationSettings(ttl=ttl))
        assert store.calls - calls == 1


@pytest.fixture
def silent_endpoint() -> Iterator[str]:
    """An endpoint that accepts connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class TestEndpoints:
    def test_goes_past_a_dead_one(self, settings: StoreSettings) -> None:
        dead = f"http://127.0.0.1:{free_port()}"
        begun = time.monotonic()
        endpoints = (dead, *settings.endpoints)
        with StoreClient(replace(settings, endpoints=endpoints, timeout=60)) as store:
            published(store)
            # Without waiting the dead one's share of the time out.
            assert time.monotonic() - begun < 20
            calls = store.calls
            store.snapshot()
            assert store.calls == calls + 1

    def test_goes_past_a_silent_one(self, settings: StoreSettings, silent_endpoint: str) -> None:
        endpoints = (silent_endpoint, *settings.endpoints)
        with StoreClient(replace(settings, endpoints=endpoints, timeout=2)) as store:
            begun = time.monotonic()
            published(store)
            assert time.monotonic() - begun > 0.9

    def test_names_all_that_it_tried(self, settings: StoreSettings, silent_endpoint: str) -> None:
        dead = f"http://127.0.0.1:{free_port()}"
        begun = time.monotonic()
        with (
            StoreClient(replace(settings, endpoints=(dead, silent_endpoint), timeout=1)) as store,
            pytest.raises(StoreUnavailableError) as caught,
        ):
            store.snapshot()
        assert time.monotonic() - begun < 20
        assert f"{dead}: " in str(caught.value)
        assert "refused" in str(caught.value)
        assert f"{silent_endpoint}: " in str(caught.value)
        assert caught.value.fault is StoreFault.UNREACHABLE

    def test_survives_a_restart(self, own_etcd: EtcdMember) -> None:
        with StoreClient(StoreSettings(endpoints=(own_etcd.url,), timeout=2)) as store:
            published(store)
            own_etcd.kill()
            with pytest.raises(StoreUnavailableError):
                store.snapshot()
            own_etcd.start()
            reserve(store, hosts(1))
            assert len(store.snapshot().leases) == 1

    def test_survives_the_loss_of_any_member(self, cluster: list[EtcdMember]) -> None:
        endpoints = tuple(member.url for member in cluster)
        with StoreClient(StoreSettings(endpoints=endpoints, timeout=10)) as store:
            published(store)
            for number, member in enumerate(cluster):
                member.kill()
                reserve(store, hosts(number + 1))
                member.launch(",".join(each.peer for each in cluster))
                member.await_health()
            assert len(store.snapshot().leases) == 3


@pytest.fixture
def guarded_etcd(tmp_path: Path, tls_files: TlsFiles) -> Iterator[EtcdMember]:
    """A member with TLS, users and tokens that last a second."""
    member = EtcdMember(
        "guarded", tmp_path / "etcd", tls=tls_files, options=("--auth-token-ttl", "1")
    )
    try:
        member.start()
        for arguments in (
            ("user", "add", "root:secret"),
            ("user", "grant-role", "root", "root"),
            ("role", "add", "reader"),
            ("role", "grant-permission", "reader", "--prefix=true", "read", "/coreos.com/"),
            ("user", "add", "guest:guest"),
            ("user", "grant-role", "guest", "reader"),
            ("auth", "enable"),
        ):
            member.etcdctl(*arguments)
        yield member
    finally:
        member.kill()


class TestSecurity:
    def test_logs_in_and_again_when_the_token_expires(
        self, guarded_etcd: EtcdMember, tls_files: TlsFiles
    ) -> None:
        with StoreClient(
            StoreSettings(
                endpoints=(guarded_etcd.url,),
                tls=Tls(str(tls_files.ca)),
                user="root",
                password="secret",
            )
        ) as store:
            published(store)
            time.sleep(3)
            assert store.snapshot().network is not None
            calls = store.calls
            store.snapshot()
            assert store.calls == calls + 1

    def test_says_what_is_refused(self, guarded_etcd: EtcdMember, tls_files: TlsFiles) -> None:
        guest = StoreSettings(
            endpoints=(guarded_etcd.url,),
            tls=Tls(str(tls_files.ca)),
            user="guest",
            password="guest",
        )
        with (
            StoreClient(guest) as store,
            pytest.raises(StoreRefusedError, match="permission denied"),
        ):
            published(store)
        with (
            StoreClient(replace(guest, password="wrong")) as store,
            pytest.raises(StoreRefusedError, match="authentication failed"),
        ):
            store.snapshot()
        assert "wrong" not in repr(replace(guest, password="wrong"))
        with (
            StoreClient(replace(guest, user=None, password=None)) as store,
            pytest.raises(StoreRefusedError, match="user name is empty"),
        ):
            store.snapshot()

    def test_identifies_itself_by_certificate(self, tmp_path: Path, tls_files: TlsFiles) -> None:
        trust = ("--client-cert-auth", "--trusted-ca-file", str(tls_files.ca))
        member = EtcdMember("mutual", tmp_path / "etcd", tls=tls_files, options=trust)
        try:
            member.start()
            ca, certificate, key = (
                str(path) for path in (tls_files.ca, tls_files.client, tls_files.client_key)
            )
            settings = StoreSettings(endpoints=(member.url,), tls=Tls(ca, certificate, key))
            with StoreClient(settings) as store:
                assert store.snapshot().leases == ()
            for tls in (Tls(ca), Tls(certificate, certificate, key)):
                with (
                    StoreClient(replace(settings, tls=tls, timeout=3)) as store,
                    pytest.raises(StoreUntrustedError),
                ):
                    store.snapshot()
        finally:
            member.kill()

    def test_names_a_file_that_is_missing(self, tmp_path: Path) -> None:
        missing = str(tmp_path / "ca.pem")
        with (
            StoreClient(
                StoreSettings(endpoints=("https://127.0.0.1:1",), tls=Tls(missing))
            ) as store,
            pytest.raises(StoreError, match="cannot be read: No such file") as caught,
        ):
            store.snapshot()
        assert caught.value.fault is StoreFault.TLS

    def test_refuses_to_send_a_password_in_clear(self, etcd: EtcdMember) -> None:
        with pytest.raises(StoreSettingsError, match="TLS only"):
            StoreSettings(endpoints=(etcd.url,), user="root", password="secret")
