# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host may do with an etcd without security fixes, as docs/security.md says.

GHSA-rfx7-8w68-q57q: permissions are not looked at inside nested transactions.
GHSA-q8m4-xhhv-38mg: anybody may raise an alarm.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from etcd3 import etcdrpc as rpc

from ansible_collections.weft.overlay.plugins.module_utils.etcd.versions import (
    Version,
    parse_version,
)
from tests.store.etcd_server import executable
from tests.store.test_access import ACCESS, HOST_A, KEY_B, GuardedStore
from tests.store.test_modules import run_module

# The first of each minor version that holds both back.
FIXED = {4: Version(3, 4, 42), 5: Version(3, 5, 28)}
NEWEST_FIXED = Version(3, 6, 9)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedStore]:
    guarded = GuardedStore(tmp_path_factory.mktemp("guarded"))
    with guarded.running():
        guarded.member.etcdctl("put", KEY_B, "of host B")
        assert run_module("store_access", guarded.options("root") | ACCESS).changed
        yield guarded


def is_fixed() -> bool:
    said = subprocess.run(
        [executable("etcd", "etcd-server"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    version = parse_version(said.split()[2])
    return version >= FIXED.get(version.minor, NEWEST_FIXED)


@contextmanager
def channel(guarded: GuardedStore, name: str) -> Iterator[grpc.Channel]:
    own = guarded.identity(name)
    files = (guarded.authority.certificate, own.key, own.certificate)
    credentials = grpc.ssl_channel_credentials(*(path.read_bytes() for path in files))
    address = guarded.member.url.removeprefix("https://")
    with grpc.secure_channel(address, credentials) as opened:
        yield opened


def is_refused(call: Callable[..., object], request: object) -> bool:
    try:
        call(request, timeout=5)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.PERMISSION_DENIED:
            raise
        return True
    return False


def test_a_nested_transaction(guarded: GuardedStore) -> None:
    put = rpc.RequestOp(request_put=rpc.PutRequest(key=KEY_B.encode(), value=b"of host A"))
    nested = rpc.RequestOp(request_txn=rpc.TxnRequest(success=[put]))
    with channel(guarded, HOST_A) as opened:
        store = rpc.KVStub(opened)
        assert is_refused(store.Txn, rpc.TxnRequest(success=[put]))
        assert guarded.member.get(KEY_B) == "of host B"
        assert is_refused(store.Txn, rpc.TxnRequest(success=[nested])) is is_fixed()
    assert guarded.member.get(KEY_B) == ("of host B" if is_fixed() else "of host A")


def test_an_alarm(guarded: GuardedStore) -> None:
    raised = rpc.AlarmRequest(action=rpc.AlarmRequest.ACTIVATE, memberID=1, alarm=rpc.NOSPACE)
    with channel(guarded, HOST_A) as opened:
        assert is_refused(rpc.MaintenanceStub(opened).Alarm, raised) is is_fixed()
    assert ("NOSPACE" in guarded.member.etcdctl("alarm", "list").stdout) is not is_fixed()


def test_the_role_warns_of_what_is_not_fixed() -> None:
    """The role names the versions that fix these and what came after them."""
    tasks = Path(__file__).parents[2] / "collection/roles/etcd/tasks/run.yml"
    text = tasks.read_text(encoding="utf-8")
    for fixed in (*FIXED.values(), NEWEST_FIXED):
        assert f"'{fixed.major}.{fixed.minor}." in text
