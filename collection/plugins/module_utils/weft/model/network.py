# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network: flannel's configuration document, parsed by flannel's rules, and its canonical form.

The document is the JSON at ``<prefix>/config``. Field names, defaults and limits follow flannel's
``pkg/subnet/config.go``; the options of the backends follow ``Documentation/backends.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
)
from typing import Generic, TypeVar

from ..errors import WeftError
from .json_object import (
    JsonObject,
    JsonObjectError,
    JsonValue,
    boolean_field,
    dump_object,
    integer_field,
    load_object,
    split_fields,
    text_field,
)

# udp: flannel's pkg/backend/udp defaultPort; vxlan: the Linux kernel's default, older than IANA's.
UDP_PORT = 8285
VXLAN_PORT = 8472
VXLAN_VNI = 1

_PORTS = range(1, 2**16)
_VNIS = range(2**24)  # RFC 7348, section 5: 24 bits
# Beyond it, flannel.VNI is longer than the 15 characters of a device's name (linux/if.h).
_DECLARABLE_VNIS = range(10**7)
_MTUS = range(
    576, 2**16
)  # RFC 791: the size that every host accepts, to the limit of the length field

_NETWORK_FIELDS = (
    "Network",
    "SubnetLen",
    "SubnetMin",
    "SubnetMax",
    "EnableIPv4",
    "EnableIPv6",
    "IPv6Network",
    "IPv6SubnetLen",
    "IPv6SubnetMin",
    "IPv6SubnetMax",
    "EnableNFTables",
    "Backend",
)


_DECLARABLE = frozenset({"Network", "SubnetLen", "SubnetMin", "SubnetMax", "Backend"})


class NetworkError(WeftError, ValueError):
    """A network configuration that cannot work; the message says why and what to change."""


@dataclass(frozen=True, slots=True)
class BackendRules:
    """The options of a backend type and their defaults."""

    options: tuple[str, ...]
    default_port: int | None = None
    default_vni: int | None = None
    zero_port_is_default: bool = False


BACKENDS: Mapping[str, BackendRules] = {
    "udp": BackendRules(options=("Port", "MTU"), default_port=UDP_PORT),
    "vxlan": BackendRules(
        options=("VNI", "Port", "MTU", "GBP", "Learning", "DirectRouting"),
        default_port=VXLAN_PORT,
        default_vni=VXLAN_VNI,
        zero_port_is_default=True,
    ),
    "host-gw": BackendRules(options=("MTU",)),
}


@dataclass(frozen=True, slots=True)
class Backend:
    """The backend of the network, with every default filled in.

    ``port`` and ``vni`` are None if the type has none. ``mtu`` is the underlay's MTU in bytes
    before encapsulation is subtracted; None means that of the underlay interface. ``unknown`` holds
    the keys that weft does not use, kept when the document is rewritten.
    """

    type: str
    port: int | None = None
    vni: int | None = None
    mtu: int | None = None
    gbp: bool = False
    learning: bool = False
    direct_routing: bool = False
    unknown: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Network:
    """The cluster-wide configuration, valid and with every default filled in.

    ``subnet_min`` and ``subnet_max`` are the addresses of the first and the last subnet that may be
    leased, both of ``subnet_length`` bits. The IPv6 fields are None unless ``enable_ipv6``.
    ``unknown`` holds the keys that weft does not use, kept when the document is rewritten.
    """

    network: IPv4Network
    subnet_length: int
    subnet_min: IPv4Address
    subnet_max: IPv4Address
    backend: Backend
    enable_ipv6: bool = False
    ipv6_network: IPv6Network | None = None
    ipv6_subnet_length: int | None = None
    ipv6_subnet_min: IPv6Address | None = None
    ipv6_subnet_max: IPv6Address | None = None
    enable_nftables: bool = False
    unknown: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    @property
    def capacity(self) -> int:
        """How many subnets the network can lease."""
        span = int(self.subnet_max) - int(self.subnet_min)
        return (span >> (32 - self.subnet_length)) + 1

    def can_lease(self, subnet: IPv4Network) -> bool:
        """Tell whether *subnet* is in the range that this network leases to hosts."""
        return (
            subnet.prefixlen == self.subnet_length
            and self.subnet_min <= subnet.network_address <= self.subnet_max
        )


