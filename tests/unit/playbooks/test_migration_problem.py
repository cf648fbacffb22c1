# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends that cannot be active on a host at the same time are refused before the migration."""

from __future__ import annotations

from ansible_collections.weft.overlay.plugins.filter.migration_problem import migration_problem

UDP = {"Type": "udp", "Port": 8285}


def test_the_port_of_the_published_backend_is_refused_for_the_new_one() -> None:
    text = migration_problem(UDP, {"Type": "vxlan", "VNI": 1, "Port": 8285})
    assert "udp and vxlan are both active" in text
    assert "UDP port 8285" in text
    assert "Remove port from overlay_backend" in text


def test_each_backend_with_its_own_port_is_accepted() -> None:
    assert migration_problem(UDP, {"Type": "vxlan", "VNI": 1, "Port": 8472}) == ""
    assert migration_problem(UDP, {"Type": "host-gw"}) == ""
    assert migration_problem({"Type": "host-gw"}, {"Type": "host-gw"}) == ""


def test_another_port_of_the_same_backend_is_refused() -> None:
    text = migration_problem(UDP, {"Type": "udp", "Port": 8286})
    assert "from 8285 to 8286" in text


def test_the_same_backend_needs_no_migration() -> None:
    assert migration_problem(UDP, UDP) == ""
