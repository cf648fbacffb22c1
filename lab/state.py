# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a lab that is up: written before anything is made, removed last."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network

from lab import paths
from lab.errors import LabError
from lab.recipe import DEFAULT_FLAVOUR
from lab.settings import Host, Lab, Settings


def save(lab: Lab) -> None:
    """Write the record atomically."""
    directory = paths.lab_run(lab.name)
    directory.mkdir(parents=True, exist_ok=True)
    temporary = directory / "lab.json.new"
    temporary.write_text(dump(lab))
    temporary.rename(directory / "lab.json")


def load(name: str) -> Lab | None:
    """Read the record; None if there is no such lab."""
    try:
        text = (paths.lab_run(name) / "lab.json").read_text()
    except FileNotFoundError:
        return None
    return parse(text)


def require(name: str) -> Lab:
    """Read the record; raise LabError if there is no such lab."""
    lab = load(name)
    if lab is None:
        raise LabError(f"lab {name!r} is not up; run: python3 -m lab up --name {name}")
    return lab


def dump(lab: Lab) -> str:
    """Serialise a lab."""
    document = {
        "name": lab.name,
        "bridge": lab.settings.bridge,
        "underlay": str(lab.settings.underlay),
        "mtu": lab.settings.mtu,
        "flavour": lab.settings.flavour,
        "hosts": [
            {
                "name": host.name,
                "suite": host.suite,
                "address": str(host.address),
                "image": host.image,
            }
            for host in lab.hosts
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def parse(text: str) -> Lab:
    """Read back what dump wrote."""
    document = json.loads(text)
    name = document["name"]
    settings = Settings(
        name,
        document["bridge"],
        IPv4Network(document["underlay"]),
        document["mtu"],
        # A lab that an older checkout raised has no flavour in its record.
        document.get("flavour", DEFAULT_FLAVOUR),
    )
    hosts = tuple(
        Host(entry["name"], entry["suite"], IPv4Address(entry["address"]), name, entry["image"])
        for entry in document["hosts"]
    )
    return Lab(settings, hosts)
