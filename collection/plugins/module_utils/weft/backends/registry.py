# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backends by name, and the plan of a host for one or several of them.

Several backends are active while a fleet changes its backend. Each host sends to a peer with the
backend in the peer's lease, and receives with each active backend, so hosts before and after their
change reach each other. vxlan and host-gw add a route for each lease of their own type; the single
route of udp covers the whole network and is less specific.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from types import MappingProxyType

from ..errors import WeftError
from ..model import network
from .host_gw import plan_host_gw
from .plan import Backend, Overlay, Plan, RefusedError
from .udp import plan_udp
from .vxlan import plan_vxlan


class UnknownBackendError(WeftError):
    """The network requires a backend that this release does not have."""


BACKENDS: Mapping[str, Backend] = MappingProxyType(
    {"udp": plan_udp, "vxlan": plan_vxlan, "host-gw": plan_host_gw}
)


def backend_named(name: str) -> Backend:
    """Return the backend of that name. Raises UnknownBackendError."""
    try:
        return BACKENDS[name]
    except KeyError:
        raise UnknownBackendError(
            f"the backend of the network is {name}, but this weftd supports only "
            f"{', '.join(sorted(BACKENDS))}: install a release that supports it, or publish "
            "another backend"
        ) from None


def plan_backends(overlay: Overlay, masquerade: bool, backends: Sequence[network.Backend]) -> Plan:
    """Return the plan of a host with all of `backends` active; its lease has the first's data.

    Raises RefusedError or UnknownBackendError if the host cannot run one of them.
    """
    _check_ports(backends)
    plans = [
        backend_named(backend.type)(
            replace(overlay, network=replace(overlay.network, backend=backend)), masquerade
        )
        for backend in backends
    ]
    return reduce(_merge, plans)


def _check_ports(backends: Sequence[network.Backend]) -> None:
    for index, backend in enumerate(backends):
        for other in backends[:index]:
            if backend.port is not None and backend.port == other.port:
                raise RefusedError(
                    f"the active backends {other.type} and {backend.type} both use UDP port "
                    f"{backend.port}: remove port from overlay_backend, so that each uses its "
                    "default, or set another one"
                )


def _merge(first: Plan, second: Plan) -> Plan:
    if first.datapath_table is not None and second.datapath_table is not None:
        raise RefusedError(
            "the backends udp and vxlan both need the userspace datapath, which runs one backend "
            "at a time: use the kernel datapath for vxlan on this host (overlay_datapath), or "
            "change the backend with site.yml"
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
