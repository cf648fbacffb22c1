# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.agent.subnet_env import (
    render_subnet_env,
)


@pytest.mark.parametrize(("masquerade", "word"), [(True, "true"), (False, "false")])
def test_the_text_has_the_format_of_flannel(masquerade: bool, word: str) -> None:
    network = IPv4Network("100.96.0.0/16")
    assert render_subnet_env(network, "100.96.1.1/24", 1472, masquerade=masquerade) == (
        "FLANNEL_NETWORK=100.96.0.0/16\n"
        "FLANNEL_SUBNET=100.96.1.1/24\n"
        "FLANNEL_MTU=1472\n"
        f"FLANNEL_IPMASQ={word}\n"
    )
