# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our messages against another netlink library's, both ways."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.difference import (
    Add,
    Remove,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.messages import (
    RouteEntry,
    fdb_request,
    neighbour_request,
    parse_neighbour,
    parse_route,
    route_request,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    FdbEntry,
    Neighbour,
    Route,
)

HEADER = 16
CREATE_EXCL, CREATE_REPLACE = 0x600, 0x500
NEW_ROUTE, DELETE_ROUTE, NEW_NEIGHBOUR, DELETE_NEIGHBOUR = 24, 25, 28, 29
BY_GATEWAY = Route(IPv4Network("100.96.2.0/24"), "eth0", IPv4Address("10.168.0.12"))
ON_LINK = Route(IPv4Network("100.96.2.0/24"), "flannel.1", IPv4Address("100.96.2.0"), on_link=True)
PLAIN = Route(IPv4Network("100.96.0.0/16"), "flannel0")
MAC = "02:77:0a:a8:00:0c"


def decoded(kind: type, body: bytes) -> Any:
    data = (HEADER + len(body)).to_bytes(4, "little") + bytes(HEADER - 4) + body
    message = kind(data)
    message.decode()
    return message


def encoded(kind: type, fields: dict[str, Any], attributes: Sequence[tuple[str, Any]]) -> bytes:
    message = kind()
    for name, value in fields.items():
        message[name] = value
    message["attrs"] = [list(attribute) for attribute in attributes]
    message.encode()
    return bytes(message.data[HEADER:])


@pytest.mark.parametrize("route", [BY_GATEWAY, ON_LINK, PLAIN])
def test_a_route_is_added_if_there_is_none_and_deleted_with_any_scope(route: Route) -> None:
    for change, kind, flags, scope, type_ in (
        (Add, NEW_ROUTE, CREATE_EXCL, 0, 1),
        (Remove, DELETE_ROUTE, 0, 255, 0),
    ):
        request = route_request(change, route, 7)
        message = decoded(rtmsg, request.body)
        assert (request.kind, request.flags) == (kind, flags)
        assert (message["family"], message["table"], message["proto"]) == (socket.AF_INET, 254, 87)
        assert (message["scope"], message["type"]) == (scope, type_)
        assert message["dst_len"] == route.destination.prefixlen
        assert message["flags"] == (4 if route.on_link else 0)
        assert dict(message["attrs"]) == {
            "RTA_DST": str(route.destination.network_address),
            "RTA_OIF": 7,
            **({"RTA_GATEWAY": str(route.gateway)} if route.gateway else {}),
        }


def test_a_neighbour_is_made_permanent_in_the_place_of_another() -> None:
    neighbour = Neighbour("flannel.1", IPv4Address("100.96.2.0"), MAC)
    request = neighbour_request(Add, neighbour, 7)
    message = decoded(ndmsg, request.body)
    assert (request.kind, request.flags) == (NEW_NEIGHBOUR, CREATE_REPLACE)
    assert (message["family"], message["ifindex"]) == (socket.AF_INET, 7)
    assert (message["state"], message["flags"]) == (0x80, 0)
    assert dict(message["attrs"]) == {"NDA_DST": "100.96.2.0", "NDA_LLADDR": MAC}
    assert neighbour_request(Remove, neighbour, 7).kind == DELETE_NEIGHBOUR


def test_an_fdb_entry_is_the_devices_own() -> None:
    request = fdb_request(Add, FdbEntry("flannel.1", MAC, IPv4Address("10.168.0.12")), 7)
    message = decoded(ndmsg, request.body)
    assert (request.kind, request.flags) == (NEW_NEIGHBOUR, CREATE_REPLACE)
    assert (message["family"], message["state"], message["flags"]) == (7, 0x80, 2)
    assert dict(message["attrs"])["NDA_LLADDR"] == MAC
    assert socket.inet_aton("10.168.0.12") in request.body


def route_body(**changes: Any) -> bytes:
    fields = {
        "family": socket.AF_INET,
        "dst_len": 24,
        "table": 254,
        "proto": 87,
        "type": 1,
        **{name: value for name, value in changes.items() if name.islower()},
    }
    attributes = {
        "RTA_TABLE": 254,
        "RTA_DST": "100.96.2.0",
        "RTA_PRIORITY": 100,
        "RTA_GATEWAY": "10.168.0.12",
        "RTA_OIF": 2,
        **{name: value for name, value in changes.items() if name.isupper()},
    }
    present = [(name, value) for name, value in attributes.items() if value is not None]
    return encoded(rtmsg, fields, present)


def test_a_route_is_read() -> None:
    gateway = IPv4Address("10.168.0.12")
    network = IPv4Network("100.96.2.0/24")
    assert parse_route(route_body()) == RouteEntry(network, 2, gateway, False, 87, 100)
    on_link = parse_route(route_body(flags=4, proto=2, RTA_PRIORITY=None))
    assert on_link == RouteEntry(network, 2, gateway, True, 2, 0)
    assert on_link is not None
    assert not on_link.made_by_weft
    default = parse_route(route_body(dst_len=0, RTA_DST=None, RTA_GATEWAY=None))
    assert default == RouteEntry(IPv4Network("0.0.0.0/0"), 2, None, False, 87, 100)


@pytest.mark.parametrize("changes", [{"RTA_TABLE": 99}, {"type": 2}, {"type": 7}])
def test_routes_of_other_tables_and_types_are_ignored(changes: dict[str, Any]) -> None:
    assert parse_route(route_body(**changes)) is None


def test_only_permanent_neighbours_are_read() -> None:
    def body(state: int, *attributes: tuple[str, Any]) -> bytes:
        return encoded(ndmsg, {"family": socket.AF_INET, "ifindex": 7, "state": state}, attributes)

    address, mac = ("NDA_DST", "100.96.2.0"), ("NDA_LLADDR", MAC)
    assert parse_neighbour(body(0x80, address, mac)) == (7, IPv4Address("100.96.2.0"), MAC)
    for state in (0x02, 0x20, 0x40):
        assert parse_neighbour(body(state, address, mac)) is None
    assert parse_neighbour(body(0x80, mac)) is None
    assert parse_neighbour(body(0x80, address)) is None
