# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One etcd for all tests of the session; each test works under a prefix of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import StoreSettings
from tests.store.etcd_server import EtcdMember, TlsFiles, make_tls_files, start_cluster

_prefixes = (f"/test-{number}/network" for number in itertools.count(1))


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdMember]:
    """The member that all tests share; none may stop it."""
    member = EtcdMember("shared", tmp_path_factory.mktemp("etcd"))
    try:
        member.start()
        yield member
    finally:
        member.kill()


@pytest.fixture
def own_etcd(tmp_path: Path) -> Iterator[EtcdMember]:
    """A member that the test may kill and restart."""
    member = EtcdMember("own", tmp_path / "etcd")
    try:
        member.start()
        yield member
    finally:
        member.kill()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[EtcdMember]]:
    """Three members that the test may kill."""
    members = start_cluster(tmp_path, 3)
    try:
        yield members
    finally:
        for member in members:
            member.kill()


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_tls_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def prefix() -> str:
    return next(_prefixes)


@pytest.fixture
def settings(etcd: EtcdMember, prefix: str) -> StoreSettings:
    return StoreSettings(endpoints=(etcd.url,), prefix=prefix)


@pytest.fixture
def store(settings: StoreSettings) -> Iterator[StoreClient]:
    with StoreClient(settings) as opened:
        yield opened
