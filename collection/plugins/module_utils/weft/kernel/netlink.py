# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to rtnetlink: reads the host's state as values, applies one change at a time."""

from __future__ import annotations

import errno
import socket
import traceback
from collections.abc import Callable, Collection, Iterable
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from types import TracebackType
from typing import Any

from .links import Link, LinkAddress, Links
from .state import ROUTE_PROTOCOL, Add, Address, Change, Device, HostState, Route

try:
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkDumpInterrupted, NetlinkError

    IMPORT_ERROR: str | None = None
except ImportError:
    IPRoute = None
    NetlinkDumpInterrupted, NetlinkError = InterruptedError, OSError
    IMPORT_ERROR = traceback.format_exc()

# linux/rtnetlink.h, linux/if.h, linux/if_addr.h
_RT_TABLE_MAIN = 254
_RTN_UNICAST = 1
_RTNH_F_ONLINK = 4
_RT_SCOPE_UNIVERSE = 0
_RT_SCOPE_NOWHERE = 255
_IFF_UP = 1
_IFA_F_DEPRECATED = 0x20

_DUMP_ATTEMPTS = 20


class KernelError(Exception):
    """The kernel refused a change or a look; the message says which and why."""


class Netlink:
    """A session with rtnetlink. Use as a context manager, or close it."""

    def __init__(self) -> None:
        if IMPORT_ERROR is not None:
            raise KernelError(
                "the Python library pyroute2 is missing: install python3-pyroute2, "
                "or pyroute2 into the daemon's virtual environment"
            )
        self._route = IPRoute()

    def __enter__(self) -> Netlink:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session."""
        self._route.close()

    def read_links(self) -> Links:
        """All links with their IPv4 addresses, and the default route's link.

        Raises KernelError.
        """
        addresses: dict[int, list[LinkAddress]] = {}
        for message in self._dump(lambda: self._route.get_addr(family=socket.AF_INET)):
            flags = message.get_attr("IFA_FLAGS") or message["flags"]
            local = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
            usable = message["scope"] == _RT_SCOPE_UNIVERSE and not flags & _IFA_F_DEPRECATED
            addresses.setdefault(message["index"], []).append(
                LinkAddress(IPv4Interface(f"{local}/{message['prefixlen']}"), usable)
            )
        links = tuple(
            Link(
                name=message.get_attr("IFLA_IFNAME"),
                index=message["index"],
                mtu=message.get_attr("IFLA_MTU"),
                up=bool(message["flags"] & _IFF_UP),
                addresses=tuple(addresses.get(message["index"], ())),
            )
            for message in self._dump(self._route.get_links)
        )
        names = {link.index: link.name for link in links}
        return Links(links, self._default_device(names))

    def device_towards(self, destination: IPv4Address) -> str | None:
        """The name of the link by which the kernel would reach an address, if any."""
        try:
            message = self._route.route("get", dst=str(destination))[0]
            link = self._route.get_links(message.get_attr("RTA_OIF"))[0]
        except NetlinkError:
            return None
        return str(link.get_attr("IFLA_IFNAME"))

    def read_state(self, devices: Collection[str]) -> HostState:
        """What the kernel holds for the overlay: the named devices, and weft's routes.

        Raises KernelError.
        """
        links = self.read_links()
        present = [link for link in links.links if link.name in devices]
        names = {link.index: link.name for link in links.links}
        return HostState(
            devices=frozenset(Device(link.name, link.mtu) for link in present if link.up),
            addresses=frozenset(
                Address(link.name, entry.interface) for link in present for entry in link.addresses
            ),
            routes=frozenset(
                Route(
                    destination=_destination(message),
                    device=names.get(message.get_attr("RTA_OIF"), "?"),
                    gateway=_optional_address(message.get_attr("RTA_GATEWAY")),
                    on_link=bool(message["flags"] & _RTNH_F_ONLINK),
                )
                for message in self._main_routes()
                if message["proto"] == ROUTE_PROTOCOL
            ),
        )

    def apply(self, change: Change) -> str:
        """Make one change; return it in words.

        Raises KernelError, naming the change; a route that somebody else holds to the same
        destination is such an error, since weft does not touch what it did not make.
        """
        try:
            match change.what:
                case Device() as device:
                    self._route.link(
                        "set", index=self._index(device.name), mtu=device.mtu, state="up"
                    )
                case Address() as address:
                    self._apply_address("add" if isinstance(change, Add) else "del", address)
                case Route() as route:
                    self._apply_route("add" if isinstance(change, Add) else "del", route)
        except NetlinkError as error:
            raise KernelError(f"{_describe(change)}: {_reason(error.code, change)}") from error
        return _describe(change)

    def _apply_address(self, command: str, address: Address) -> None:
        self._route.addr(
            command,
            index=self._index(address.device),
            address=str(address.address.ip),
            prefixlen=address.address.network.prefixlen,
        )

    def _apply_route(self, command: str, route: Route) -> None:
        arguments: dict[str, Any] = {
            "dst": str(route.destination),
            "oif": self._index(route.device),
            "proto": ROUTE_PROTOCOL,
        }
        if route.gateway is not None:
            arguments["gateway"] = str(route.gateway)
        if route.on_link:
            arguments["flags"] = ["onlink"]
        if command == "del":
            # Any scope: the kernel takes a route of another scope for another route.
            arguments["scope"] = _RT_SCOPE_NOWHERE
        self._route.route(command, **arguments)

    def _index(self, device: str) -> int:
        found = self._route.link_lookup(ifname=device)
        if not found:
            raise NetlinkError(errno.ENODEV, f"no device {device}")
        return int(found[0])

    def _main_routes(self) -> list[Any]:
        return [
            message
            for message in self._dump(lambda: self._route.get_routes(family=socket.AF_INET))
            if message.get_attr("RTA_TABLE") == _RT_TABLE_MAIN and message["type"] == _RTN_UNICAST
        ]

    def _dump(self, read: Callable[[], Iterable[Any]]) -> list[Any]:
        """Read a whole table; the kernel tells when it changed meanwhile (NLM_F_DUMP_INTR)."""
        for _attempt in range(_DUMP_ATTEMPTS):
            try:
                return list(read())
            except NetlinkDumpInterrupted:
                continue
            except NetlinkError as error:
                raise KernelError(f"the kernel's tables cannot be read: {error}") from error
        raise KernelError(
            f"the kernel's tables changed during each of {_DUMP_ATTEMPTS} readings: "
            "see 'ip monitor' for what changes them"
        )

    def _default_device(self, names: dict[int, str]) -> str | None:
        defaults = [m for m in self._main_routes() if m["dst_len"] == 0 and m.get_attr("RTA_OIF")]
        best = min(defaults, key=lambda m: m.get_attr("RTA_PRIORITY") or 0, default=None)
        return None if best is None else names.get(best.get_attr("RTA_OIF"))


def _destination(message: Any) -> IPv4Network:
    return IPv4Network((message.get_attr("RTA_DST") or "0.0.0.0", message["dst_len"]))


def _optional_address(text: str | None) -> IPv4Address | None:
    return None if text is None else IPv4Address(text)


def _describe(change: Change) -> str:
    verb = "add" if isinstance(change, Add) else "remove"
    match change.what:
        case Device(name, mtu):
            return f"bring up {name} with MTU {mtu}"
        case Address(device, address):
            return f"{verb} address {address} on {device}"
        case Route(destination, device, gateway, _):
            via = f" via {gateway}" if gateway else ""
            return f"{verb} route {destination}{via} dev {device}"


def _reason(code: int, change: Change) -> str:
    if code == errno.EEXIST and isinstance(change.what, Route):
        return (
            "another route to it exists that weft did not make; "
            f"see 'ip route show {change.what.destination}' and remove it"
        )
    if code == errno.ENODEV:
        return "there is no such device"
    return errno.errorcode.get(code, str(code))
