# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rtnetlink client: read the state of the host as values, and apply changes to it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from itertools import groupby
from typing import Any, TypeVar

from ..errors import WeftError
from ..system.closing import Closing
from . import forwarding, messages
from .change_text import describe, explain_errno
from .connected_route import ConnectedRoute, connected_route_request
from .difference import Add, Change, Remove
from .links import VXLAN, Link, LinkAddress, Links, RouteLookup, UnderlayRoute
from .request_socket import RequestSocket
from .state import (
    DEVICE_ALIAS,
    Address,
    Device,
    FdbEntry,
    HostState,
    MacAddress,
    Neighbour,
    Route,
    VxlanDevice,
)

try:
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkDumpInterrupted, NetlinkError

    IMPORT_ERROR: str | None = None
except ImportError:
    IPRoute = None
    NetlinkDumpInterrupted, NetlinkError = InterruptedError, OSError
    IMPORT_ERROR = traceback.format_exc()

# linux/if.h, linux/if_addr.h, linux/if_link.h
_IFF_UP = 1
_IFA_F_DEPRECATED = 0x20
_RT_SCOPE_UNIVERSE = 0
_RTN_LOCAL = 2  # linux/rtnetlink.h
_IN6_ADDR_GEN_MODE_NONE = 1

# linux/neighbour.h, NUD_*
_NEIGHBOUR_STATES = {
    0x01: "incomplete",
    0x02: "reachable",
    0x04: "stale",
    0x08: "delay",
    0x10: "probe",
    0x20: "failed",
    0x40: "noarp",
    0x80: "permanent",
}
_DUMP_ATTEMPTS = 50
_PROBE_DEVICE = "weft-probe"
_PROBE_VNI = (1 << 24) - 1

_Entries = TypeVar("_Entries")


class KernelError(WeftError):
    """A change or a dump failed; the message names it and the reason."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of a change; error: None for success."""

    change: Change
    error: str | None = None


