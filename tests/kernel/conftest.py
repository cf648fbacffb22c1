# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests that need root and network namespaces."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .namespaces import Namespaces, namespaces, unusable


@pytest.fixture
def made() -> Iterator[Namespaces]:
    """Yield a set of namespaces of the test's own, removed in the end, whatever happens."""
    reason = unusable()
    if reason is not None:
        pytest.fail(reason)
    with namespaces() as own:
        yield own


@pytest.fixture(params=["nft", "legacy"])
def iptables_kind(
    request: pytest.FixtureRequest,
    made: Namespaces,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Put each kind of iptables in front of the PATH in turn, and name it."""
    kind: str = request.param
    for name in ("iptables", "iptables-save", "iptables-restore"):
        program = shutil.which(name.replace("iptables", f"iptables-{kind}"))
        assert program is not None, f"iptables-{kind} is missing: install iptables"
        (tmp_path / name).symlink_to(program)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    works = made.add("probe").run("iptables", "-t", "nat", "-S", check=False)
    if kind == "legacy" and works.returncode != 0:
        pytest.skip(f"this kernel has no legacy iptables: {works.stderr.strip()}")
    return kind
