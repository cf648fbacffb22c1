# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""flannel's rules: the expected values are those of its pkg/subnet/config.go and its tests."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import (
    BACKENDS,
    NetworkError,
    declare_network,
    parse_network,
    serialise_network,
)


def document(**fields: Any) -> str:
    return json.dumps({"Network": "10.3.0.0/16"} | fields)


class TestDefaults:
    @pytest.mark.parametrize(
        ("network", "length", "first", "last"),
        [
            ("10.0.0.0/8", 24, "10.0.1.0", "10.255.255.0"),
            ("10.3.0.0/16", 24, "10.3.1.0", "10.3.255.0"),
            ("10.3.0.0/22", 24, "10.3.1.0", "10.3.3.0"),
            ("10.3.0.0/23", 25, "10.3.0.128", "10.3.1.128"),
            ("10.3.0.0/28", 30, "10.3.0.4", "10.3.0.12"),
        ],
    )
    def test_of_the_subnets(self, network: str, length: int, first: str, last: str) -> None:
        parsed = parse_network(document(Network=network))
        assert parsed.subnet_length == length
        assert (str(parsed.subnet_min), str(parsed.subnet_max)) == (first, last)

    def test_of_the_backend_is_udp(self) -> None:
        backend = parse_network(document()).backend
        assert (backend.type, backend.port, backend.vni, backend.mtu) == ("udp", 8285, None, None)

    def test_of_vxlan(self) -> None:
        backend = parse_network(document(Backend={"Type": "VXLAN", "Port": 0})).backend
        assert (backend.type, backend.port, backend.vni) == ("vxlan", 8472, 1)

    def test_of_ipv6(self) -> None:
        parsed = parse_network(document(EnableIPv6=True, IPv6Network="fc00::/48"))
        assert parsed.ipv6_subnet_length == 64
        assert str(parsed.ipv6_subnet_min) == "fc00:0:0:1::"
        assert str(parsed.ipv6_subnet_max) == "fc00:0:0:ffff::"

    def test_stand_for_null_and_zero(self) -> None:
        given_ = document(SubnetLen=0, SubnetMin="0.0.0.0", SubnetMax=None, Backend=None)
        assert parse_network(given_) == parse_network(document())


class TestReading:
    def test_matches_keys_whatever_their_case(self) -> None:
        parsed = parse_network(
            '{"network":"10.3.0.0/16","SUBNETLEN":26,"backend":'
            '{"type":"vxlan","vni":0,"directRouting":true,"mtu":1400}}'
        )
        assert parsed.subnet_length == 26
        assert (parsed.backend.vni, parsed.backend.mtu) == (0, 1400)
        assert parsed.backend.direct_routing

    def test_drops_host_bits(self) -> None:
        assert parse_network(document(Network="10.3.7.1/16")).network == IPv4Network("10.3.0.0/16")

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"Network": None}, "Network is missing"),
            ({"Network": "10.3.0.0"}, "has no prefix length"),
            ({"Network": "10.3.0/16"}, "is not a network"),
            ({"Network": 7}, "Network must be a string, not 7"),
            ({"Network": "10.3.0.0/29"}, r"too small; it must be /28"),
            ({"SubnetLen": 31}, "use 30 or less"),
            ({"SubnetLen": 17}, "use 18 or more"),
            ({"SubnetLen": "24"}, "SubnetLen must be a whole number"),
            ({"SubnetMin": "10.4.0.0"}, r"SubnetMin 10\.4\.0\.0 is not inside 10\.3\.0\.0/16"),
            ({"SubnetMin": "10.3.0.7"}, r"not the address of a /24 subnet; use 10\.3\.0\.0"),
            ({"SubnetMax": "ten"}, "SubnetMax 'ten' is not an address"),
            ({"SubnetMin": "10.3.9.0", "SubnetMax": "10.3.8.0"}, "swap them"),
            ({"EnableIPv4": False}, "EnableIPv4"),
            ({"EnableIPv6": True}, "IPv6Network is missing"),
            (
                {"EnableIPv6": True, "IPv6Network": "fc00::/120", "IPv6SubnetLen": 127},
                "use 126 or less",
            ),
            ({"Backend": {}}, "Backend has no Type"),
            ({"Backend": "udp"}, "Backend must be an object"),
            ({"Backend": {"Type": "ipsec"}}, "'ipsec' is not supported by weft"),
            ({"Backend": {"Type": "udp", "Port": 0}}, "Port 0 is out of range"),
            ({"Backend": {"Type": "udp", "Port": 65536}}, "use 1 to 65535"),
            ({"Backend": {"Type": "vxlan", "VNI": 2**24}}, "use 0 to 16777215"),
            ({"Backend": {"Type": "vxlan", "MTU": 100}}, "MTU 100 is out of range"),
            ({"Backend": {"Type": "udp", "DirectRouting": True}}, "no such option"),
        ],
    )
    def test_refuses(self, fields: dict[str, Any], message: str) -> None:
        with pytest.raises(NetworkError, match=message):
            parse_network(document(**fields))

    def test_says_where_the_json_is_broken(self) -> None:
        with pytest.raises(NetworkError, match="line 2, column 3"):
            parse_network('{"Network":\n  }')

    @given(st.text())
    def test_never_fails_otherwise(self, text: str) -> None:
        try:
            parse_network(text)
        except NetworkError:
            return


