# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""flannel's keys in etcd, by the JSON gateway of etcd's own (flannel: pkg/subnet/etcd)."""

from __future__ import annotations

import base64
import json
import urllib.request
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

# Seconds (flannel: pkg/subnet/etcd/local_manager.go, subnetTTL).
_TIME_TO_LIVE = 86400
_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Lease:
    """A host's slice of the network; backend_data is what its backend tells the others."""

    subnet: IPv4Network
    public_ip: IPv4Address
    backend_type: str = ""
    backend_data: dict[str, Any] | None = None

    def value(self) -> str:
        """The text in the store (flannel: pkg/lease/lease.go, LeaseAttrs)."""
        document: dict[str, Any] = {"PublicIP": str(self.public_ip), "PublicIPv6": None}
        if self.backend_type:
            document["BackendType"] = self.backend_type
        if self.backend_data:
            document["BackendData"] = self.backend_data
        return json.dumps(document, separators=(",", ":"))


class Store:
    """One member of etcd, without TLS."""

    def __init__(self, endpoint: str, prefix: str) -> None:
        self._endpoint = endpoint
        self._prefix = prefix

    def network(self) -> dict[str, Any]:
        """The network's configuration. Raises SystemExit if there is none."""
        found = self._range(f"{self._prefix}/config")
        if not found:
            raise SystemExit(f"the store has no {self._prefix}/config: write it first")
        document: dict[str, Any] = json.loads(next(iter(found.values())))
        return document

    def leases(self) -> dict[IPv4Network, Lease]:
        """All leases, by subnet."""
        folder = f"{self._prefix}/subnets/"
        found = {}
        for key, text in self._range(folder, f"{folder[:-1]}0").items():
            subnet = IPv4Network(key.removeprefix(folder).replace("-", "/"))
            value = json.loads(text)
            found[subnet] = Lease(
                subnet,
                IPv4Address(value["PublicIP"]),
                value.get("BackendType", ""),
                value.get("BackendData"),
            )
        return found

    def write(self, lease: Lease) -> None:
        """Write a lease with flannel's time to live, whatever it had before."""
        granted = self._call("lease/grant", TTL=_TIME_TO_LIVE)
        key = f"{self._prefix}/subnets/{str(lease.subnet).replace('/', '-')}"
        self._call("kv/put", key=_encoded(key), value=_encoded(lease.value()), lease=granted["ID"])

    def _range(self, key: str, end: str | None = None) -> dict[str, str]:
        request = {"key": _encoded(key), **({"range_end": _encoded(end)} if end else {})}
        found = self._call("kv/range", **request).get("kvs", [])
        return {_decoded(entry["key"]): _decoded(entry["value"]) for entry in found}

    def _call(self, method: str, **request: Any) -> dict[str, Any]:
        url = f"{self._endpoint}/v3/{method}"
        body = json.dumps(request).encode()
        with urllib.request.urlopen(url, body, timeout=_TIMEOUT) as answer:
            document: dict[str, Any] = json.load(answer)
        return document


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
