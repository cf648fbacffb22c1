# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fastd with its method that neither encrypts nor authenticates."""

from __future__ import annotations

import re
from ipaddress import IPv4Address

from bench.endpoint import Endpoint, Pair
from bench.errors import BenchError
from bench.overlay import Overlay
from bench.paths.path import IPV4_UDP, UNDERLAY_MTU, MeasuredPath, address_device, sides

# One octet tells data from handshakes (methods/null of fastd).
_PACKET_TYPE = 1
_MTU = UNDERLAY_MTU - IPV4_UDP - _PACKET_TYPE

_KEYS = re.compile(r"Secret: ([0-9a-f]{64})\s+Public: ([0-9a-f]{64})")
_CONFIGURATION = "/etc/fastd/bench/fastd.conf"


def _connect(pair: Pair, overlay: Overlay) -> IPv4Address:
    keys = [_generate(endpoint) for endpoint in pair.both]
    for side, (secret, _), (_, far_key) in zip(sides(pair, overlay), keys, keys[::-1], strict=True):
        side.near.write(
            _CONFIGURATION,
            f'log level warn;\nmode tun;\ninterface "{overlay.device}";\nmethod "null";\n'
            f"mtu {_MTU};\nbind {side.near.underlay}:{overlay.port};\n"
            f'secret "{secret}";\n'
            f'peer "{side.far.name}" {{\nkey "{far_key}";\n'
            f"remote {side.far.underlay}:{overlay.port};\n}}\n",
        )
        side.near.start("bench-fastd", "fastd", "--config", _CONFIGURATION)
    return address_device(pair, overlay, _MTU)


def _generate(endpoint: Endpoint) -> tuple[str, str]:
    output = endpoint.run("fastd --generate-key 2>/dev/null")
    keys = _KEYS.search(output)
    if keys is None:
        raise BenchError(f"{endpoint.name}: fastd --generate-key printed no keys")
    return keys[1], keys[2]


PATH = MeasuredPath("fastd", f'method "null", mode tun, MTU {_MTU}', _connect, ("fastd",))
