# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which leases a request releases."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.allocation import Request
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.snapshot import Snapshot
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.reservation import (
    plan_release,
)

HOST = IPv4Address("192.0.2.12")


def subnet(number: int) -> IPv4Network:
    return IPv4Network(f"100.96.{number}.0/24")


LEASES = (
    Lease(subnet(1), IPv4Address("192.0.2.11")),
    *(Lease(subnet(number), HOST) for number in (2, 3, 4)),
)
SNAPSHOT = Snapshot(revision=1, network=None, leases=LEASES)


def released(*requests: Request) -> list[IPv4Network]:
    return [lease.subnet for lease in plan_release(SNAPSHOT, requests)]


def test_a_public_ip_releases_all_its_leases() -> None:
    assert released(Request("host", HOST)) == [subnet(2), subnet(3), subnet(4)]


def test_each_subnet_of_a_public_ip_releases_its_own_lease() -> None:
    requests = [Request(f"lease {number}", HOST, subnet=subnet(number)) for number in (3, 4)]
    assert released(*requests) == [subnet(3), subnet(4)]
    assert released(Request("other", HOST, subnet=subnet(1))) == []
