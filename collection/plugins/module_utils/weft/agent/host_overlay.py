# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a host is and what the store says to its plan. No I/O.

The agent makes the host as the plan says; weftctl makes the same plan to see where it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..backends.plan import Overlay, Plan
from ..backends.several import plan_several
from ..kernel.links import Links
from ..model.lease import Lease
from ..model.network import Backend, Network
from .settings import Settings
from .underlay import Underlay


@dataclass(frozen=True, slots=True)
class HostOverlay:
    """A host that holds a lease. kernel_vxlan and offloads are those of `Overlay`."""

    settings: Settings
    network: Network
    own: Lease
    peers: tuple[Lease, ...]
    links: Links
    underlay: Underlay
    kernel_vxlan: bool
    offloads: Mapping[str, str] | None = None

    def plan(self) -> Plan:
        """The desired state. Raises RefusedError, or UnknownBackendError."""
        overlay = Overlay(
            self.network,
            self.own,
            self.peers,
            self.underlay.interface,
            self.underlay.address,
            self.underlay.mtu,
            kernel_vxlan=self.kernel_vxlan,
            on_link=self.links.on_link(
                (peer.public_ip for peer in self.peers), self.underlay.interface
            ),
            offloads=self.offloads,
            offloads_disabled=self.settings.offloads_disabled,
            queues=self.settings.queues,
        )
        backends = spoken_backends(self.settings, self.network)
        return plan_several(overlay, self.settings.masquerade, backends)


def spoken_backends(settings: Settings, network: Network) -> tuple[Backend, ...]:
    """What a host speaks: the network's backend, or several while the fleet changes."""
    return settings.backends or (network.backend,)
