# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps between versions are taken."""

from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.etcd.cluster import EtcdError
from ansible_collections.weft.overlay.plugins.module_utils.etcd.versions import (
    Version,
    parse_version,
    upgrade_problem,
)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3.4.23-4+b4", (3, 4, 23)),
        ("3.5.16", (3, 5, 16)),
        ("1:3.6.0~rc1-1", (3, 6, 0)),
        ("3.5", (3, 5, 0)),
    ],
)
def test_versions_are_read(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == Version(*version)


def test_what_is_no_version_is_named() -> None:
    with pytest.raises(EtcdError, match="'latest' is not a version of etcd"):
        parse_version("latest")


@pytest.mark.parametrize(
    ("running", "target", "words"),
    [
        (["3.4.23"], "3.4.30", ""),
        (["3.4.23"], "3.5.16-4", ""),
        (["3.4.23", "3.5.16"], "3.5.16", ""),
        (["3.4.23", "3.5.16"], "3.6.0", "skips a minor version: upgrade to 3.5 first"),
        (["3.4.23"], "3.6.0", "skips a minor version: upgrade to 3.5 first"),
        (["3.5.30"], "3.6.1", ""),
        (["3.5.30", "3.5.25"], "3.6.1", "upgrade to 3.5.26 or newer first"),
        (["3.5.30"], "3.5.16", "3.5.16 is older than the running 3.5.30"),
        (["3.5.16"], "3.4.23", "etcd cannot be downgraded"),
        (["3.6.0"], "4.0.0", "another major version"),
        ([], "3.5.16", "the running version of etcd is unknown"),
    ],
)
def test_only_etcds_own_steps_are_taken(running: list[str], target: str, words: str) -> None:
    reason = upgrade_problem(map(parse_version, running), parse_version(target))
    assert (words in reason) if words else reason == ""
