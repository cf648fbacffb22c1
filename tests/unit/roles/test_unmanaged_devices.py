# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files by which network managers leave the devices of Docker and weft alone."""

from __future__ import annotations

import configparser
import re
from fnmatch import fnmatchcase
from pathlib import Path

import jinja2
import pytest
import yaml

ROLE = Path(__file__).parents[3] / "collection/roles/overlay"


def rendered(name: str) -> configparser.ConfigParser:
    text = jinja2.Template((ROLE / "templates" / name).read_text()).render(
        ansible_managed="managed"
    )
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return parser


def networkd_patterns() -> list[str]:
    file = rendered("unmanaged.network.j2")
    assert file["Link"]["Unmanaged"] == "yes"
    return file["Match"]["Name"].split()


def network_manager_patterns() -> list[str]:
    specs = rendered("NetworkManager.conf.j2")["keyfile"]["unmanaged-devices+"].split(";")
    return [spec.removeprefix("interface-name:") for spec in specs]


@pytest.mark.parametrize("patterns", [networkd_patterns, network_manager_patterns])
def test_devices_of_docker_and_weft_are_unmanaged_and_no_others(patterns: object) -> None:
    assert callable(patterns)
    found = patterns()
    for device in ("docker0", "flannel0", "flannel.1", "veth0a1b2c3"):
        assert any(fnmatchcase(device, pattern) for pattern in found), device
    for device in ("eth0", "ens3", "br-0123456789ab", "veth-up"):
        assert not any(fnmatchcase(device, pattern) for pattern in found), device


@pytest.mark.parametrize(
    ("line", "disables"),
    [
        ("net.ipv4.ip_forward = 0", True),
        ("-net/ipv4/conf/all/forwarding=0", True),
        ("net.ipv4.conf.default.forwarding=0", True),
        ("net.ipv4.ip_forward = 1", False),
        ("# net.ipv4.ip_forward = 0", False),
        ("net.ipv4.ip_forward_use_pmtu = 0", False),
    ],
)
def test_lines_that_disable_forwarding_are_found(line: str, disables: bool) -> None:
    variables = yaml.safe_load((ROLE / "vars/main.yml").read_text())
    found = re.search(variables["_overlay_forwarding_disabled"], line)
    assert bool(found) is disables
