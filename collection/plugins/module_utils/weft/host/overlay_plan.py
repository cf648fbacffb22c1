# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state of this host, from its settings, underlay and leases. No I/O.

The agent applies it; weftctl compares the host with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..backends.plan import Overlay, Plan
from ..backends.registry import plan_backends
from ..kernel.links import Links
from ..model.lease import Lease
from ..model.network import Backend, Network
from .settings import Settings
from .underlay import Underlay


def plan_overlay(
    settings: Settings,
    network: Network,
    own: Lease,
    peers: tuple[Lease, ...],
    *,
    links: Links,
    underlay: Underlay,
    kernel_vxlan: bool,
    offloads: Mapping[str, str] | None = None,
) -> Plan:
    """Return the desired state of a host that holds the lease `own`.

    kernel_vxlan and offloads are those of `Overlay`. Raises RefusedError, or UnknownBackendError.
    """
    overlay = Overlay(
        network,
        own,
        peers,
        underlay.interface,
        underlay.address,
        underlay.mtu,
        kernel_vxlan=kernel_vxlan,
        on_link=links.on_link((peer.public_ip for peer in peers), underlay.interface),
        offloads=offloads,
        offloads_disabled=settings.offloads_disabled,
        queues=settings.queues,
    )
    return plan_backends(overlay, settings.masquerade, active_backends(settings, network))


def active_backends(settings: Settings, network: Network) -> tuple[Backend, ...]:
    """Return the network's backend, or several during a change of backend, the new one first."""
    return settings.backends or (network.backend,)
