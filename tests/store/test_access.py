# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets what from an etcd with TLS and authentication, as the role etcd sets it up.

The identities are those of the roles; the permissions are given by the module store_access.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.weft.overlay.plugins.module_utils.weft.agent.lease_manager import (
    LeaseManager,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import LeaseData
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.lease_view import LeaseView
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.settings import LeaseSettings
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.allocation import Request
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    StoreError,
    StoreFault,
    StoreRefusedError,
    StoreUnavailableError,
    StoreUntrustedError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.events import (
    LeaseWritten,
    Listed,
    Resumed,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.lease_watch import LeaseWatch
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.reservation import reserve
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import (
    StoreSettings,
    Tls,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.transaction import LeaseChange
from tests.store.etcd_server import Authority, EtcdMember, Identity, TlsFiles
from tests.store.test_modules import run_module
from tests.store.tls_client import any_version, client_context, handshakes
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
PREFIX = "/coreos.com/network"
CONFIG = '{"Network":"100.96.0.0/16","Backend":{"Type":"udp"}}'
IP_A, IP_B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
HOST_A, HOST_B, PROVISIONER = "weft-host-192.0.2.1", "weft-host-192.0.2.2", "weft-provisioner"
KEY_A, KEY_B = f"{PREFIX}/subnets/100.96.1.0-24", f"{PREFIX}/subnets/100.96.2.0-24"


def role_variables() -> dict[str, Any]:
    path = ROOT / "collection/roles/etcd/vars/main.yml"
    variables: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return variables


def host(name: str, key: str) -> dict[str, Any]:
    """The role of a host, as the role overlay gives it."""
    return {
        "name": name,
        "permissions": [
            {"key": f"{PREFIX}/", "prefix": True, "access": "read"},
            {"key": key, "access": "write"},
        ],
    }


ACCESS: dict[str, Any] = {
    "roles": [
        {
            "name": PROVISIONER,
            "permissions": [{"key": f"{PREFIX}/", "prefix": True, "access": "readwrite"}],
        },
        host(HOST_A, KEY_A),
        host(HOST_B, KEY_B),
    ],
    "users": [
        {"name": "root", "roles": ["root"]},
        *({"name": name, "roles": [name]} for name in (PROVISIONER, HOST_A, HOST_B)),
    ],
    "enabled": True,
}


class GuardedStore:
    """A member with TLS and authentication, and the identities of a fleet."""

    def __init__(self, directory: Path) -> None:
        self.authority = Authority(directory / "tls")
        self.identities: dict[str, Identity] = {}
        server = self.authority.issue("weft-etcd", usages="serverAuth,clientAuth")
        root = self.identity("root")
        trust = str(self.authority.certificate)
        self.member = EtcdMember(
            "guarded",
            directory / "etcd",
            TlsFiles(
                self.authority.certificate,
                server.certificate,
                server.key,
                root.certificate,
                root.key,
            ),
            (
                *("--client-cert-auth", "--trusted-ca-file", trust),
                *("--cipher-suites", role_variables()["_etcd_cipher_suites"]),
                "--enable-grpc-gateway=false",
            ),
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Serve, with a network; authentication is off yet."""
        try:
            self.member.start()
            self.member.etcdctl("put", f"{PREFIX}/config", CONFIG)
            yield
        finally:
            self.member.kill()

    def identity(self, name: str) -> Identity:
        if name not in self.identities:
            self.identities[name] = self.authority.issue(name)
        return self.identities[name]

    def settings(self, name: str) -> StoreSettings:
        own = self.identity(name)
        return StoreSettings(
            endpoints=(self.member.url,),
            prefix=PREFIX,
            tls=Tls(str(self.authority.certificate), str(own.certificate), str(own.key)),
            timeout=3,
        )

    def store(self, name: str) -> StoreClient:
        return StoreClient(self.settings(name))

    def options(self, name: str) -> dict[str, Any]:
        """The options by which a module reaches this store as *name*."""
        own = self.identity(name)
        return {
            "endpoints": [self.member.url],
            "ca_cert": str(self.authority.certificate),
            "client_cert": str(own.certificate),
            "client_key": str(own.key),
        }

    def etcdctl(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        own = self.identity(name)
        tls = replace(
            self.member.tls or pytest.fail("TLS is off"), client=own.certificate, client_key=own.key
        )
        return replace(self.member, tls=tls).etcdctl(*arguments, check=False)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedStore]:
    """A store with a network, and subnets for the hosts A and B."""
    guarded = GuardedStore(tmp_path_factory.mktemp("guarded"))
    with guarded.running():
        with guarded.store("root") as store:
            reserve(store, [Request("a", IP_A), Request("b", IP_B)])
        predicted = run_module(
            "store_access", guarded.options("root") | ACCESS, "--check", "--diff"
        )
        assert predicted.changed
        assert "+authentication: on" in predicted.output
        assert f"+user {HOST_A}: {HOST_A}" in predicted.output
        assert guarded.etcdctl("root", "user", "list").stdout == ""
        done = run_module("store_access", guarded.options("root") | ACCESS)
        assert done.changed
        assert done.result["steps"] == predicted.result["steps"]
        yield guarded


def lease_of(store: StoreClient, public_ip: IPv4Address) -> Lease:
    (found,) = (lease for lease in store.snapshot().leases if lease.public_ip == public_ip)
    return found


class TestTheModule:
    def test_changes_nothing_twice(self, guarded: GuardedStore) -> None:
        again = run_module("store_access", guarded.options("root") | ACCESS, "--diff")
        assert not again.changed
        assert again.result["steps"] == []

    def test_moves_a_permission_with_its_lease_and_takes_a_host_away(
        self, guarded: GuardedStore
    ) -> None:
        name, other = "weft-host-192.0.2.9", f"{PREFIX}/subnets/100.96.9.0-24"
        user = [{"name": name, "roles": [name]}]
        options = guarded.options("root")
        for key in (f"{PREFIX}/subnets/100.96.8.0-24", other):
            access = {"roles": [host(name, key)], "users": user}
            assert run_module("store_access", options | access).changed
        assert guarded.etcdctl("root", "role", "get", name).stdout.splitlines()[1:] == [
            "KV Read:",
            f"\t[{PREFIX}/, {PREFIX}0) (prefix {PREFIX}/)",
            "KV Write:",
            f"\t{other}",
        ]
        gone = run_module("store_access", options | {"purge_prefix": "weft-host-192.0.2.9"})
        assert gone.result["steps"] == [f"DeleteUser(user='{name}')", f"DeleteRole(role='{name}')"]
        refused = guarded.etcdctl(name, "get", f"{PREFIX}/config")
        assert (refused.returncode, refused.stdout) != (0, CONFIG)
        assert guarded.etcdctl("root", "user", "get", HOST_A).returncode == 0

    def test_gives_users_no_password(self, guarded: GuardedStore) -> None:
        before = guarded.member.get(KEY_A)
        for password in ("none", HOST_A):
            login = ("--user", f"{HOST_A}:{password}")
            assert guarded.etcdctl(HOST_B, *login, "put", KEY_A, "{}").returncode != 0
        assert guarded.member.get(KEY_A) == before

    def test_is_for_root_alone(self, guarded: GuardedStore) -> None:
        absent = {"absent": [HOST_B]}
        outcome = run_module("store_access", guarded.options(PROVISIONER) | absent, "--check")
        assert "permission denied" in outcome.message


class TestAHost:
    def test_reads_the_network_and_watches_it(self, guarded: GuardedStore) -> None:
        with guarded.store(HOST_A) as own, guarded.store(HOST_B) as peer:
            watch = LeaseWatch(own)
            events = iter(watch)
            listed = next(events)
            assert isinstance(listed, Listed)
            assert {lease.public_ip for lease in listed.snapshot.leases} == {IP_A, IP_B}
            assert isinstance(next(events), Resumed)
            held = lease_of(peer, IP_B)
            peer.commit([LeaseChange(held, replace(held, backend_data={"written": 1}))])
            event = next(events)
            assert isinstance(event, LeaseWritten)
            assert event.lease.backend_data == {"written": 1}
            watch.stop()

    def test_writes_its_own_lease_by_its_own_identity(self, guarded: GuardedStore) -> None:
        problems: list[str | None] = []
        with guarded.store(HOST_A) as store:
            manager = LeaseManager(
                store, LeaseSettings(reserve=False, ttl=None), "a", problems.append
            )
            snapshot = store.snapshot()
            view = LeaseView(
                network=snapshot.network,
                leases={lease.subnet: lease for lease in snapshot.leases},
            )
            manager.update(IP_A, view, LeaseData("vxlan", {"VNI": 1}))
            manager.start()
            try:
                eventually(
                    lambda: lease_of(store, IP_A).backend_type == "vxlan", "vxlan is written"
                )
            finally:
                manager.stop()
                manager.join(5)
        assert set(problems) == {None}

    def test_is_told_who_has_its_subnet_when_its_lease_has_expired(
        self, guarded: GuardedStore
    ) -> None:
        other_ip = IPv4Address("192.0.2.9")
        problems: list[str | None] = []
        with guarded.store("root") as root, guarded.store(HOST_A) as store:
            own = lease_of(store, IP_A)
            (taken,) = root.commit([LeaseChange(own, replace(own, public_ip=other_ip))])
            try:
                snapshot = store.snapshot()
                kept = LeaseView(snapshot.network, {own.subnet: own}, stale=True)
                leases = {lease.subnet: lease for lease in snapshot.leases}
                policy = LeaseSettings(reserve=True, ttl=60)
                manager = LeaseManager(store, policy, "a", problems.append, kept)
                manager.update(IP_A, replace(kept, leases=leases, stale=False))
                manager.start()
                try:
                    eventually(lambda: problems, "a problem is reported")
                finally:
                    manager.stop()
                    manager.join(5)
                assert lease_of(store, other_ip) == taken
            finally:
                root.commit([LeaseChange(taken, own)])
        (problem,) = set(problems)
        assert problem is not None
        assert "no lease is held by 192.0.2.1, 192.0.2.9 has 100.96.1.0/24 now" in problem
        assert "reserve one with site.yml" in problem

    def test_touches_no_other_lease(self, guarded: GuardedStore) -> None:
        with guarded.store(HOST_A) as store:
            peers = lease_of(store, IP_B)
            for after in (replace(peers, backend_type="host-gw"), None):
                with pytest.raises(StoreRefusedError, match="permission denied"):
                    store.commit([LeaseChange(peers, after)])
            assert lease_of(store, IP_B) == peers

    def test_reserves_no_second_subnet(self, guarded: GuardedStore) -> None:
        with guarded.store(HOST_A) as store:
            with pytest.raises(StoreRefusedError, match="permission denied"):
                reserve(store, [Request("x", IPv4Address("192.0.2.3"))])
            assert len(store.snapshot().leases) == 2

    def test_changes_no_network(self, guarded: GuardedStore) -> None:
        with guarded.store(HOST_A) as store:
            for text in ("{}", None):
                with pytest.raises(StoreRefusedError, match="permission denied"):
                    store.write_network(text, store.snapshot())
        assert guarded.member.get(f"{PREFIX}/config") == CONFIG

    @pytest.mark.parametrize(
        "arguments",
        [
            ("put", KEY_B, "{}"),
            ("del", KEY_B),
            ("del", "--prefix", f"{PREFIX}/"),
            ("put", "/elsewhere", "x"),
            ("get", "/elsewhere"),
            ("get", "--prefix", "/"),
            ("user", "list"),
            ("user", "add", "me", "--no-password"),
            ("user", "grant-role", HOST_A, "root"),
            ("role", "grant-permission", HOST_A, "write", KEY_B),
            ("auth", "disable"),
            ("snapshot", "save", "/dev/null"),
            ("member", "add", "intruder", "--peer-urls=https://192.0.2.66:2380"),
            ("defrag",),
        ],
        ids=" ".join,
    )
    def test_does_nothing_else(self, guarded: GuardedStore, arguments: tuple[str, ...]) -> None:
        done = guarded.etcdctl(HOST_A, *arguments)
        assert done.returncode != 0
        assert "permission denied" in done.stderr
        assert guarded.member.get(KEY_B)


class TestTheProvisioner:
    def test_reserves_and_releases_and_publishes(self, guarded: GuardedStore) -> None:
        with guarded.store(PROVISIONER) as store:
            (made,) = reserve(store, [Request("c", IPv4Address("192.0.2.3"))])
            store.commit([LeaseChange(made.after, None)])
            store.write_network(CONFIG, store.snapshot())

    def test_stays_under_the_prefix(self, guarded: GuardedStore) -> None:
        for arguments in (("put", "/elsewhere", "x"), ("user", "list")):
            assert "permission denied" in guarded.etcdctl(PROVISIONER, *arguments).stderr


class TestUnauthorizedClient:
    def test_without_a_certificate_gets_nothing(self, guarded: GuardedStore) -> None:
        settings = replace(guarded.settings(HOST_A), tls=Tls(str(guarded.authority.certificate)))
        with StoreClient(settings) as store, pytest.raises(StoreUntrustedError):
            store.snapshot()

    def test_with_a_certificate_of_another_authority_gets_nothing(
        self, guarded: GuardedStore, tmp_path: Path
    ) -> None:
        forged = Authority(tmp_path).issue("root")
        trust = str(guarded.authority.certificate)
        settings = replace(
            guarded.settings(HOST_A),
            tls=Tls(trust, str(forged.certificate), str(forged.key)),
        )
        with StoreClient(settings) as store, pytest.raises(StoreUntrustedError):
            store.snapshot()

    def test_with_a_certificate_that_has_ended_gets_nothing(self, guarded: GuardedStore) -> None:
        ended = guarded.authority.issue("ended", lasting=("-days", "0"))
        trust = str(guarded.authority.certificate)
        tls = Tls(trust, str(ended.certificate), str(ended.key))
        with (
            StoreClient(replace(guarded.settings(HOST_A), tls=tls)) as store,
            pytest.raises(
                StoreUntrustedError, match=r"ended\.pem expired at .*: renew it with"
            ) as caught,
        ):
            store.snapshot()
        assert caught.value.fault is StoreFault.TLS

    def test_with_the_name_of_no_user_gets_nothing(self, guarded: GuardedStore) -> None:
        with guarded.store("weft-etcd-like") as store, pytest.raises(StoreError) as caught:
            store.snapshot()
        assert caught.value.fault is StoreFault.REFUSED

    def test_that_speaks_no_tls_gets_nothing(self, guarded: GuardedStore) -> None:
        url = guarded.member.url.replace("https", "http")
        with (
            StoreClient(StoreSettings(endpoints=(url,), timeout=1)) as store,
            pytest.raises(StoreUnavailableError),
        ):
            store.snapshot()

    def test_gets_nothing_by_http_either(self, guarded: GuardedStore) -> None:
        own = guarded.identity(HOST_A)
        context = ssl.create_default_context(cafile=guarded.authority.certificate)
        context.load_cert_chain(own.certificate, own.key)
        request = urllib.request.Request(
            f"{guarded.member.url}/v3/kv/range", data=json.dumps({"key": "AA=="}).encode()
        )
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request, context=context, timeout=5)


class TestRenewedFiles:
    def test_are_taken_when_the_store_comes_back(self, tmp_path: Path) -> None:
        before, new = GuardedStore(tmp_path / "before"), GuardedStore(tmp_path / "new")
        member = before.member
        settings = before.settings("root")
        try:
            member.start()
            with StoreClient(settings) as store:
                store.snapshot()
                watch = iter(LeaseWatch(store))
                assert [type(next(watch)) for _ in range(2)] == [Listed, Resumed]
                member.stop()
                for name in ("weft-etcd", "root"):
                    for kind in ("", "-key"):
                        (tmp_path / f"new/tls/{name}{kind}.pem").replace(
                            tmp_path / f"before/tls/{name}{kind}.pem"
                        )
                new.authority.certificate.replace(before.authority.certificate)
                member.start()
                store.snapshot()
                eventually(lambda: isinstance(next(watch), Resumed), "the watch resumes")
        finally:
            member.kill()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
class TestTlsVersions:
    @pytest.mark.parametrize(
        ("version", "served"),
        [
            (ssl.TLSVersion.TLSv1_1, False),
            (ssl.TLSVersion.TLSv1_2, True),
            (ssl.TLSVersion.TLSv1_3, True),
        ],
    )
    def test_before_1_2_are_refused(
        self, guarded: GuardedStore, version: ssl.TLSVersion, served: bool
    ) -> None:
        context = client_context(guarded.identity(HOST_A), version)
        assert handshakes("127.0.0.1", guarded.member.client_port, context) is served
        # The client itself can speak each of them.
        with tls_server(guarded.authority.issue("control", usages="serverAuth")) as control:
            assert handshakes("127.0.0.1", control, context)


@contextlib.contextmanager
def tls_server(identity: Identity) -> Iterator[int]:
    """Serve one handshake of any version on loopback; yields the port."""
    context = any_version(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(identity.certificate, identity.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(5)
