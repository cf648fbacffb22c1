# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container's network namespace, entered from a process of the host."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000  # linux/sched.h
_SIOCGIFADDR = 0x8915  # linux/sockios.h
_SIOCGIFMTU = 0x8921
_IFREQ_ADDRESS = struct.Struct("16s4x4s16x")  # netdevice(7): the name, then a sockaddr_in
_IFREQ_MTU = struct.Struct("16si20x")


def enter_network_namespace(path: str) -> None:
    """Move this thread, and the threads that it starts, into the network namespace at ``path``.

    The thread cannot return. Raises OSError. (``os.setns`` exists only from Python 3.12 on.)
    """
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), path)
    finally:
        os.close(descriptor)


def device_mtu(address: str) -> int:
    """Return the MTU, in bytes, of the device that has the IPv4 address.

    Raises OSError if no device has it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for _index, name in socket.if_nameindex():
            try:
                result = fcntl.ioctl(
                    control, _SIOCGIFADDR, _IFREQ_ADDRESS.pack(name.encode(), bytes(4))
                )
            except OSError:
                continue  # it has no IPv4 address
            if _IFREQ_ADDRESS.unpack(result)[1] == socket.inet_aton(address):
                result = fcntl.ioctl(control, _SIOCGIFMTU, _IFREQ_MTU.pack(name.encode(), 0))
                return int(_IFREQ_MTU.unpack(result)[1])
    raise OSError(f"no device has the address {address}")
