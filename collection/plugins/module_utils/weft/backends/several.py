# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several backends at once, while a fleet changes from one to another.

Each host sends to a peer by the backend that the peer's lease announces, and takes what comes by
each that it speaks; so hosts before and after their change reach each other all the time. vxlan
and host-gw make a route for the leases of their own type only, udp one for the whole network,
which stands behind these because it is shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from ..model.network import Backend
from .plan import Overlay, Plan, RefusedError
from .registry import backend_named


def plan_several(overlay: Overlay, masquerade: bool, backends: Sequence[Backend]) -> Plan:
    """The plan of a host that speaks all of `backends` and announces the first.

    Raises RefusedError, or UnknownBackendError, if one of them cannot be on this host.
    """
    plans = [
        backend_named(backend.type)(
            replace(overlay, network=replace(overlay.network, backend=backend)), masquerade
        )
        for backend in backends
    ]
    return reduce(_both, plans)


def _both(first: Plan, second: Plan) -> Plan:
    if first.datapath_table is not None and second.datapath_table is not None:
        raise RefusedError(
            "udp and vxlan both need the userspace datapath, which carries one: let the kernel "
            "carry vxlan on this host (overlay_datapath), or change the backend by site.yml"
        )
    devices = dict.fromkeys((*first.traffic.devices, *second.traffic.devices))
    return replace(
        first,
        state=first.state | second.state,
        mtu=min(first.mtu, second.mtu),
        traffic=replace(first.traffic, devices=tuple(devices)),
        datapath_table=first.datapath_table or second.datapath_table,
        problems=tuple(dict.fromkeys((*first.problems, *second.problems))),
    )
