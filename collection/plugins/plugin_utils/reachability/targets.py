# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports that each host of a play tests on others. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import (
    UDP_PORT,
    VXLAN_PORT,
)

_BACKEND_PORTS = {"udp": UDP_PORT, "vxlan": VXLAN_PORT}

# In a large fleet each host tests so many others, those after it in the inventory, so that each
# host is tested by as many.
TARGETS_MAX = 32


def backend_ports(backends: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the UDP ports of these backends; host-gw has none.

    They are in the form of ``overlay_backend`` or of the network's configuration (``Type``).
    """
    ports = set()
    for backend in backends:
        options = {name.lower(): value for name, value in backend.items()}
        if options.get("type") in _BACKEND_PORTS:
            ports.add(int(options.get("port") or _BACKEND_PORTS[options["type"]]))
    return [
        {"protocol": "udp", "port": port, "setting": "port of overlay_backend"}
        for port in sorted(ports)
    ]


def port_targets(
    places: Mapping[str, str],
    ports: Sequence[Mapping[str, Any]],
    host: str,
    hosts: Sequence[str],
) -> list[dict[str, Any]]:
    """Return each port of the other hosts; *places* has an address or a URL for each host."""
    others = [name for name in places if name in hosts and name != host]
    if host in places and len(others) > TARGETS_MAX:
        names = list(places)
        position = names.index(host)
        after = names[position + 1 :] + names[:position]
        others = [name for name in after if name in hosts][:TARGETS_MAX]
    return [
        {"host": name, "address": _address(places[name]), **port}
        for name in others
        for port in ports
    ]


def _address(place: str) -> str:
    return urlsplit(place).hostname or place if "://" in place else place
