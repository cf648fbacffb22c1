# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    StoreSettingsError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import (
    StoreSettings,
    Tls,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.system.backoff import backoff

TLS = Tls("ca.pem")


@pytest.mark.parametrize(
    ("endpoint", "tls", "read"),
    [
        ("http://etcd1:2379", None, "http://etcd1:2379"),
        ("etcd1", None, "http://etcd1:2379"),
        ("192.0.2.1:4001", None, "http://192.0.2.1:4001"),
        ("http://[2001:db8::1]:2379/", None, "http://[2001:db8::1]:2379"),
        ("etcd1:2379", TLS, "https://etcd1:2379"),
        ("https://etcd1", TLS, "https://etcd1:2379"),
    ],
)
def test_reads_an_endpoint(endpoint: str, tls: Tls | None, read: str) -> None:
    (member,) = StoreSettings(endpoints=(endpoint,), tls=tls).members
    assert str(member) == read


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"endpoints": ()}, "No endpoint is given"),
        ({"endpoints": ("http://a:port",)}, "cannot be read"),
        ({"endpoints": ("ftp://a",)}, "is not a client URL of etcd"),
        ({"endpoints": ("http://",)}, "is not a client URL of etcd"),
        ({"endpoints": ("http://a/v2",)}, "is not a client URL of etcd"),
        ({"endpoints": ("https://a",)}, "no CA certificate"),
        ({"endpoints": ("http://a",), "tls": TLS}, "is http, but TLS files are given"),
        ({"prefix": "network"}, "must begin with a slash"),
        ({"prefix": "/network/"}, "not end with one"),
        ({"timeout": 0}, "above 0 seconds"),
        ({"user": "root"}, "a password without a user"),
        ({"password": "secret"}, "a password without a user"),
        ({"user": "root", "password": "secret"}, "TLS only"),
    ],
)
def test_refuses(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(StoreSettingsError, match=message) as caught:
        StoreSettings(**fields)
    assert "secret" not in str(caught.value)


def test_refuses_half_an_identity() -> None:
    with pytest.raises(StoreSettingsError, match="certificate is given without its key"):
        Tls("ca.pem", certificate="client.pem")
    with pytest.raises(StoreSettingsError, match="key is given without its certificate"):
        Tls("ca.pem", key="client-key.pem")


def test_pauses_double_up_to_the_longest() -> None:
    full = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    for pause, longest in zip(islice(backoff(), len(full)), full, strict=True):
        assert longest / 2 <= pause <= longest
