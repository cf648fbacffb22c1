# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backends that weft has, by the name that the network's configuration gives them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import WeftError
from .host_gw import plan_host_gw
from .plan import Backend
from .udp import plan_udp
from .vxlan import plan_vxlan

BACKENDS: Mapping[str, Backend] = MappingProxyType(
    {"udp": plan_udp, "vxlan": plan_vxlan, "host-gw": plan_host_gw}
)


class UnknownBackendError(WeftError):
    """The network asks for a backend that this daemon does not have."""


def backend_named(name: str) -> Backend:
    """The backend of that name. Raises UnknownBackendError, naming those there are."""
    try:
        return BACKENDS[name]
    except KeyError:
        raise UnknownBackendError(
            f"the network's backend is {name}, and this weftd has {', '.join(sorted(BACKENDS))}: "
            "install a release that has it, or publish another backend"
        ) from None