class Netlink(Closing):
    """An rtnetlink client. Use it as a context manager, or close it."""

    def __init__(self) -> None:
        if IMPORT_ERROR is not None:
            raise KernelError(
                "the Python library pyroute2 is missing: install python3-pyroute2, "
                "or pyroute2 into the daemon's virtual environment"
            )
        self._route = IPRoute()
        self._requests = RequestSocket()

    def close(self) -> None:
        """Close the sockets."""
        self._requests.close()
        self._route.close()

    def read_links(self) -> Links:
        """Return all links with their IPv4 addresses, and the routes that weft did not add.

        Raises KernelError.
        """
        links = self._read_links()
        names = {link.index: link.name for link in links}
        routes = (
            UnderlayRoute(
                entry.destination,
                None if entry.index is None else names.get(entry.index),
                entry.gateway,
                entry.metric,
            )
            for entry in self._read_routes()
            if not entry.made_by_weft
        )
        return Links(links, tuple(routes))

    def lookup_device(self, destination: IPv4Address) -> str | None:
        """Return the name of the link to an address, None without a route."""
        found = self.lookup_route(destination)
        return None if found is None else found.device

    def lookup_route(self, destination: IPv4Address) -> RouteLookup | None:
        """Return the route to an address, None if there is none."""
        try:
            message = self._route.route("get", dst=str(destination))[0]
            link = self._route.get_links(message.get_attr("RTA_OIF"))[0]
        except NetlinkError:
            return None
        gateway = message.get_attr("RTA_GATEWAY")
        return RouteLookup(
            device=str(link.get_attr("IFLA_IFNAME")),
            gateway=IPv4Address(gateway) if gateway else None,
            local=message["type"] == _RTN_LOCAL,
        )

    def read_forwarding(self) -> dict[str, bool]:
        """Return whether each device forwards IPv4, and `all` for net.ipv4.ip_forward.

        Raises KernelError.
        """
        bodies = self._dump(
            lambda: self._requests.dump(forwarding.RTM_GETNETCONF, forwarding.NETCONF_DUMP)
        )
        names = {link.index: link.name for link in self._read_links()}
        entries = filter(None, map(forwarding.parse_forwarding, bodies))
        return forwarding.forwarding_by_name(entries, names)

    def restore(self, route: ConnectedRoute) -> None:
        """Add a missing connected route. Raises KernelError if another takes its place."""
        try:
            code = self._requests.request([connected_route_request(route)])[0]
        except OSError as error:
            raise KernelError(f"rtnetlink does not respond: {error}") from error
        if code == errno.EEXIST:
            raise KernelError(
                f"a route of another program to {route.network} replaces the connected "
                f"route of {route.device}, so no container of this host is reachable: see 'ip "
                f"route show {route.network}', remove it and stop the program that adds "
                "it"
            )
        if code:
            raise KernelError(f"{route.command}: {os.strerror(code)}")

    def read_neighbour_states(self) -> dict[IPv4Address, str]:
        """Return the state of each neighbour on all links: reachable, stale, failed ...

        Raises KernelError.
        """
        found = self._dump(lambda: list(self._route.get_neighbours(family=socket.AF_INET)))
        return {
            IPv4Address(message.get_attr("NDA_DST")): _NEIGHBOUR_STATES.get(
                message["state"], str(message["state"])
            )
            for message in found
            if message.get_attr("NDA_DST")
        }

    def read_state(self, devices: Collection[str]) -> HostState:
        """Return the actual state of the overlay: the named devices, and weft's routes.

        Raises KernelError.
        """
        links = self._read_links()
        present = [link for link in links if link.name in devices]
        vxlan = [link for link in present if link.vxlan is not None]
        names = {link.index: link.name for link in links}
        return HostState(
            devices=frozenset(
                Device(link.name, link.mtu)
                for link in present
                if link.up and link.alias == DEVICE_ALIAS
            ),
            addresses=frozenset(
                Address(link.name, entry.interface) for link in present for entry in link.addresses
            ),
            routes=frozenset(
                Route(
                    entry.destination,
                    names.get(entry.index or 0, "?"),
                    entry.gateway,
                    entry.on_link,
                )
                for entry in self._read_routes()
                if entry.made_by_weft
            ),
            vxlan_devices=frozenset(link.vxlan for link in vxlan if link.vxlan is not None),
            neighbours=frozenset(
                Neighbour(link.name, address, mac)
                for link in vxlan
                for address, mac in self._read_neighbours(link, messages.neighbour_dump(link.index))
            ),
            fdb=frozenset(
                FdbEntry(link.name, mac, address)
                for link in vxlan
                for address, mac in self._read_neighbours(link, messages.fdb_dump(link.index))
            ),
        )

    def apply(self, changes: Sequence[Change]) -> list[Applied]:
        """Apply the changes in order; return the result of each that was tried.

        After a device that fails, nothing more is tried, since the rest depends on it. A route to
        the same destination that weft did not add is never replaced: that is an error. Raises
        KernelError if the kernel does not respond.
        """
        done: list[Applied] = []
        for kind, group in groupby(changes, key=lambda change: type(change.item)):
            if kind in (Route, Neighbour, FdbEntry):
                done += self._apply_entries(list(group))
                continue
            for change in group:
                done.append(self._apply_to_link(change))
                if done[-1].error and kind in (VxlanDevice, Device):
                    return done
        return done

    def delete(self, link: Link) -> None:
        """Delete a link; a missing link is no error. Raises KernelError."""
        try:
            self._route.link("del", index=link.index)
        except NetlinkError as error:
            if error.code != errno.ENODEV:
                reason = errno.errorcode.get(error.code, str(error.code))
                raise KernelError(f"delete {link.name}: {reason}") from error

    def probe_vxlan(self) -> str | None:
        """Return the error of creating a VXLAN device, None if the kernel supports VXLAN."""
        try:
            self._route.link(
                "add", ifname=_PROBE_DEVICE, kind=VXLAN, vxlan_id=_PROBE_VNI, vxlan_port=9
            )
        except NetlinkError as error:
            if error.code != errno.EEXIST:
                return os.strerror(error.code)
        with contextlib.suppress(NetlinkError):
            self._route.link("del", index=self._index(_PROBE_DEVICE))
        return None

    def _apply_to_link(self, change: Change) -> Applied:
        try:
            match change:
                case Add(VxlanDevice() as vxlan):
                    self._add_vxlan(vxlan)
                case Remove(VxlanDevice() as vxlan):
                    self._route.link("del", index=self._index(vxlan.name))
                case Add(MacAddress(device, mac)):
                    self._route.link("set", index=self._index(device), address=mac)
                case Add(Device() as device):
                    index = self._index(device.name)
                    self._route.link("set", index=index, mtu=device.mtu, ifalias=DEVICE_ALIAS)
                    self._route.link("set", index=index, state="up")
                case Add(Address(name, address)) | Remove(Address(name, address)):
                    self._route.addr(
                        "add" if isinstance(change, Add) else "del",
                        index=self._index(name),
                        address=str(address.ip),
                        prefixlen=address.network.prefixlen,
                    )
        except NetlinkError as error:
            return _failed(change, error.code)
        return Applied(change)

    def _add_vxlan(self, vxlan: VxlanDevice) -> None:
        # A MAC address set at creation is not changed by systemd's MACAddressPolicy.
        self._route.link(
            "add",
            ifname=vxlan.name,
            kind=VXLAN,
            address=vxlan.mac,
            vxlan_id=vxlan.vni,
            vxlan_link=self._index(vxlan.parent),
            vxlan_local=str(vxlan.local),
            vxlan_port=vxlan.port,
            vxlan_learning=vxlan.learning,
            **({"vxlan_gbp": True} if vxlan.gbp else {}),
        )
        no_address = {"attrs": [["IFLA_INET6_ADDR_GEN_MODE", _IN6_ADDR_GEN_MODE_NONE]]}
        try:
            self._route.link(
                "set",
                index=self._index(vxlan.name),
                IFLA_AF_SPEC={"attrs": [["AF_INET6", no_address]]},
            )
        except NetlinkError as error:
            # A host without IPv6 assigns no IPv6 address.
            if error.code != errno.EAFNOSUPPORT:
                raise

    def _apply_entries(self, changes: Sequence[Change]) -> list[Applied]:
        """Apply changes of entries in batches: there is one per lease."""
        indices = {link.name: link.index for link in self._read_links()}
        possible = [change for change in changes if _device_of(change) in indices]
        done = [
            _failed(change, errno.ENODEV) for change in changes if _device_of(change) not in indices
        ]
        requests = [_entry_request(change, indices[_device_of(change)]) for change in possible]
        try:
            codes = self._requests.request(requests)
        except OSError as error:
            raise KernelError(f"rtnetlink does not respond: {error}") from error
        return done + [
            _failed(change, code) if code else Applied(change)
            for change, code in zip(possible, codes, strict=True)
        ]

    def _index(self, device: str) -> int:
        found = self._route.link_lookup(ifname=device)
        if not found:
            raise NetlinkError(errno.ENODEV, f"no device {device}")
        return int(found[0])

    def _read_links(self) -> tuple[Link, ...]:
        addresses: dict[int, list[LinkAddress]] = {}
        for message in self._dump(lambda: list(self._route.get_addr(family=socket.AF_INET))):
            flags = message.get_attr("IFA_FLAGS") or message["flags"]
            local = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
            usable = message["scope"] == _RT_SCOPE_UNIVERSE and not flags & _IFA_F_DEPRECATED
            addresses.setdefault(message["index"], []).append(
                LinkAddress(IPv4Interface(f"{local}/{message['prefixlen']}"), usable)
            )
        found = self._dump(lambda: list(self._route.get_links()))
        names = {message["index"]: str(message.get_attr("IFLA_IFNAME")) for message in found}
        return tuple(
            Link(
                name=names[message["index"]],
                index=message["index"],
                mtu=message.get_attr("IFLA_MTU"),
                up=bool(message["flags"] & _IFF_UP),
                addresses=tuple(addresses.get(message["index"], ())),
                kind=message.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND"),
                alias=message.get_attr("IFLA_IFALIAS"),
                vxlan=_vxlan_device(message, names),
            )
            for message in found
        )

    def _read_routes(self) -> Iterable[messages.RouteEntry]:
        bodies = self._dump(lambda: self._requests.dump(messages.RTM_GETROUTE, messages.ROUTE_DUMP))
        return filter(None, map(messages.parse_route, bodies))

    def _read_neighbours(self, link: Link, request: bytes) -> Iterator[tuple[IPv4Address, str]]:
        bodies = self._dump(lambda: self._requests.dump(messages.RTM_GETNEIGH, request))
        for entry in filter(None, map(messages.parse_neighbour, bodies)):
            index, address, mac = entry
            # Before Linux 4.20, the dump has the entries of all devices.
            if index == link.index:
                yield address, mac

    def _dump(self, read: Callable[[], _Entries]) -> _Entries:
        """Dump a whole table; repeat if it changed during the dump (NLM_F_DUMP_INTR)."""
        for _attempt in range(_DUMP_ATTEMPTS):
            try:
                return read()
            except (NetlinkDumpInterrupted, InterruptedError):
                continue
            except (NetlinkError, OSError) as error:
                raise KernelError(f"cannot read the tables of the kernel: {error}") from error
        raise KernelError(
            f"the tables of the kernel changed during each of {_DUMP_ATTEMPTS} dumps: "
            "find the cause with 'ip monitor'"
        )


