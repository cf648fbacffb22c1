# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two modes of link between the hosts.

In mode P the veth pairs are as the kernel makes them: they carry TSO and UDP GSO super-packets
whole and leave checksums unfinished. In mode W they are like a wire with a network card at each
end: the sender's kernel finishes checksums and cuts every packet to the MTU, and the receiver's
merges by GRO what belongs together, as every card's driver does by default. (A veth merges nothing
unless told to, and the ports of the bridge between the hosts stand for a switch, which never does.)
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.endpoint import Pair
from bench.errors import BenchError
from lab.command import run


class Mode(enum.StrEnum):
    """A mode of link."""

    P = "P"
    W = "W"


# The short names that ethtool -K takes, and the long ones that ethtool -k prints.
_LONG_NAMES = {
    "tx": "tx-checksumming",
    "tso": "tcp-segmentation-offload",
    "gso": "generic-segmentation-offload",
    "tx-udp-segmentation": "tx-udp-segmentation",
    "tx-udp_tnl-segmentation": "tx-udp_tnl-segmentation",
    "gro": "generic-receive-offload",
}
_SENDING = tuple(name for name in _LONG_NAMES if name != "gro")

Features = Mapping[str, bool]


def features(mode: Mode, *, is_host: bool) -> Features:
    """Return the features of a veth in a mode, at a host's end or at the bridge's."""
    sending = dict.fromkeys(_SENDING, mode is Mode.P)
    return sending | {"gro": mode is Mode.W and is_host}


def parse_features(text: str) -> Features:
    """Read what ``ethtool -k`` prints; raise BenchError if a feature is missing or fixed."""
    states = {}
    for line in text.splitlines():
        name, separator, state = line.strip().partition(": ")
        if separator:
            states[name] = state
    found = {}
    for short, long in _LONG_NAMES.items():
        if states.get(long) not in {"on", "off"}:
            raise BenchError(f"ethtool -k says of {long}: {states.get(long, 'nothing')}")
        found[short] = states[long] == "on"
    return found


@dataclass(frozen=True, slots=True)
class _Veth:
    device: str
    is_host: bool
    shell: Callable[[str], str]

    def set(self, mode: Mode) -> None:
        wanted = features(mode, is_host=self.is_host)
        switches = " ".join(f"{name} {'on' if on else 'off'}" for name, on in wanted.items())
        self.shell(f"ethtool -K {self.device} {switches}")
        actual = parse_features(self.shell(f"ethtool -k {self.device}"))
        wrong = [name for name, on in wanted.items() if actual[name] != on]
        if wrong:
            raise BenchError(f"ethtool -K {self.device} did not change {', '.join(wrong)}")


def set_mode(pair: Pair, mode: Mode) -> None:
    """Put both veth pairs in a mode; raise BenchError unless each end then reads so."""
    for endpoint in pair.both:
        _Veth("eth0", True, endpoint.run).set(mode)
        _Veth(endpoint.host.port, False, lambda line: run(*line.split())).set(mode)
