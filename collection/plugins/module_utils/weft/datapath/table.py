# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forwarding table: the device, the socket, and which public IP holds which subnet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeAlias

from ..errors import WeftError
from .offloads import Offload
from .wire import vxlan

# The backends, and the additional keys of the table and of its peers for each.
BACKEND_KEYS: Mapping[str, tuple[str, ...]] = {"udp": (), "vxlan": ("vni", "vtep_mac")}
BACKEND_PEER_KEYS: Mapping[str, tuple[str, ...]] = {"udp": (), "vxlan": ("vtep_mac",)}
# A link's least MTU (RFC 791, 3.2) and the largest payload of an IPv4 UDP datagram (65535 - 28).
MTU_MIN = 68
MTU_MAX = 65507
# Each queue is a worker process; the kernel's own limit is MAX_TAP_QUEUES, 256 (linux/if_tap.h).
QUEUES_MAX = 64
# IFNAMSIZ without the final zero; the kernel replaces `%d` by a number (net/core/dev.c). Printable
# ASCII: a character is a byte then, and none ends the name early.
_DEVICE_NAME = re.compile(r"(?:(?![/:%])[!-~]){1,15}")


# The subnet and the public IP: the other fields of a lease may change, and the peer is the same.
PeerKey: TypeAlias = tuple[IPv4Network, IPv4Address]
# The address and the port of a UDP socket, as the socket module has them.
Endpoint: TypeAlias = tuple[str, int]


class TableError(WeftError, ValueError):
    """A table is not valid; the message has the key, the value and the reason."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The lease of another host: its subnet is reached through its public IP.

    With `partial_checksum`, the lease announces that the host finishes partial inner checksums.
    `vtep_mac` is the MAC address of its VXLAN tunnel endpoint; empty if the backend has none.
    """

    subnet: IPv4Network
    public_ip: IPv4Address
    partial_checksum: bool = False
    vtep_mac: str = ""

    @property
    def key(self) -> PeerKey:
        """The key of its counters."""
        return self.subnet, self.public_ip

    def to_document(self) -> dict[str, Any]:
        """Return the peer as JSON values; fields with their default are left out."""
        document: dict[str, Any] = {"subnet": str(self.subnet), "public_ip": str(self.public_ip)}
        if self.partial_checksum:
            document["partial_checksum"] = True
        if self.vtep_mac:
            document["vtep_mac"] = self.vtep_mac
        return document


@dataclass(frozen=True, slots=True)
class Vtep:
    """Our VXLAN tunnel endpoint: the network identifier and its MAC address."""

    vni: int
    mac: str


@dataclass(frozen=True, slots=True)
class ForwardingTable:
    """The configuration of the datapath, from the agent; `mtu` is that of the device in bytes.

    The offloads in `offloads_disabled` stay off. With more than one of `queues`, each has a process
    of its own.
    """

    device: str
    bind: IPv4Address
    port: int
    network: IPv4Network
    subnet: IPv4Network
    mtu: int
    peers: tuple[Peer, ...] = ()
    backend: str = "udp"
    offloads_disabled: frozenset[Offload] = frozenset()
    vtep: Vtep | None = None
    queues: int = 1

    def to_document(self) -> dict[str, Any]:
        """Return the table as JSON values, in the form that `parse_table` reads."""
        document: dict[str, Any] = {
            "backend": self.backend,
            "device": self.device,
            "bind": str(self.bind),
            "port": self.port,
            "network": str(self.network),
            "subnet": str(self.subnet),
            "mtu": self.mtu,
            "peers": [peer.to_document() for peer in self.peers],
        }
        if self.vtep is not None:
            document |= {"vni": self.vtep.vni, "vtep_mac": self.vtep.mac}
        if self.offloads_disabled:
            document["offloads"] = dict.fromkeys(sorted(self.offloads_disabled), False)
        if self.queues > 1:
            document["queues"] = self.queues
        return document


_TABLE_KEYS = ("backend", "device", "bind", "port", "network", "subnet", "mtu", "peers")
_PEER_KEYS = ("subnet", "public_ip")
# Optional keys; `offloads` disables those whose value is false.
_TABLE_OPTIONS = ("offloads", "queues")
_PEER_OPTIONS = ("partial_checksum",)


def parse_table(document: object) -> ForwardingTable:
    """Return the table that the decoded JSON `document` describes.

    Raises TableError for a missing or unknown key, a value of the wrong type or range, and
    subnets that contradict each other.
    """
    backend = _backend(document)
    fields = _fields(document, _TABLE_KEYS + BACKEND_KEYS[backend], _TABLE_OPTIONS, "the table")
    peers = fields["peers"]
    if not isinstance(peers, list):
        raise TableError(f"peers: expected a list, got {type(peers).__name__}")
    table = ForwardingTable(
        backend=backend,
        device=_device(fields["device"]),
        bind=_address(fields["bind"], "bind"),
        port=_integer(fields["port"], "port", 1, 65535),
        network=_network(fields["network"], "network"),
        subnet=_network(fields["subnet"], "subnet"),
        mtu=_integer(fields["mtu"], "mtu", MTU_MIN, MTU_MAX),
        peers=tuple(_peer(peer, backend, f"peers[{index}]") for index, peer in enumerate(peers)),
        offloads_disabled=_disabled(fields.get("offloads", {})),
        vtep=_vtep(fields) if "vni" in fields else None,
        queues=_integer(fields.get("queues", 1), "queues", 1, QUEUES_MAX),
    )
    _check_consistency(table)
    return table


