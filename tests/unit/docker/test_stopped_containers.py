# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.filter.stopped_containers import stopped_containers


def test_each_container_has_what_starts_it_again() -> None:
    containers = [
        {"name": "db", "started_by": "docker"},
        {"name": "shop", "started_by": "weft"},
        {"name": "job", "started_by": "other"},
    ]
    assert stopped_containers(containers) == [
        "db (Docker starts it again)",
        "shop (weft starts it again)",
        "job (not started again: it is removed when it stops)",
    ]


def test_another_kind_is_an_error() -> None:
    with pytest.raises(KeyError):
        stopped_containers([{"name": "job", "started_by": "swarm"}])