def parse_network(text: str) -> Network:
    """Return the network of flannel's configuration document.

    Keys match in any case; host bits of ``Network`` are dropped, as in flannel.
    Raises NetworkError.
    """
    try:
        return network_from_document(load_object(text))
    except JsonObjectError as error:
        raise NetworkError(f"The network configuration cannot be read: {error}.") from error


def serialise_network(network: Network) -> str:
    """Return *network* as canonical JSON: flannel's spelling, defaults filled in."""
    return dump_object(network_document(network))


def network_document(network: Network) -> JsonObject:
    """Return the canonical document of *network*; booleans appear only if true."""
    document: JsonObject = {
        "Network": str(network.network),
        "SubnetLen": network.subnet_length,
        "SubnetMin": str(network.subnet_min),
        "SubnetMax": str(network.subnet_max),
    }
    if network.enable_ipv6:
        document |= {
            "EnableIPv6": True,
            "IPv6Network": str(network.ipv6_network),
            "IPv6SubnetLen": network.ipv6_subnet_length,
            "IPv6SubnetMin": str(network.ipv6_subnet_min),
            "IPv6SubnetMax": str(network.ipv6_subnet_max),
        }
    if network.enable_nftables:
        document["EnableNFTables"] = True
    document["Backend"] = _backend_document(network.backend)
    return document | dict(network.unknown)


def network_from_document(document: Mapping[str, JsonValue]) -> Network:
    """Check *document*, fill in flannel's defaults and return the network.

    Raises NetworkError, or JsonObjectError for a field of the wrong type.
    """
    fields, unknown = split_fields(document, _NETWORK_FIELDS)
    if not boolean_field(fields, "EnableIPv4", default=True):
        raise NetworkError(
            "EnableIPv4 is false, but the key of a lease in etcd needs an IPv4 subnet; "
            "set EnableIPv4 to true."
        )
    plan = _subnet_plan(_IPV4, fields)
    enable_ipv6 = boolean_field(fields, "EnableIPv6", default=False)
    ipv6_plan = _subnet_plan(_IPV6, fields) if enable_ipv6 else None
    return Network(
        network=plan.network,
        subnet_length=plan.length,
        subnet_min=plan.first,
        subnet_max=plan.last,
        backend=parse_backend(fields.get("Backend")),
        enable_ipv6=enable_ipv6,
        ipv6_network=ipv6_plan.network if ipv6_plan else None,
        ipv6_subnet_length=ipv6_plan.length if ipv6_plan else None,
        ipv6_subnet_min=ipv6_plan.first if ipv6_plan else None,
        ipv6_subnet_max=ipv6_plan.last if ipv6_plan else None,
        enable_nftables=boolean_field(fields, "EnableNFTables", default=False),
        unknown=unknown,
    )


def declare_network(declared: Mapping[str, JsonValue], current: Network | None) -> Network:
    """Return the network that *declared*, in flannel's spelling, describes in full.

    Fields that weft cannot declare are copied from *current*: IPv6, nftables and unknown keys,
    those of the backend only if its type is the same. Stricter than parse_network: rejects host
    bits and options that the backend does not have. Raises NetworkError, or JsonObjectError for
    wrong types.
    """
    kept: JsonObject = {}
    if current is not None:
        document = network_document(current)
        kept = {key: value for key, value in document.items() if key not in _DECLARABLE}
    network = network_from_document(kept | dict(declared))
    if str(network.network) != declared.get("Network"):
        raise NetworkError(
            f"Network {declared.get('Network')!r} has host bits set; use {network.network}."
        )
    if network.backend.unknown:
        raise NetworkError(
            f"The backend '{network.backend.type}' has no option "
            f"{' or '.join(network.backend.unknown)}; leave it out."
        )
    if network.backend.vni is not None and network.backend.vni not in _DECLARABLE_VNIS:
        raise NetworkError(
            f"VNI {network.backend.vni} makes the device name flannel.{network.backend.vni} longer "
            f"than the 15 characters that the kernel accepts; "
            f"use 0 to {_DECLARABLE_VNIS.stop - 1}."
        )
    if current is not None and current.backend.type == network.backend.type:
        backend = replace(network.backend, unknown=current.backend.unknown)
        return replace(network, backend=backend)
    return network


