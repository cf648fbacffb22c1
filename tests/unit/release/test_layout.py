# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases stay, and which one runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.release.layout import (
    ReleaseError,
    Releases,
    with_installed,
    with_previous,
)


def installed(*names: str, keep: int = 3) -> Releases:
    releases = Releases()
    for name in names:
        releases = with_installed(releases, name, keep)
    return releases


def test_the_first_release_has_none_before_it() -> None:
    assert installed("a") == Releases(("a",), "a", None)


def test_each_release_comes_before_the_former() -> None:
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
def test_the_oldest_releases_go(keep: int, names: tuple[str, ...]) -> None:
    assert with_installed(installed("a", "b", "c", "d", keep=9), "d", keep).names == names


def test_a_rollback_runs_the_release_before_and_is_done_once() -> None:
    back = with_previous(installed("a", "b", "c"))
    assert back == Releases(("c", "b", "a"), "b", "b")
    assert with_previous(back) == back


def test_after_a_rollback_a_bad_release_is_never_the_previous_one() -> None:
    back = with_previous(installed("a", "bad"))
    assert with_installed(back, "c", 3) == Releases(("c", "bad", "a"), "c", "a")


def test_there_may_be_nothing_to_go_back_to() -> None:
    with pytest.raises(ReleaseError, match="no release was installed before"):
        with_previous(installed("a"))
    with pytest.raises(ReleaseError, match="previous release a is gone"):
        with_previous(Releases(("b",), "b", "a"))


def test_a_link_to_a_lost_release_is_mended() -> None:
    assert with_installed(Releases((), "a", None), "a", 3) == Releases(("a",), "a", None)
    assert with_installed(Releases(("b",), "gone", "b"), "a", 3) == Releases(("a", "b"), "a", None)


@given(
    st.lists(st.sampled_from(["install-a", "install-b", "install-c", "install-d", "back"])),
    st.integers(min_value=1, max_value=4),
)
def test_the_linked_releases_are_always_there(actions: list[str], keep: int) -> None:
    releases = installed("first", keep=keep)
    for action in actions:
        if action != "back":
            releases = with_installed(releases, action.removeprefix("install-"), keep)
        elif releases.previous:
            releases = with_previous(releases)
        assert releases.current in releases.names
        assert releases.previous in (*releases.names, None)
        assert len(releases.names) <= max(keep, 2)
        assert len(set(releases.names)) == len(releases.names)
