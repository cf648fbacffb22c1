# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which leases in etcd a restore of other leases releases first."""

from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.filter.lease_conflicts import lease_conflicts


def lease(subnet: int, host: int) -> dict[str, str]:
    return {"subnet": f"100.96.{subnet}.0/24", "public_ip": f"192.0.2.{host}"}


RESTORED = [lease(1, 11), lease(2, 12)]


@pytest.mark.parametrize(
    ("present", "conflicts"),
    [
        (lease(1, 11), False),
        (lease(1, 13), True),
        (lease(3, 12), True),
        (lease(2, 11), True),
        (lease(3, 13), False),
    ],
    ids=["the same", "another host", "another subnet", "exchanged", "unrelated"],
)
def test_a_lease_conflicts_if_the_backup_assigns_its_subnet_or_host_otherwise(
    present: dict[str, str], conflicts: bool
) -> None:
    assert lease_conflicts([present], RESTORED) == ([present] if conflicts else [])