_N = TypeVar("_N", IPv4Network, IPv6Network)
_A = TypeVar("_A", IPv4Address, IPv6Address)


@dataclass(frozen=True, slots=True)
class _Family(Generic[_N, _A]):
    """One address family: the prefix of its field names, and flannel's defaults for it."""

    prefix: str
    bits: int
    usual_length: int
    parse_network: Callable[[str], _N]
    parse_address: Callable[[str], _A]
    address: Callable[[int], _A]


@dataclass(frozen=True, slots=True)
class _SubnetPlan(Generic[_N, _A]):
    network: _N
    length: int
    first: _A
    last: _A


def _as_ipv4_network(text: str) -> IPv4Network:
    return IPv4Network(text, strict=False)


def _as_ipv6_network(text: str) -> IPv6Network:
    return IPv6Network(text, strict=False)


_IPV4 = _Family("", 32, 24, _as_ipv4_network, IPv4Address, IPv4Address)
_IPV6 = _Family("IPv6", 128, 64, _as_ipv6_network, IPv6Address, IPv6Address)


def _subnet_plan(family: _Family[_N, _A], fields: Mapping[str, JsonValue]) -> _SubnetPlan[_N, _A]:
    network = _network_address(family, fields)
    length = _subnet_length(family, fields, network)
    size = 1 << (family.bits - length)
    # flannel leaves the first subnet out: it begins with the network's own address.
    first = _bound(family, fields, "Min", network, int(network.network_address) + size)
    last = _bound(family, fields, "Max", network, int(network.broadcast_address) + 1 - size)
    for name, address in (("Min", first), ("Max", last)):
        if int(address) % size:
            aligned = family.address(int(address) - int(address) % size)
            raise NetworkError(
                f"{family.prefix}Subnet{name} {address} is not the address of a /{length} subnet; "
                f"use {aligned}, or another SubnetLen."
            )
    if int(first) > int(last):
        raise NetworkError(
            f"{family.prefix}SubnetMin {first} is above {family.prefix}SubnetMax {last}, so no "
            "subnet can be leased; swap them."
        )
    return _SubnetPlan(network, length, first, last)


def _network_address(family: _Family[_N, _A], fields: Mapping[str, JsonValue]) -> _N:
    name = f"{family.prefix}Network"
    text = text_field(fields, name)
    if not text:
        raise NetworkError(f"{name} is missing; give the whole network, such as 100.96.0.0/16.")
    if "/" not in text:
        raise NetworkError(f"{name} {text!r} has no prefix length; write it as address/length.")
    try:
        return family.parse_network(text)
    except ValueError as error:
        raise NetworkError(
            f"{name} {text!r} is not a network: {error}; write it as address/length."
        ) from error


def _subnet_length(family: _Family[_N, _A], fields: Mapping[str, JsonValue], network: _N) -> int:
    name = f"{family.prefix}SubnetLen"
    length = integer_field(fields, name)
    longest = family.bits - 2
    shortest = network.prefixlen + 2
    if not length:
        if shortest > longest:
            raise NetworkError(
                f"{family.prefix}Network {network} is too small; it must be /{longest - 2} or "
                "larger, to hold four subnets of four addresses."
            )
        return max(family.usual_length, shortest)
    if length > longest:
        raise NetworkError(f"{name} {length} leaves no room for containers; use {longest} or less.")
    if length < shortest:
        raise NetworkError(
            f"{name} {length} gives fewer than four subnets in {network}; "
            f"use {shortest} or more, or a larger {family.prefix}Network."
        )
    return length


