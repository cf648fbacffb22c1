# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases are kept, and which one is current."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.release.layout import (
    ReleaseError,
    Releases,
    rolled_back,
    with_installed,
)


def installed(*names: str, keep: int = 3) -> Releases:
    releases = Releases()
    for name in names:
        releases = with_installed(releases, name, keep)
    return releases


def test_the_first_release_has_none_before_it() -> None:
    assert installed("a") == Releases(("a",), "a", None)


def test_the_latest_release_is_first() -> None:
    assert installed("a", "b") == Releases(("b", "a"), "b", "a")
    assert installed("a", "b", "c") == Releases(("c", "b", "a"), "c", "b")


def test_the_current_release_again_changes_nothing() -> None:
    assert installed("a", "b", "b") == installed("a", "b")


def test_an_older_release_installed_again_is_the_latest() -> None:
    assert installed("a", "b", "a") == Releases(("a", "b"), "a", "b")


@pytest.mark.parametrize(
    ("keep", "names"),
    [(1, ("d", "c")), (2, ("d", "c")), (3, ("d", "c", "b")), (9, ("d", "c", "b", "a"))],
)
def test_the_oldest_releases_are_removed(keep: int, names: tuple[str, ...]) -> None:
    assert with_installed(installed("a", "b", "c", "d", keep=9), "d", keep).names == names


def test_a_rollback_makes_the_previous_release_current_and_is_idempotent() -> None:
    back = rolled_back(installed("a", "b", "c"))
    assert back == Releases(("c", "b", "a"), "b", "b")
    assert rolled_back(back) == back


def test_after_a_rollback_a_bad_release_is_never_the_previous_one() -> None:
    back = rolled_back(installed("a", "bad"))
    assert with_installed(back, "c", 3) == Releases(("c", "bad", "a"), "c", "a")


def test_a_rollback_needs_a_previous_release() -> None:
    with pytest.raises(ReleaseError, match="no release was installed before"):
        rolled_back(installed("a"))
    with pytest.raises(ReleaseError, match="previous release a was removed"):
        rolled_back(Releases(("b",), "b", "a"))


def test_a_link_to_a_removed_release_is_repaired() -> None:
    assert with_installed(Releases((), "a", None), "a", 3) == Releases(("a",), "a", None)
    assert with_installed(Releases(("b",), "gone", "b"), "a", 3) == Releases(("a", "b"), "a", None)


@given(
    st.lists(st.sampled_from(["install-a", "install-b", "install-c", "install-d", "back"])),
    st.integers(min_value=1, max_value=4),
)
def test_the_linked_releases_are_always_kept(actions: list[str], keep: int) -> None:
    releases = installed("first", keep=keep)
    for action in actions:
        if action != "back":
            releases = with_installed(releases, action.removeprefix("install-"), keep)
        elif releases.previous:
            releases = rolled_back(releases)
        assert releases.current in releases.names
        assert releases.previous in (*releases.names, None)
        assert len(releases.names) <= max(keep, 2)
        assert len(set(releases.names)) == len(releases.names)