def _check_consistency(table: ForwardingTable) -> None:
    if not table.subnet.subnet_of(table.network):
        raise TableError(f"subnet: {table.subnet} is not inside the network {table.network}")
    holders: dict[IPv4Network, IPv4Address] = {}
    for peer in table.peers:
        if not peer.subnet.subnet_of(table.network):
            raise TableError(
                f"peers: {peer.subnet} of {peer.public_ip} is not inside the network "
                f"{table.network}"
            )
        if peer.subnet.overlaps(table.subnet):
            raise TableError(
                f"peers: {peer.subnet} of {peer.public_ip} overlaps our own subnet {table.subnet}"
            )
        holder = holders.setdefault(peer.subnet, peer.public_ip)
        if holder != peer.public_ip:
            raise TableError(f"peers: {holder} and {peer.public_ip} both hold {peer.subnet}")


def _backend(document: object) -> str:
    backend = document.get("backend", "udp") if isinstance(document, dict) else "udp"
    if not isinstance(backend, str) or backend not in BACKEND_KEYS:
        raise TableError(f"backend: {backend!r} is not one of {', '.join(BACKEND_KEYS)}")
    return backend


def _vtep(fields: Mapping[str, Any]) -> Vtep:
    return Vtep(
        _integer(fields["vni"], "vni", 0, vxlan.VNI_MAX), _mac(fields["vtep_mac"], "vtep_mac")
    )


def _mac(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise TableError(f"{name}: {value!r} is not a MAC address")
    try:
        vxlan.parse_mac(value)
    except vxlan.MacError as error:
        raise TableError(f"{name}: {error}") from error
    return value


def _disabled(document: object) -> frozenset[Offload]:
    if not isinstance(document, dict):
        raise TableError(f"offloads: expected an object, got {type(document).__name__}")
    for name, value in document.items():
        if name not in Offload.__members__.values():
            raise TableError(f"offloads: unknown {name!r}; known are {', '.join(Offload)}")
        _boolean(value, f"offloads.{name}")
    return frozenset(Offload(name) for name, value in document.items() if not value)


def _boolean(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise TableError(f"{name}: {value!r} is not true or false")
    return value


def _fields(
    document: object, keys: tuple[str, ...], options: tuple[str, ...], name: str
) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise TableError(f"{name}: expected an object, got {type(document).__name__}")
    missing = [key for key in keys if key not in document]
    known = keys + options
    unknown = [repr(key) for key in document if key not in known]
    if missing:
        raise TableError(f"{name}: missing {', '.join(missing)}")
    if unknown:
        raise TableError(f"{name}: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    return document


def _peer(document: object, backend: str, name: str) -> Peer:
    fields = _fields(document, _PEER_KEYS + BACKEND_PEER_KEYS[backend], _PEER_OPTIONS, name)
    public_ip = _address(fields["public_ip"], f"{name}.public_ip")
    if public_ip.is_unspecified:
        raise TableError(f"{name}.public_ip: {public_ip} is not a host address")
    return Peer(
        subnet=_network(fields["subnet"], f"{name}.subnet"),
        public_ip=public_ip,
        partial_checksum=_boolean(
            fields.get("partial_checksum", False), f"{name}.partial_checksum"
        ),
        vtep_mac=_mac(fields["vtep_mac"], f"{name}.vtep_mac") if "vtep_mac" in fields else "",
    )


def _device(value: object) -> str:
    if not isinstance(value, str) or not _DEVICE_NAME.fullmatch(value) or value in (".", ".."):
        raise TableError(f"device: {value!r} is not an interface name of 1 to 15 ASCII characters")
    return value


def _integer(value: object, name: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise TableError(f"{name}: {value!r} is not a whole number from {least} to {most}")
    return value


def _address(value: object, name: str) -> IPv4Address:
    # A string only: ipaddress would take the integer 1 for 0.0.0.1.
    if not isinstance(value, str):
        raise TableError(f"{name}: {value!r} is not an IPv4 address")
    try:
        address = IPv4Address(value)
    except ValueError as error:
        raise TableError(f"{name}: {error}") from error
    if address.is_multicast or address.is_reserved:
        raise TableError(f"{name}: {address} is not a host address")
    return address


def _network(value: object, name: str) -> IPv4Network:
    if not isinstance(value, str) or "/" not in value:
        raise TableError(f"{name}: {value!r} is not an IPv4 subnet such as 100.96.1.0/24")
    try:
        return IPv4Network(value)
    except ValueError as error:
        raise TableError(f"{name}: {error}") from error