def _bound(
    family: _Family[_N, _A],
    fields: Mapping[str, JsonValue],
    bound: str,
    network: _N,
    default: int,
) -> _A:
    name = f"{family.prefix}Subnet{bound}"
    text = text_field(fields, name)
    try:
        address = family.parse_address(text) if text else family.address(0)
    except ValueError as error:
        raise NetworkError(
            f"{name} {text!r} is not an address; give the address of a subnet inside {network}."
        ) from error
    # Go cannot tell a zero address from an unset one: both mean the default.
    if int(address) == 0:
        return family.address(default)
    if address not in network:
        raise NetworkError(f"{name} {address} is not inside {network}; choose one that is.")
    return address


def parse_backend(value: JsonValue) -> Backend:
    """Return the backend of a network's `Backend` object. Raises NetworkError."""
    if value is None:
        # flannel's code defaults to udp, unlike its documentation (pkg/subnet/config.go).
        return _backend_from_fields("udp", {}, {})
    if not isinstance(value, dict):
        raise NetworkError('Backend must be an object, such as {"Type": "udp"}.')
    known = "', '".join(BACKENDS)
    given, _unknown = split_fields(value, ("Type",))
    backend_type = (text_field(given, "Type") or "").lower()
    if not backend_type:
        raise NetworkError(f"Backend has no Type; give one of '{known}'.")
    if backend_type not in BACKENDS:
        raise NetworkError(
            f"Backend type '{backend_type}' is not supported by weft; use one of '{known}'."
        )
    fields, unknown = split_fields(value, ("Type", *BACKENDS[backend_type].options))
    return _backend_from_fields(backend_type, fields, unknown)


def _backend_from_fields(
    backend_type: str, fields: Mapping[str, JsonValue], unknown: Mapping[str, JsonValue]
) -> Backend:
    rules = BACKENDS[backend_type]
    elsewhere, _rest = split_fields(unknown, ("DirectRouting",))
    if boolean_field(elsewhere, "DirectRouting", default=False):
        raise NetworkError(
            f"DirectRouting is true, but the backend '{backend_type}' has no such option; "
            "use 'vxlan', or leave DirectRouting out."
        )
    port = integer_field(fields, "Port")
    if port is None or (port == 0 and rules.zero_port_is_default):
        port = rules.default_port
    vni = integer_field(fields, "VNI")
    return Backend(
        type=backend_type,
        port=_within("Port", port, _PORTS),
        vni=_within("VNI", rules.default_vni if vni is None else vni, _VNIS),
        # In Go an unset number is 0, so an MTU of 0 means that of the interface.
        mtu=_within("MTU", integer_field(fields, "MTU") or None, _MTUS),
        gbp=boolean_field(fields, "GBP", default=False),
        learning=boolean_field(fields, "Learning", default=False),
        direct_routing=boolean_field(fields, "DirectRouting", default=False),
        unknown=unknown,
    )


def _within(name: str, value: int | None, limits: range) -> int | None:
    if value is not None and value not in limits:
        raise NetworkError(
            f"{name} {value} is out of range; use {limits.start} to {limits.stop - 1}."
        )
    return value


def _backend_document(backend: Backend) -> JsonObject:
    values: JsonObject = {
        "VNI": backend.vni,
        "Port": backend.port,
        "MTU": backend.mtu,
        "GBP": backend.gbp,
        "Learning": backend.learning,
        "DirectRouting": backend.direct_routing,
    }
    given = {name: value for name, value in values.items() if value is not None}
    written = {name: value for name, value in given.items() if value is not False}
    return {"Type": backend.type} | written | dict(backend.unknown)
