# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users that log in to an etcd of one's own by passwords, and how these are changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    StoreRefusedError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import (
    StoreSettings,
    Tls,
)
from tests.store.etcd_server import EtcdMember, TlsFiles
from tests.store.test_modules import Outcome, run_module

ROOT, ROOT_PASSWORD = "root", "of root"
AGENT, FORMER, NEW = "weft", "the former one", "the new one"
PREFIX = "/coreos.com/network"


class PasswordStore:
    """A member with TLS whose users have passwords and no certificates."""

    def __init__(self, directory: Path, tls: TlsFiles) -> None:
        self.tls = tls
        self.member = EtcdMember("own", directory, tls)

    def begin(self) -> None:
        self.member.start()
        for words in (
            ("user", "add", f"{ROOT}:{ROOT_PASSWORD}"),
            ("user", "add", f"{AGENT}:{FORMER}"),
            ("user", "add", "certified", "--no-password"),
            ("user", "grant-role", ROOT, "root"),
            ("role", "add", AGENT),
            ("role", "grant-permission", AGENT, "readwrite", f"{PREFIX}/", "--prefix"),
            ("user", "grant-role", AGENT, AGENT),
            ("auth", "enable"),
        ):
            self.member.etcdctl(*words)

    def settings(self, password: str, former: str | None = None) -> StoreSettings:
        return StoreSettings(
            endpoints=(self.member.url,),
            tls=Tls(str(self.tls.ca)),
            user=AGENT,
            password=password,
            former_password=former,
        )

    def change(self, name: str, password: str, *flags: str) -> Outcome:
        options: dict[str, Any] = {
            "endpoints": [self.member.url],
            "ca_cert": str(self.tls.ca),
            "user": ROOT,
            "password": ROOT_PASSWORD,
            "users": [{"name": name, "password": password}],
        }
        return run_module("store_password", options, *flags)


@pytest.fixture
def own(tmp_path: Path, tls_files: TlsFiles) -> Iterator[PasswordStore]:
    own = PasswordStore(tmp_path / "etcd", tls_files)
    try:
        own.begin()
        yield own
    finally:
        own.member.kill()


def test_a_password_is_changed_once_and_never_shown(own: PasswordStore) -> None:
    predicted = own.change(AGENT, NEW, "--check", "--diff", "-vvv")
    assert predicted.changed
    assert not own.change(AGENT, FORMER).changed
    changed = own.change(AGENT, NEW, "--diff", "-vvv")
    assert changed.result["users"] == [AGENT]
    again = own.change(AGENT, NEW)
    assert not again.changed
    assert again.result["users"] == []
    for outcome in (predicted, changed, again):
        assert NEW not in outcome.output + str(outcome.result)
        assert ROOT_PASSWORD not in outcome.output + str(outcome.result)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nobody", "no user 'nobody'"), ("certified", "was added with --no-password")],
)
def test_a_password_that_cannot_be_is_refused(own: PasswordStore, name: str, reason: str) -> None:
    assert reason in own.change(name, NEW).message


def test_disabled_authentication_is_reported(own: PasswordStore) -> None:
    own.member.etcdctl("--user", f"{ROOT}:{ROOT_PASSWORD}", "auth", "disable")
    assert "authentication is not enabled" in own.change(AGENT, NEW).message


def test_who_knows_both_passwords_is_never_without_the_store(own: PasswordStore) -> None:
    with StoreClient(own.settings(NEW, FORMER)) as store:
        before = store.snapshot().revision
        assert own.change(AGENT, NEW).changed
        # The change ends the session: the client logs in again on its own.
        assert store.snapshot().revision == before
    with StoreClient(own.settings(NEW, FORMER)) as store:
        assert store.snapshot().revision == before


def test_who_knows_another_alone_is_refused(own: PasswordStore) -> None:
    for settings in (own.settings(NEW), own.settings(NEW, "another")):
        with (
            StoreClient(replace(settings, timeout=3)) as store,
            pytest.raises(StoreRefusedError, match="authentication failed"),
        ):
            store.snapshot()
