# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sysctls that stop the forwarding of the overlay's packets."""

from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.forwarding import (
    disabled_forwarding,
    forwarding_by_name,
    parse_forwarding,
)

DEVICES = ("docker0", "flannel.1")


@pytest.mark.parametrize(
    ("forwarding", "disabled"),
    [
        ({"all": True, "docker0": True, "flannel.1": True}, ()),
        ({"all": False, "docker0": False, "flannel.1": False}, ("net.ipv4.ip_forward",)),
        ({"all": True, "docker0": False}, ("net.ipv4.conf.docker0.forwarding",)),
        ({"all": True, "flannel.1": False}, ("net.ipv4.conf.flannel/1.forwarding",)),
        # The kernel asks the device, so these packets are forwarded.
        ({"all": False, "docker0": True, "flannel.1": True}, ()),
        ({"all": True, "docker0": True, "eth7": False}, ()),
        ({}, ()),
    ],
)
def test_the_sysctl_of_the_receiving_device_decides(
    forwarding: dict[str, bool], disabled: tuple[str, ...]
) -> None:
    assert disabled_forwarding(forwarding, DEVICES) == disabled


def test_messages_are_parsed() -> None:
    off = bytes.fromhex("0200000008000100ffffffff08000200000000000800030001000000")
    assert parse_forwarding(off) == (-1, False)
    assert parse_forwarding(off[:12]) is None
    assert forwarding_by_name([(-1, False), (3, True), (9, True)], {3: "docker0"}) == {
        "all": False,
        "docker0": True,
    }
