# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The userspace datapath without an agent: its process, and a table from the control client.

The package is copied from this checkout.
"""

from __future__ import annotations

import io
import json
import shlex
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from bench.endpoint import Endpoint, Pair
from bench.overlay import Overlay
from bench.paths.path import IPV4_UDP, UNDERLAY_MTU, MeasuredPath, Side, address_device, sides

_PACKAGE = Path(__file__).parents[2] / "collection/plugins/module_utils/weft"
_DESTINATION = "/opt/weft-bench"
PYTHON = f"PYTHONPATH={_DESTINATION} python3"
_PROCESS = "import sys; from weft.datapath.process.main import run; sys.exit(run(sys.argv[1:]))"
# Applies the table from standard input, in which `"offloads": false` disables all of them.
_APPLY = """
import json, sys
from weft.datapath.process.client import DatapathClient, DatapathError
from weft.datapath.offloads import Offload
table = json.load(sys.stdin)
if table.get("offloads") is False:
    table["offloads"] = dict.fromkeys(Offload, False)
try:
    DatapathClient(sys.argv[1]).apply(table)
except DatapathError as error:
    sys.exit(f"the datapath refused the table: {error}")
"""

_STATUS = """
import json, sys
from weft.datapath.process.client import DatapathClient
print(json.dumps(DatapathClient(sys.argv[1]).status()))
"""

VNI = 7
# The header of RFC 7348 and the inner Ethernet header.
VXLAN_ETHERNET = 8 + 14


@dataclass(frozen=True, slots=True)
class _Form:
    """A variant of the datapath: the additional keys of its table and of its peer."""

    name: str
    backend: str
    mtu: int
    table: Mapping[str, Any] = field(default_factory=dict)
    peer: Mapping[str, Any] = field(default_factory=dict)
    # Without the Python packages of the distribution, or with NumPy.
    python: Sequence[str] = ("/usr/bin/python3", "-S")

    def document(self, overlay: Overlay, side: Side) -> dict[str, Any]:
        """Return the table of one side."""
        peer = {"subnet": str(side.far_end.subnet), "public_ip": str(side.far.underlay)}
        vtep: dict[str, Any] = {}
        if self.backend == "vxlan":
            peer["vtep_mac"] = vtep_mac(side.far.underlay)
            vtep = {"vni": VNI, "vtep_mac": vtep_mac(side.near.underlay)}
        return {
            "backend": self.backend,
            "device": overlay.device,
            "bind": str(side.near.underlay),
            "port": overlay.port,
            "network": str(overlay.network),
            "subnet": str(side.near_end.subnet),
            "mtu": self.mtu,
            "peers": [{**peer, **self.peer}],
            **vtep,
            **self.table,
        }


def unit(name: str) -> str:
    """Return the systemd unit of the path `name`, made as the role makes `weft-datapath`."""
    return f"bench-{name}"


def _control(name: str) -> str:
    return f"/run/bench-{name}.sock"


def vtep_mac(address: IPv4Address) -> str:
    """Return a locally administered MAC address of a VTEP, derived from the address of its host."""
    return "02:77:" + address.packed.hex(":")


def _connect(form: _Form, pair: Pair, overlay: Overlay) -> IPv4Address:
    control = _control(form.name)
    command = (
        *(*form.python, "-c", _PROCESS),
        *("--control", control, "--state", f"/run/{unit(form.name)}.json"),
    )
    for side in sides(pair, overlay):
        copy_package(side.near)
        side.near.start(
            unit(form.name),
            *command,
            environment=(f"PYTHONPATH={_DESTINATION}",),
            properties=(
                "Type=notify",
                "Restart=always",
                "RestartSec=200ms",
                f"ExecReload={shlex.join((*command, '--take-over'))}",
            ),
        )
        side.near.run(
            f"{PYTHON} -c {shlex.quote(_APPLY)} {control}",
            json.dumps(form.document(overlay, side)),
        )
    return address_device(pair, overlay, form.mtu)


def copy_package(host: Endpoint) -> None:
    """Copy the package of the checkout to the host, where PYTHON finds it."""
    host.run(f"mkdir -p {_DESTINATION} && tar -x -C {_DESTINATION}", _archive())


@cache
def _archive() -> bytes:
    """Return the package as a tar archive, without compiled files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for source in sorted(_PACKAGE.rglob("*.py")):
            archive.add(source, source.relative_to(_PACKAGE.parent))
    return buffer.getvalue()


def status(name: str, endpoint: Endpoint) -> dict[str, Any]:
    """Return the status of the datapath of the path `name` on a host. Raises BenchError."""
    line = f"{PYTHON} -c {shlex.quote(_STATUS)} {_control(name)}"
    answer: dict[str, Any] = json.loads(endpoint.run(line))
    return answer


def _active_offloads(name: str, endpoint: Endpoint) -> Sequence[str]:
    states = status(name, endpoint)["offloads"]
    return [offload for offload, state in states.items() if state == "active"]


def _path(form: _Form, how: str, *packages: str) -> MeasuredPath:
    return MeasuredPath(
        form.name,
        f"{how}, MTU {form.mtu}",
        partial(_connect, form),
        packages,
        active_offloads=partial(_active_offloads, form.name),
    )


_UDP_MTU = UNDERLAY_MTU - IPV4_UDP

PATHS = (
    _path(
        _Form("weft-udp", "udp", _UDP_MTU, peer={"partial_checksum": True}),
        "all offloads, inner checksums left to the receiving kernel",
    ),
    _path(
        _Form("weft-udp-full-checksums", "udp", _UDP_MTU, python=("/usr/bin/python3",)),
        "all offloads, inner checksums complete as for any peer, summed by NumPy",
        "python3-numpy",
    ),
    _path(
        _Form("weft-udp-full-checksums-no-numpy", "udp", _UDP_MTU),
        "the same without NumPy",
    ),
    _path(
        _Form("weft-udp-no-offload", "udp", _UDP_MTU, table={"offloads": False}),
        "one packet a system call",
    ),
    _path(
        _Form("weft-vxlan-userspace", "vxlan", _UDP_MTU - VXLAN_ETHERNET),
        "all offloads, VXLAN framing",
    ),
)

# Not compared with others: on two cores a second queue makes no difference.
TWO_QUEUES = _path(
    _Form(
        "weft-udp-2-queues", "udp", _UDP_MTU, table={"queues": 2}, peer={"partial_checksum": True}
    ),
    "as weft-udp, each queue in a process of its own",
)
