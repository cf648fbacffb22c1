# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an etcd member cannot use a user-provided certificate."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.filter.etcd_certificate_problem import (
    etcd_certificate_problem,
)

KEY = {"public_key_fingerprints": {"sha256": "aa:bb"}}
CERTIFICATE: dict[str, Any] = {
    **KEY,
    "expired": False,
    "not_after": "20270101000000Z",
    "subject": {"commonName": "weft-etcd"},
    "subject_alt_name": ["IP:192.0.2.11", "IP:127.0.0.1"],
    "extended_key_usage": ["TLS Web Server Authentication", "TLS Web Client Authentication"],
}
ADDRESSES = ["192.0.2.11", "127.0.0.1"]


def problem(name: str = "weft-etcd", **change: Any) -> str:
    return etcd_certificate_problem({**CERTIFICATE, **change}, KEY, name, ADDRESSES)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"expired": True}, "expired at 20270101000000Z"),
        ({"public_key_fingerprints": {"sha256": "cc"}}, "does not belong to the key"),
        ({"subject": {}}, "has the common name '', but members accept only 'weft-etcd'"),
        ({"subject_alt_name": ["IP:192.0.2.11"]}, "is not for IP:127.0.0.1,"),
        ({"subject_alt_name": None}, "is not for IP:192.0.2.11, IP:127.0.0.1,"),
        (
            {"extended_key_usage": ["TLS Web Server Authentication"]},
            "is only for TLS Web Server Authentication: a member needs",
        ),
    ],
)
def test_the_first_problem_is_named(change: dict[str, Any], found: str) -> None:
    assert problem(**change).startswith(found)


@pytest.mark.parametrize("usages", [None, [], CERTIFICATE["extended_key_usage"]])
def test_a_usable_certificate_has_none(usages: list[str] | None) -> None:
    assert problem(extended_key_usage=usages) == ""


def test_without_a_member_name_any_common_name_is_accepted() -> None:
    assert problem(name="", subject={"commonName": "other"}) == ""
