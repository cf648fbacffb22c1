# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What flannel wrote survives weft's rewrites, and flannel can read what weft writes.

The reader here follows flannel's own rules and knows nothing of weft's: pkg/subnet/subnet.go
(ParseSubnetKey), pkg/lease/lease.go (LeaseAttrs), pkg/ip/ipnet.go (UnmarshalJSON).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.allocation import Request
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.json_object import JsonObject
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import (
    Lease,
    parse_lease,
    serialise_lease,
    subnet_key,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.snapshot import (
    Snapshot,
    StoredNetwork,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.reservation import (
    ReservationSettings,
    plan_reservations,
)

PREFIX = "/coreos.com/network"
KEY = f"{PREFIX}/subnets/100.96.72.0-24"
PUBLIC_IP = IPv4Address("192.0.2.1")
NETWORK = StoredNetwork('{"Network": "100.96.0.0/16", "Backend": {"Type": "udp"}}', 2)
DAY = 7  # the id of an etcd lease of 24 hours

WRITTEN_BY_FLANNEL = [
    '{"PublicIP":"192.0.2.1","PublicIPv6":null}',
    '{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"vxlan",'
    '"BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}}',
    '{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"host-gw"}',
    '{"PublicIP":"192.0.2.1","PublicIPv6":"2001:db8::1","BackendType":"vxlan",'
    '"BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"},'
    '"BackendV6Data":{"VNI":1,"VtepMAC":"fe:41:32:6f:8f:44"}}',
    '{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"wireguard",'
    '"BackendData":{"PublicKey":"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="}}',
    '{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"later","Later":{"b":1,"a":[2.5,null]}}',
]

# Go's regular expression; digits are ASCII there. Lengths are of 5 and 7 bits (strconv.ParseUint).
_SUBNET = re.compile(r"([0-9]+\.[0-9]+.[0-9]+.[0-9]+)-([0-9]+)(?:&([a-f0-9:]+)-([0-9]+))?$")


def read_as_flannel(key: str, value: str) -> tuple[IPv4Network, IPv4Address, dict[str, Any]]:
    """The subnet, the public IP and the other attributes, as flannel finds them."""
    parts = _SUBNET.search(key)
    assert parts is not None
    assert int(parts[2]) < 32
    fields = json.loads(value)
    attributes = {
        name: fields.pop(name, None)
        for name in ("PublicIP", "PublicIPv6", "BackendType", "BackendData", "BackendV6Data")
    }
    if attributes["PublicIPv6"] is not None:
        IPv6Address(attributes["PublicIPv6"])
    assert attributes["BackendType"] is None or isinstance(attributes["BackendType"], str)
    subnet = IPv4Network(f"{parts[1]}/{parts[2]}")
    return subnet, IPv4Address(attributes.pop("PublicIP")), attributes


def reserve_again(value: str) -> Lease:
    """What becomes of a lease of 24 hours when its host is adopted."""
    held = parse_lease(PREFIX, KEY, value, lease_id=DAY, mod_revision=5)
    ((reservation,), (change,)) = plan_reservations(
        PREFIX, Snapshot(5, NETWORK, (held,)), [Request("host", PUBLIC_IP)], ReservationSettings()
    )
    assert change.before == held
    assert change.ttl is None
    assert change.after == reservation.after
    return reservation.after


@pytest.mark.parametrize("value", WRITTEN_BY_FLANNEL)
def test_a_lease_becomes_a_reservation_and_keeps_every_byte(value: str) -> None:
    after = reserve_again(value)
    assert after.is_reservation
    assert subnet_key(PREFIX, after.subnet) == KEY
    assert serialise_lease(after) == value


def test_a_lease_of_before_ipv6_gets_the_null_that_flannel_writes_today() -> None:
    data = '{"VtepMAC":"c6:d2:32:6f:8f:44"}'
    value = f'{{"PublicIP":"192.0.2.1","BackendType":"vxlan","BackendData":{data}}}'
    after = serialise_lease(reserve_again(value))
    assert after == value.replace('"BackendType"', '"PublicIPv6":null,"BackendType"')


def test_fields_in_another_order_come_back_in_flannels() -> None:
    value = '{"Later":1,"BackendType":"host-gw","PublicIP":"192.0.2.1"}'
    after = '{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"host-gw","Later":1}'
    assert serialise_lease(reserve_again(value)) == after


@pytest.mark.parametrize("value", WRITTEN_BY_FLANNEL)
def test_what_the_agent_announces_takes_nothing_else_away(value: str) -> None:
    held = parse_lease(PREFIX, KEY, value)
    data: JsonObject = {
        "VNI": 1,
        "VtepMAC": "02:77:c0:00:02:01",
        "weft": {"InnerChecksum": "partial"},
    }
    announced = serialise_lease(replace(held, backend_type="vxlan", backend_data=data))
    before, after = json.loads(value), json.loads(announced)
    own = {"BackendType": "vxlan", "BackendData": data}
    assert after == {**before, **own}
    assert read_as_flannel(KEY, announced)[2] == {
        "PublicIPv6": before["PublicIPv6"],
        "BackendV6Data": before.get("BackendV6Data"),
        **own,
    }


@given(
    address=st.integers(0, 2**32 - 1),
    length=st.integers(2, 30),
    public_ip=st.ip_addresses(v=4),
    public_ipv6=st.none() | st.ip_addresses(v=6),
    backend_type=st.none() | st.sampled_from(["udp", "vxlan", "host-gw"]),
)
def test_flannel_reads_what_weft_writes(
    address: int,
    length: int,
    public_ip: IPv4Address,
    public_ipv6: IPv6Address | None,
    backend_type: str | None,
) -> None:
    subnet = IPv4Network((address, length), strict=False)
    lease = Lease(subnet, public_ip, public_ipv6, backend_type=backend_type)
    found = read_as_flannel(subnet_key(PREFIX, subnet), serialise_lease(lease))
    assert found[:2] == (subnet, public_ip)
    assert found[2]["BackendType"] == backend_type
