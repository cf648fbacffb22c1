# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forwarding of IPv4 by device, from rtnetlink messages, and its problem. No I/O.

The kernel forwards a packet if the device that receives it has the sysctl `forwarding`; a change of
net.ipv4.ip_forward changes all of them. systemd hides /proc/sys from the agent, so the values come
from RTM_GETNETCONF (linux/netconf.h).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterable, Mapping

from .messages import attributes

RTM_GETNETCONF = 82
# struct netconfmsg: family, padded to 4 bytes.
NETCONF_DUMP = struct.pack("=B3x", socket.AF_INET)
ALL_DEVICES = -1  # the index of net.ipv4.ip_forward
ALL = "all"

_HEADER_LENGTH = 4
_NETCONFA_IFINDEX = 1
_NETCONFA_FORWARDING = 2
_KINDS = (_NETCONFA_IFINDEX, _NETCONFA_FORWARDING)
_NUMBER = struct.Struct("=i")


def parse_forwarding(payload: bytes) -> tuple[int, bool] | None:
    """Return the index of a device and whether it forwards; None if the message lacks either."""
    found = dict(attributes(payload, _HEADER_LENGTH))
    if not all(kind in found for kind in _KINDS):
        return None
    index, value = (_NUMBER.unpack(found[kind])[0] for kind in _KINDS)
    return index, value != 0


def forwarding_by_name(
    entries: Iterable[tuple[int, bool]], names: Mapping[int, str]
) -> dict[str, bool]:
    """Return whether each device forwards, and `all` for net.ipv4.ip_forward."""
    known = {**names, ALL_DEVICES: ALL}
    return {known[index]: value for index, value in entries if index in known}


def disabled_forwarding(
    forwarding: Mapping[str, bool], devices: Collection[str]
) -> tuple[str, ...]:
    """Return the sysctls that must be 1 so that packets received on the devices are forwarded.

    Only net.ipv4.ip_forward if it is 0, else those of the devices concerned.
    """
    disabled = sorted(device for device in devices if not forwarding.get(device, True))
    if not disabled:
        return ()
    if not forwarding.get(ALL, True):
        return ("net.ipv4.ip_forward",)
    # sysctl(8) writes a dot in the name of a device as a slash.
    return tuple(f"net.ipv4.conf.{device.replace('.', '/')}.forwarding" for device in disabled)


def forwarding_problems(forwarding: Mapping[str, bool], devices: Collection[str]) -> list[str]:
    """Return a problem for each sysctl that stops the forwarding of the overlay's packets."""
    return [
        f"{name} is 0: the kernel forwards no packets between containers and peers. Set it with "
        f"'sysctl -w {name}=1'; 'weftctl doctor' names the file that disables it"
        for name in disabled_forwarding(forwarding, devices)
    ]
