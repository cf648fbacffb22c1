# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.weft.overlay.plugins.filter.lease_access import lease_access

RESERVATIONS = {
    "web1": {"key": "/n/subnets/100.96.1.0-24"},
    "web2": {"key": "/n/subnets/100.96.2.0-24"},
}


def test_a_host_reads_the_network_and_writes_its_own_lease() -> None:
    access = lease_access(RESERVATIONS, {"web1": "weft-host-192.0.2.1"}, prefix="/n")
    assert access == {
        "roles": [
            {
                "name": "weft-host-192.0.2.1",
                "permissions": [
                    {"key": "/n/", "prefix": True, "access": "read"},
                    {"key": "/n/subnets/100.96.1.0-24", "access": "write"},
                ],
            }
        ],
        "users": [{"name": "weft-host-192.0.2.1", "roles": ["weft-host-192.0.2.1"]}],
    }


def test_the_order_is_that_of_the_identities() -> None:
    access = lease_access(RESERVATIONS, {"web2": "b", "web1": "a"}, prefix="/n")
    assert [user["name"] for user in access["users"]] == ["b", "a"]


def test_a_host_without_a_reservation_has_no_user() -> None:
    access = lease_access(RESERVATIONS, {"web3": ""}, prefix="/n")
    assert access == {"roles": [], "users": []}
