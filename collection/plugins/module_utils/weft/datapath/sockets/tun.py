# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TUN device (Documentation/networking/tuntap.rst): one IP packet a read and a write,
each behind a virtio-net header."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import socket
import struct
from collections.abc import Iterable, Sequence

from ...errors import WeftError
from ..wire import virtio_net

_log = logging.getLogger(__name__)

PATH = "/dev/net/tun"

# linux/if_tun.h
TUNSETIFF = 0x400454CA
TUNSETPERSIST = 0x400454CB
TUNSETOWNER = 0x400454CC
TUNSETOFFLOAD = 0x400454D0
IFF_TUN = 0x0001
IFF_MULTI_QUEUE = 0x0100
IFF_NO_PI = 0x1000
IFF_VNET_HDR = 0x4000
TUNSETVNETHDRSZ = 0x400454D8
TUN_F_CSUM = 0x01
TUN_F_TSO4 = 0x02
TUN_F_TSO_ECN = 0x08
TUN_F_USO4 = 0x20  # the kernel takes both USO bits or none; Linux 6.2
TUN_F_USO6 = 0x40

SIOCSIFTXQLEN = 0x8943  # linux/sockios.h

# Packets that wait to be read. One TCP window of segments that the kernel cut overflows the 500
# that the device comes with (TUN_READQ_SIZE, drivers/net/tun.c); twice that lost none.
QUEUE_LENGTH = 1000

_FLAGS = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR

# struct ifreq (linux/if.h): a name of IFNAMSIZ bytes, then a union of 24 whose start is the flags.
_IFREQ = struct.Struct("16sH22x")
_IFREQ_NUMBER = struct.Struct("16si20x")

_REASONS = {
    errno.ENOENT: f"{PATH} is missing: load the module tun",
    errno.ENODEV: f"{PATH} has no driver: load the module tun",
    errno.EPERM: "not permitted: the process needs CAP_NET_ADMIN",
    errno.EACCES: f"{PATH} cannot be opened: the process needs write access to it",
    errno.EBUSY: "another process holds the device: stop it, flanneld perhaps, or name another",
    errno.EINVAL: "an interface of this name exists and is no TUN device: name another",
}


class TunError(WeftError, OSError):
    """A TUN device cannot be opened; the message names it, the reason and the next step."""


def open_device(name: str, queues: int = 1) -> list[int]:
    """Open the device `name`, made if it does not exist; return a non-blocking descriptor a queue.

    The device is persistent: it and its routes outlive the process. Its address, MTU and state
    are not touched, unless it is there with one queue and several are asked for, or the reverse:
    the kernel changes neither into the other, so that it is made anew. Raises TunError.
    """
    kind = IFF_MULTI_QUEUE if queues > 1 else 0
    try:
        first = _open_queue(name, kind)
    except TunError as error:
        if error.errno != errno.EINVAL:
            raise
        delete_device([_open_queue(name, kind ^ IFF_MULTI_QUEUE)])
        _log.info("device %s is made anew, with %d queues", name, queues)
        first = _open_queue(name, kind)
    descriptors = [first]
    try:
        while len(descriptors) < queues:
            descriptors.append(_open_queue(name, kind))
    except TunError:
        close_device(descriptors)
        raise
    return descriptors


def _open_queue(name: str, kind: int) -> int:
    try:
        descriptor = os.open(PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _explained(name, error) from error
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, _IFREQ.pack(name.encode(), _FLAGS | kind))
        # An earlier process may have asked for offloads, which change what a read returns.
        fcntl.ioctl(descriptor, TUNSETOFFLOAD, 0)
        fcntl.ioctl(descriptor, TUNSETVNETHDRSZ, struct.pack("=i", virtio_net.LENGTH))
        # Without an owner any user may attach to a persistent device that nobody holds.
        fcntl.ioctl(descriptor, TUNSETOWNER, os.geteuid())
        fcntl.ioctl(descriptor, TUNSETPERSIST, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            request = _IFREQ_NUMBER.pack(name.encode(), QUEUE_LENGTH)
            fcntl.ioctl(any_socket, SIOCSIFTXQLEN, request)
    except OSError as error:
        os.close(descriptor)
        raise _explained(name, error) from error
    return descriptor


def open_own_device(name: str, queues: int = 1) -> list[int] | None:
    """Open the device as `open_device` does; None if another kind of device has its name.

    Raises TunError.
    """
    try:
        return open_device(name, queues)
    except TunError as error:
        if error.errno == errno.EINVAL:
            return None
        raise


def set_offloads(descriptor: int, *, checksum: bool, tcp: bool, udp: bool) -> None:
    """Let reads return partial checksums, and with these TCP or UDP super-packets.

    What is not wanted the kernel finishes or cuts itself.

    Raises OSError, and then nothing is changed: EINVAL where the kernel does not know the offload,
    EBADFD where the device was deleted.
    """
    wanted = TUN_F_CSUM if checksum else 0
    if tcp:
        wanted |= TUN_F_TSO4 | TUN_F_TSO_ECN
    if udp:
        wanted |= TUN_F_USO4 | TUN_F_USO6
    fcntl.ioctl(descriptor, TUNSETOFFLOAD, wanted)


def close_device(descriptors: Iterable[int]) -> None:
    """Close every queue; the device stays."""
    for descriptor in descriptors:
        os.close(descriptor)


def delete_device(descriptors: Sequence[int]) -> None:
    """Delete the device by closing all its queues, no longer persistent."""
    try:
        fcntl.ioctl(descriptors[0], TUNSETPERSIST, 0)
    except OSError as error:
        # Somebody deleted it already.
        if error.errno != errno.EBADFD:
            raise
    finally:
        close_device(descriptors)


def _explained(name: str, error: OSError) -> TunError:
    reason = _REASONS.get(error.errno or 0, error.strerror)
    return TunError(error.errno, f"device {name}: {reason}")
