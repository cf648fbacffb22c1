# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ETCD_INITIAL_CLUSTER of members that start a cluster together."""

from __future__ import annotations

from ansible_collections.weft.overlay.plugins.filter.etcd_initial_cluster import (
    etcd_initial_cluster,
)


def test_each_member_has_its_name_and_its_peer_url_in_the_given_order() -> None:
    urls = {"b": "https://192.0.2.2:2379", "a": "https://192.0.2.1:4001"}
    assert etcd_initial_cluster(urls, 2380) == "b=https://192.0.2.2:2380,a=https://192.0.2.1:2380"


def test_no_member_is_an_empty_text() -> None:
    assert etcd_initial_cluster({}, 2380) == ""
