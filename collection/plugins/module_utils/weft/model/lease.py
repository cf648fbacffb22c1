# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease: the record in etcd that a public IP holds a subnet, with its key and its value.

The formats are flannel's: the key is that of ``MakeSubnetKey`` (``pkg/subnet/subnet.go``), the
value that of ``LeaseAttrs`` (``pkg/lease/lease.go``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ..errors import WeftError
from .json_object import (
    JsonObject,
    JsonObjectError,
    JsonValue,
    dump_object,
    load_object,
    split_fields,
    text_field,
)

_VALUE_FIELDS = ("PublicIP", "PublicIPv6", "BackendType", "BackendData", "BackendV6Data")
_KEY = re.compile(
    r"(?P<subnet>[0-9.]+)-(?P<length>[0-9]{1,2})"
    r"(?:&(?P<subnet6>[0-9a-f:.]+)-(?P<length6>[0-9]{1,3}))?"
)


class LeaseError(WeftError, ValueError):
    """A key or a value in etcd is not that of a lease; the message says why."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A subnet held by a public IP.

    ``unknown`` are the fields of the value that weft does not use; they are kept when it is
    rewritten. ``lease_id`` is the ID of the etcd lease whose expiry deletes the key; 0 makes it a
    reservation. ``mod_revision`` is the etcd revision of the last write; 0 means not written.
    Two leases are equal if their keys and values are: the last two fields do not count.
    """

    subnet: IPv4Network
    public_ip: IPv4Address
    public_ipv6: IPv6Address | None = None
    ipv6_subnet: IPv6Network | None = None
    backend_type: str | None = None
    backend_data: JsonValue = field(default=None, hash=False)
    backend_v6_data: JsonValue = field(default=None, hash=False)
    unknown: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)
    lease_id: int = field(default=0, compare=False)
    mod_revision: int = field(default=0, compare=False)

    @property
    def is_reservation(self) -> bool:
        """Whether the lease never expires."""
        return self.lease_id == 0

    @property
    def bip(self) -> str:
        """The address of docker0, such as 100.96.1.1/24."""
        return bridge_address(self.subnet)


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """The time to live of an etcd lease in seconds: what remains, and what a renewal grants."""

    remaining: int
    granted: int


def bridge_address(subnet: IPv4Network) -> str:
    """Return the first host address of *subnet* with its prefix length, as dockerd's bip."""
    return f"{subnet.network_address + 1}/{subnet.prefixlen}"


def config_key(prefix: str) -> str:
    """Return the key of the network's configuration."""
    return f"{prefix}/config"


def subnets_prefix(prefix: str) -> str:
    """Return the prefix of the keys of all leases."""
    return f"{prefix}/subnets/"


def subnet_key(prefix: str, subnet: IPv4Network, ipv6_subnet: IPv6Network | None = None) -> str:
    """Return the key of the lease of *subnet*, dual-stack when *ipv6_subnet* is given."""
    key = f"{subnets_prefix(prefix)}{subnet.network_address}-{subnet.prefixlen}"
    if ipv6_subnet is None:
        return key
    return f"{key}&{ipv6_subnet.network_address}-{ipv6_subnet.prefixlen}"


def parse_subnet_key(prefix: str, key: str) -> tuple[IPv4Network, IPv6Network | None]:
    """Return the IPv4 and the IPv6 subnet that *key* names. Raises LeaseError."""
    name = key.removeprefix(subnets_prefix(prefix))
    match = _KEY.fullmatch(name) if name != key else None
    if match is None:
        raise LeaseError(
            f"Key {key!r} does not name a subnet; flannel writes "
            f"'{subnets_prefix(prefix)}ADDRESS-LENGTH'."
        )
    try:
        subnet = IPv4Network(f"{match['subnet']}/{match['length']}")
        if match["subnet6"] is None:
            return subnet, None
        return subnet, IPv6Network(f"{match['subnet6']}/{match['length6']}")
    except ValueError as error:
        raise LeaseError(f"Key {key!r} does not name a subnet: {error}.") from error


def parse_lease(
    prefix: str, key: str, value: str, *, lease_id: int = 0, mod_revision: int = 0
) -> Lease:
    """Return the lease of a key and its value in etcd.

    An empty ``BackendType`` counts as none, as in Go. Raises LeaseError.
    """
    subnet, ipv6_subnet = parse_subnet_key(prefix, key)
    try:
        fields, unknown = split_fields(load_object(value), _VALUE_FIELDS)
        public_ipv6 = text_field(fields, "PublicIPv6")
        return Lease(
            subnet=subnet,
            public_ip=_public_ip(fields),
            public_ipv6=IPv6Address(public_ipv6) if public_ipv6 else None,
            ipv6_subnet=ipv6_subnet,
            backend_type=text_field(fields, "BackendType") or None,
            backend_data=fields.get("BackendData"),
            backend_v6_data=fields.get("BackendV6Data"),
            unknown=unknown,
            lease_id=lease_id,
            mod_revision=mod_revision,
        )
    except ValueError as error:
        raise LeaseError(f"The value of the lease {key!r} cannot be read: {error}.") from error


def _public_ip(fields: Mapping[str, JsonValue]) -> IPv4Address:
    text = text_field(fields, "PublicIP")
    if not text:
        raise JsonObjectError("PublicIP is missing, so the host cannot be reached")
    return IPv4Address(text)


def serialise_lease(lease: Lease) -> str:
    """Return the value of *lease* in flannel's form and order of fields.

    ``PublicIPv6`` is always written; the backend's fields only if they have a value.
    """
    document: JsonObject = {
        "PublicIP": str(lease.public_ip),
        "PublicIPv6": str(lease.public_ipv6) if lease.public_ipv6 else None,
    }
    optional: JsonObject = {
        "BackendType": lease.backend_type,
        "BackendData": lease.backend_data,
        "BackendV6Data": lease.backend_v6_data,
    }
    document |= {name: value for name, value in optional.items() if value is not None}
    return dump_object(document | dict(lease.unknown))
