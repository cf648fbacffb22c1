# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the doctor, in the order in which one fault causes the next."""

from __future__ import annotations

from ..finding import Check
from . import (
    agent,
    bridge_address,
    bridge_netfilter,
    certificate,
    clock,
    datapath,
    drops,
    forward_policy,
    forwarding,
    kernel_state,
    lease,
    mtu,
    offloads,
    port,
    public_ip,
    reach,
    reverse_path,
    settings,
    store,
)

CHECKS: tuple[Check, ...] = (
    settings.CHECK,
    agent.CHECK,
    clock.CHECK,
    certificate.CHECK,
    store.CHECK,
    lease.CHECK,
    public_ip.CHECK,
    bridge_address.CHECK,
    mtu.CHECK,
    datapath.CHECK,
    kernel_state.CHECK,
    forwarding.CHECK,
    forward_policy.CHECK,
    bridge_netfilter.CHECK,
    reverse_path.CHECK,
    port.CHECK,
    offloads.CHECK,
    drops.CHECK,
    reach.CHECK,
)
