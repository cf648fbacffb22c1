# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import (
    Lease,
    LeaseError,
    parse_lease,
    parse_subnet_key,
    serialise_lease,
    subnet_key,
)

PREFIX = "/coreos.com/network"
KEY = f"{PREFIX}/subnets/10.5.52.0-24"
DUAL_KEY = f"{KEY}&fc00:0:0:34::-64"

# As flannel's backends write them, in Go's field order.
UDP = '{"PublicIP":"192.0.2.1","PublicIPv6":null}'
VXLAN = (
    '{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"vxlan",'
    '"BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}}'
)
HOST_GW = '{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"host-gw"}'
DUAL_STACK = (
    '{"PublicIP":"192.0.2.1","PublicIPv6":"2001:db8::1","BackendType":"vxlan",'
    '"BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"},'
    '"BackendV6Data":{"VNI":1,"VtepMAC":"fe:41:32:6f:8f:44"}}'
)


class TestKey:
    def test_of_ipv4(self) -> None:
        subnet = IPv4Network("10.5.52.0/24")
        assert subnet_key(PREFIX, subnet) == KEY
        assert parse_subnet_key(PREFIX, KEY) == (subnet, None)

    def test_of_both_families(self) -> None:
        subnets = IPv4Network("10.5.52.0/24"), IPv6Network("fc00:0:0:34::/64")
        assert subnet_key(PREFIX, *subnets) == DUAL_KEY
        assert parse_subnet_key(PREFIX, DUAL_KEY) == subnets

    @pytest.mark.parametrize(
        "key",
        [
            f"{PREFIX}/config",
            "/elsewhere/subnets/10.5.52.0-24",
            f"{PREFIX}/subnets/10.5.52.0",
            f"{PREFIX}/subnets/10.5.52.1-24",
            f"{PREFIX}/subnets/10.5.52.0-33",
            f"{PREFIX}/subnets/10.5.52.0-24/more",
            f"{PREFIX}/subnets/10.5.52.0-24&10.5.52.0-24",
            f"{PREFIX}/subnets/10.5.52.0-24&fc00::1-64",
        ],
    )
    def test_is_refused(self, key: str) -> None:
        with pytest.raises(LeaseError, match="does not name a subnet"):
            parse_subnet_key(PREFIX, key)

    @given(st.integers(0, 2**32 - 1), st.integers(0, 32))
    def test_is_read_back_the_same(self, address: int, length: int) -> None:
        subnet = IPv4Network((address, length), strict=False)
        assert parse_subnet_key(PREFIX, subnet_key(PREFIX, subnet)) == (subnet, None)


class TestValue:
    @pytest.mark.parametrize("value", [UDP, VXLAN, HOST_GW])
    def test_is_written_as_flannel_does(self, value: str) -> None:
        assert serialise_lease(parse_lease(PREFIX, KEY, value)) == value

    def test_of_both_families(self) -> None:
        lease = parse_lease(PREFIX, DUAL_KEY, DUAL_STACK)
        assert lease.public_ipv6 == IPv6Address("2001:db8::1")
        assert lease.ipv6_subnet == IPv6Network("fc00:0:0:34::/64")
        assert serialise_lease(lease) == DUAL_STACK

    def test_matches_keys_whatever_their_case(self) -> None:
        lease = parse_lease(PREFIX, KEY, '{"publicip":"192.0.2.1","backendtype":"vxlan"}')
        assert (lease.public_ip, lease.backend_type) == (IPv4Address("192.0.2.1"), "vxlan")

    def test_keeps_what_it_does_not_know(self) -> None:
        value = UDP[:-1] + ',"Later":{"a":[1,2.5,"ü"]}}'
        assert serialise_lease(parse_lease(PREFIX, KEY, value)) == value

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("", "not valid JSON at line 1, column 1"),
            ("[]", "expected a JSON object, not an array"),
            ("{}", "PublicIP is missing"),
            ('{"PublicIP":7}', "PublicIP must be a string, not 7"),
            ('{"PublicIP":"192.0.2"}', "Expected 4 octets"),
            ('{"PublicIP":"192.0.2.1","PublicIPv6":"x"}', "'x'"),
            ('{"PublicIP":"192.0.2.1","A":NaN}', "NaN is not a JSON number"),
        ],
    )
    def test_is_refused(self, value: str, message: str) -> None:
        with pytest.raises(LeaseError, match=message):
            parse_lease(PREFIX, KEY, value)


class TestLease:
    def test_bip_is_the_first_address(self) -> None:
        assert parse_lease(PREFIX, KEY, UDP).bip == "10.5.52.1/24"

    def test_compares_by_key_and_value_alone(self) -> None:
        lease = parse_lease(PREFIX, KEY, VXLAN, lease_id=7, mod_revision=8)
        assert lease == parse_lease(PREFIX, KEY, VXLAN)
        assert hash(lease) == hash(parse_lease(PREFIX, KEY, VXLAN))
        assert lease != parse_lease(PREFIX, KEY, VXLAN.replace("44", "45"))
        assert lease != parse_lease(PREFIX, DUAL_KEY, VXLAN)

    def test_without_an_etcd_lease_is_a_reservation(self) -> None:
        subnet, address = IPv4Network("10.5.52.0/24"), IPv4Address("192.0.2.1")
        assert Lease(subnet, address).is_reservation
        assert not Lease(subnet, address, lease_id=7).is_reservation
