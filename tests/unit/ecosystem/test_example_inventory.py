# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventory, from which a new fleet takes its network and its backend."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import (
    Backend,
    parse_backend,
)

ROOT = Path(__file__).parents[3]
INVENTORY = ROOT / "collection/inventory"

# The ranges from which other software takes addresses by its own default.
_TAKEN = {
    "CGNAT, Tailscale, NetBird, Cloudflare WARP": "100.64.0.0/10",
    "Docker's address pools": "172.16.0.0/12",
    "Docker's further address pools": "192.168.0.0/16",
    "Kubernetes services (kubeadm)": "10.96.0.0/12",
    "pods of kubeadm's examples with flannel": "10.244.0.0/16",
    "pods and services of K3s": "10.42.0.0/15",
    "Podman": "10.88.0.0/16",
    "Podman's further networks": "10.89.0.0/16",
    "auto mode networks of Google Cloud": "10.128.0.0/9",
    "the first networks of Docker Swarm and of clouds": "10.0.0.0/12",
    "multicast": "224.0.0.0/4",
}


def _variables(path: Path) -> dict[str, Any]:
    variables: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return variables


@pytest.fixture
def fleet() -> dict[str, Any]:
    return _variables(INVENTORY / "group_vars/weft.yml")


@pytest.mark.parametrize("owner", _TAKEN)
def test_a_new_fleet_has_a_network_that_nothing_else_takes(
    fleet: dict[str, Any], owner: str
) -> None:
    network = ip_network(fleet["overlay_network"])
    assert network.is_private
    assert not network.overlaps(ip_network(_TAKEN[owner]))


def test_a_new_fleet_uses_vxlan(fleet: dict[str, Any]) -> None:
    assert fleet["overlay_backend"]["type"] == "vxlan"


def test_a_change_of_the_type_alone_is_another_backend_with_another_port(
    fleet: dict[str, Any],
) -> None:
    """Two backends are active during a migration: a port in the inventory would be that of both."""
    assert "port" not in fleet["overlay_backend"]
    assert _backend(fleet, "udp").port != _backend(fleet, "vxlan").port


def _backend(fleet: dict[str, Any], backend_type: str) -> Backend:
    return parse_backend({"Type": backend_type, **_options(fleet["overlay_backend"])})


def _options(backend: dict[str, Any]) -> dict[str, Any]:
    names = {"port": "Port", "vni": "VNI", "mtu": "MTU"}
    return {names[name]: value for name, value in backend.items() if name != "type"}


def test_the_defaults_of_running_fleets_stay() -> None:
    """An inventory without these variables would otherwise change a running fleet."""
    defaults = _variables(ROOT / "collection/roles/overlay/defaults/main.yml")
    assert defaults["overlay_network"] == "100.96.0.0/16"
    assert defaults["overlay_backend"] == {"type": "udp"}


def test_the_tutorial_shows_the_hosts_of_the_example() -> None:
    page = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    first = re.findall(r"^```yaml\n# ~/fleet/hosts\.yml\n(.*?)^```", page, re.M | re.S)[0]
    assert yaml.safe_load(first) == _variables(INVENTORY / "hosts.yml")


def test_the_tutorial_names_the_network_of_the_example(fleet: dict[str, Any]) -> None:
    page = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    assert fleet["overlay_network"] in page
    assert "100.96." not in page