class TestWriting:
    def test_is_canonical(self) -> None:
        text = '{"backend":{"port":8285,"type":"UDP"},"network":"10.3.0.0/16"}'
        assert serialise_network(parse_network(text)) == (
            '{"Network":"10.3.0.0/16","SubnetLen":24,"SubnetMin":"10.3.1.0",'
            '"SubnetMax":"10.3.255.0","Backend":{"Type":"udp","Port":8285}}'
        )

    @pytest.mark.parametrize("backend", sorted(BACKENDS))
    def test_is_read_back_the_same(self, backend: str) -> None:
        parsed = parse_network(
            document(
                EnableIPv6=True,
                IPv6Network="fc00::/48",
                EnableNFTables=True,
                Later={"a": [1]},
                Backend={"Type": backend, "MTU": 1400, "Later": None},
            )
        )
        assert parse_network(serialise_network(parsed)) == parsed
        assert '"Later":{"a":[1]}' in serialise_network(parsed)


class TestDeclaring:
    def test_keeps_what_it_has_no_option_for(self) -> None:
        current = parse_network(
            document(EnableNFTables=True, Later=1, Backend={"Type": "vxlan", "Later": 2})
        )
        declared = declare_network(
            {"Network": "10.3.0.0/16", "Backend": {"Type": "vxlan", "VNI": 7}}, current
        )
        assert declared.enable_nftables
        assert (declared.unknown, declared.backend.unknown) == ({"Later": 1}, {"Later": 2})
        assert declared == replace(current, backend=replace(current.backend, vni=7))

    def test_forgets_options_of_another_backend(self) -> None:
        current = parse_network(document(Backend={"Type": "vxlan", "Later": 2}))
        declared = declare_network({"Network": "10.3.0.0/16"}, current)
        assert declared.backend.unknown == {}

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"Network": "10.3.7.0/16"}, r"use 10\.3\.0\.0/16"),
            ({"Backend": {"Type": "udp", "VNI": 7}}, "'udp' has no option VNI"),
            ({"Backend": {"Type": "host-gw", "Port": 7}}, "'host-gw' has no option Port"),
            ({"Backend": {"Type": "vxlan", "VNI": 10_000_000}}, "flannel.10000000.*0 to 9999999"),
        ],
    )
    def test_refuses(self, fields: dict[str, Any], message: str) -> None:
        with pytest.raises(NetworkError, match=message):
            declare_network({"Network": "10.3.0.0/16"} | fields, None)


def test_capacity_counts_the_subnets_to_lease() -> None:
    assert parse_network(document()).capacity == 255
    assert parse_network(document(SubnetMin="10.3.8.0", SubnetMax="10.3.8.0")).capacity == 1
