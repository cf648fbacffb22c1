# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, addresses and sizes of a lab."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from lab.errors import LabError
from lab.settings import MAX_INTERFACE_NAME, Settings, host_suites, plan


def test_default_lab_is_three_hosts_from_address_eleven() -> None:
    lab = plan(Settings.parse(), host_suites(None, "trixie", None))
    assert [(host.name, str(host.address), host.suite) for host in lab.hosts] == [
        ("weft1", "10.168.0.11", "trixie"),
        ("weft2", "10.168.0.12", "trixie"),
        ("weft3", "10.168.0.13", "trixie"),
    ]
    assert lab.settings.gateway == IPv4Address("10.168.0.1")
    assert lab.settings.bridge == "br-weft"


def test_host_names_what_it_has_on_the_machine() -> None:
    host = Settings.parse(underlay="10.9.8.0/24").host(2, "forky")
    assert host.namespace == "weft-weft2"
    assert host.port == "ve-weft2"
    assert host.mac == "02:00:0a:09:08:0c"
    assert host.image.startswith("forky-")


def test_interface_names_of_the_longest_lab_name_fit() -> None:
    settings = Settings.parse("abcdefghi", underlay="10.0.0.0/16")
    lab = plan(settings, ("trixie",) * settings.max_hosts)
    assert max(len(host.port) for host in lab.hosts) == MAX_INTERFACE_NAME
    assert len(settings.bridge) <= MAX_INTERFACE_NAME


@pytest.mark.parametrize("name", ["", "Lab", "lab1", "1lab", "-lab", "lab-", "a_b", "abcdefghij"])
def test_bad_name_is_refused_by_name(name: str) -> None:
    with pytest.raises(LabError, match=f"lab name {name!r}.*--name"):
        Settings.parse(name)


@pytest.mark.parametrize(
    ("underlay", "reason"),
    [
        ("10.168.0.1/24", "host bits"),
        ("10.168.0.0/28", "too small"),
        ("10.168.0.0/33", "no IPv4 network"),
        ("fd00::/64", "no IPv4 network"),
        ("nonsense", "no IPv4 network"),
    ],
)
def test_bad_underlay_is_refused_with_its_reason(underlay: str, reason: str) -> None:
    with pytest.raises(LabError, match=reason):
        Settings.parse(underlay=underlay)


@pytest.mark.parametrize("mtu", [575, 65536, -1])
def test_bad_mtu_is_refused(mtu: int) -> None:
    with pytest.raises(LabError, match=f"MTU {mtu}"):
        Settings.parse(mtu=mtu)


@pytest.mark.parametrize("bridge", ["", "sixteen-letters-", "br weft", "../br", "-br"])
def test_bad_bridge_is_refused(bridge: str) -> None:
    with pytest.raises(LabError, match="bridge name"):
        Settings.parse(bridge=bridge)


def test_hosts_that_do_not_fit_are_refused_and_those_that_do_are_addressed() -> None:
    settings = Settings.parse(underlay="10.168.0.0/27")
    lab = plan(settings, ("trixie",) * settings.max_hosts)
    assert lab.hosts[-1].address == settings.underlay.broadcast_address - 1
    with pytest.raises(LabError, match="addresses for 20 hosts, not 21"):
        plan(settings, ("trixie",) * 21)


@pytest.mark.parametrize(
    ("count", "suites", "expected"),
    [
        (None, None, ("trixie",) * 3),
        (1, None, ("trixie",)),
        (None, "bookworm, forky", ("bookworm", "forky")),
        (2, "bookworm,forky", ("bookworm", "forky")),
    ],
)
def test_suites_of_hosts(count: int | None, suites: str | None, expected: tuple[str, ...]) -> None:
    assert host_suites(count, "trixie", suites) == expected


def test_contradicting_numbers_of_hosts_are_refused() -> None:
    with pytest.raises(LabError, match="--hosts 3 contradicts --suites bookworm"):
        host_suites(3, "trixie", "bookworm")


def test_unknown_suite_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(LabError, match=r"unknown suite 'buster'.*bookworm, trixie, forky"):
        host_suites(None, "buster", None)


@pytest.mark.parametrize("count", [0, -1])
def test_a_lab_without_hosts_is_refused(count: int) -> None:
    with pytest.raises(LabError, match="at least one host"):
        plan(Settings.parse(), host_suites(count, "trixie", None))


def test_growing_keeps_the_hosts_there_are() -> None:
    lab = plan(Settings.parse(), ("bookworm",))
    grown = lab.grown(("trixie", "forky"))
    assert grown.hosts[0] is lab.hosts[0]
    assert [(host.name, host.suite) for host in grown.hosts[1:]] == [("weft2", "forky")]


def test_unknown_host_is_refused_naming_the_known_ones() -> None:
    lab = plan(Settings.parse(), ("trixie", "trixie"))
    assert lab.host("weft2").address == IPv4Address("10.168.0.12")
    with pytest.raises(LabError, match=r"no host 'weft9'.*weft1, weft2"):
        lab.host("weft9")


def test_flavour_decides_the_hosts_image() -> None:
    plain, bench = (
        plan(Settings.parse(flavour=flavour), ("trixie",)).hosts[0]
        for flavour in ("plain", "bench")
    )
    assert plain == Settings.parse().host(1, "trixie")
    assert bench.image != plain.image


def test_unknown_flavour_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(LabError, match=r"unknown flavour 'full'.*plain, bench"):
        Settings.parse(flavour="full")
