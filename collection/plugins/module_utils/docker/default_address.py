# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address that Docker chooses for its bridge if none is configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Interface, IPv4Network
from itertools import chain
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .addresses import UsedRange

_POOLS_KEY = "default-address-pools"
# moby, libnetwork/ipamutils: base and prefix length of Docker's default address pools.
_POOLS = (
    *((f"172.{second}.0.0/16", 16) for second in (17, 18, 19)),
    *((f"172.{second}.0.0/14", 16) for second in (20, 24, 28)),
    ("192.168.0.0/16", 20),
)


class DefaultAddressError(BridgeError):
    """Docker's address pools have no free subnet, or are not valid."""


def default_address(
    daemon_json: Mapping[str, Any], used: Sequence[UsedRange], bridge: str
) -> IPv4Interface:
    """Return the first address of the first free subnet of Docker's address pools.

    ``used`` are the subnets of the host; those on ``bridge`` count as free. Raises
    DefaultAddressError if no subnet is free, or the pools in ``daemon_json`` are not valid.
    """
    taken = [entry.network for entry in used if entry.device != bridge]
    for subnet in _subnets(daemon_json):
        if not any(subnet.overlaps(network) for network in taken if network.prefixlen > 1):
            return IPv4Interface((subnet[1], subnet.prefixlen))
    raise DefaultAddressError(
        "every subnet of Docker's address pools overlaps addresses or routes of this host: "
        f"set {_POOLS_KEY} or a bip in daemon.json"
    )


def _subnets(daemon_json: Mapping[str, Any]) -> Iterator[IPv4Network]:
    try:
        pools = [
            (IPv4Network(pool["base"]), int(pool["size"]))
            for pool in daemon_json.get(_POOLS_KEY) or []
            if ":" not in pool["base"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DefaultAddressError(
            f"{_POOLS_KEY} in daemon.json is not valid ({error!r})"
        ) from error
    pools = pools or [(IPv4Network(base), size) for base, size in _POOLS]
    return chain.from_iterable(base.subnets(new_prefix=size) for base, size in pools)
