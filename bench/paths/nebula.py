# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nebula with AES-GCM, which is faster than its other cipher where the processor has AES."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from typing import Any

from bench.endpoint import Pair
from bench.overlay import Overlay
from bench.paths.path import IPV4_UDP, UNDERLAY_MTU, MeasuredPath, Side, address_device, sides

# Its header, and the tag of AES-GCM (header.go of nebula; RFC 5116, 5.1).
_HEADER = 16
_TAG = 16
_MTU = UNDERLAY_MTU - IPV4_UDP - _HEADER - _TAG

_DIRECTORY = "/etc/nebula/bench"
_CONFIGURATION = f"{_DIRECTORY}/config.yml"
_BUFFER = 10 << 20


def _connect(pair: Pair, overlay: Overlay) -> IPv4Address:
    _certify(pair, overlay)
    for side in sides(pair, overlay):
        # YAML takes JSON as it is.
        side.near.write(_CONFIGURATION, json.dumps(_configuration(overlay, side)))
        side.near.start("bench-nebula", "nebula", "-config", _CONFIGURATION)
    return address_device(pair, overlay, _MTU)


def _certify(pair: Pair, overlay: Overlay) -> None:
    """Make an authority and both hosts' certificates on the left host, as its tool does it."""
    left, right = pair.both
    signing = " && ".join(
        f"nebula-cert sign -name {endpoint.name} -ip {end.interface}"
        f" -out-crt {endpoint.name}.crt -out-key {endpoint.name}.key"
        for endpoint, end in zip(pair.both, overlay.ends, strict=True)
    )
    left.run(f"mkdir -p {_DIRECTORY} && cd {_DIRECTORY} && nebula-cert ca -name bench && {signing}")
    for name in ("ca.crt", f"{right.name}.crt", f"{right.name}.key"):
        right.write(f"{_DIRECTORY}/{name}", left.run(f"cat {_DIRECTORY}/{name}"))
    for endpoint in pair.both:
        for kind in ("crt", "key"):
            endpoint.run(f"cd {_DIRECTORY} && mv {endpoint.name}.{kind} host.{kind}")


def _configuration(overlay: Overlay, side: Side) -> dict[str, Any]:
    everything = [{"port": "any", "proto": "any", "host": "any"}]
    return {
        "pki": {
            "ca": f"{_DIRECTORY}/ca.crt",
            "cert": f"{_DIRECTORY}/host.crt",
            "key": f"{_DIRECTORY}/host.key",
        },
        "static_host_map": {str(side.far_end.address): [f"{side.far.underlay}:{overlay.port}"]},
        "lighthouse": {"am_lighthouse": False, "hosts": []},
        "listen": {
            "host": "0.0.0.0",
            "port": overlay.port,
            "read_buffer": _BUFFER,
            "write_buffer": _BUFFER,
        },
        "cipher": "aes",
        "tun": {"dev": overlay.device, "mtu": _MTU, "tx_queue": 1000},
        "logging": {"level": "warning", "format": "text"},
        "firewall": {"outbound": everything, "inbound": everything},
    }


PATH = MeasuredPath(
    "nebula",
    f"AES-GCM (it always encrypts), 10 MiB buffers, MTU {_MTU}",
    _connect,
    ("nebula",),
)