def _vxlan_device(message: Any, names: dict[int, str]) -> VxlanDevice | None:
    if message.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") != VXLAN:
        return None
    info = message.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA")
    return VxlanDevice(
        name=str(message.get_attr("IFLA_IFNAME")),
        vni=info.get_attr("IFLA_VXLAN_ID"),
        parent=names.get(info.get_attr("IFLA_VXLAN_LINK"), ""),
        local=IPv4Address(info.get_attr("IFLA_VXLAN_LOCAL") or "0.0.0.0"),
        port=info.get_attr("IFLA_VXLAN_PORT"),
        mac=str(message.get_attr("IFLA_ADDRESS")),
        gbp=info.get_attr("IFLA_VXLAN_GBP") is not None,
        learning=bool(info.get_attr("IFLA_VXLAN_LEARNING")),
    )


def _device_of(change: Change) -> str:
    item = change.item
    return item.name if isinstance(item, Device | VxlanDevice) else item.device


def _entry_request(change: Change, index: int) -> messages.Request:
    match change.item:
        case Route() as route:
            return messages.route_request(type(change), route, index)
        case Neighbour() as neighbour:
            return messages.neighbour_request(type(change), neighbour, index)
        case FdbEntry() as entry:
            return messages.fdb_request(type(change), entry, index)
        case other:
            raise TypeError(f"{other} is not a table entry")


def _failed(change: Change, code: int) -> Applied:
    return Applied(change, f"{describe(change)}: {explain_errno(code, change)}")
