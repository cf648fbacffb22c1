# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TUN device (Documentation/networking/tuntap.rst): a read or write is one IP packet behind a
virtio-net header."""

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

# Packets that wait to be read. The segments of one TCP window overflow the default of 500
# (TUN_READQ_SIZE, drivers/net/tun.c); with twice that, no packet was lost.
QUEUE_LENGTH = 1000

_FLAGS = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR

# struct ifreq (linux/if.h): a name of IFNAMSIZ bytes, then a union of 24 whose start is the flags.
_IFREQ = struct.Struct("16sH22x")
_IFREQ_NUMBER = struct.Struct("16si20x")

_REASONS = {
    errno.ENOENT: f"{PATH} is missing: run `modprobe tun`",
    errno.ENODEV: f"{PATH} has no driver: run `modprobe tun`",
    errno.EPERM: "not permitted: the process needs CAP_NET_ADMIN",
    errno.EACCES: f"{PATH} cannot be opened: the process needs write access to it",
    errno.EBUSY: "in use by another process: stop it (flanneld?) or set another device name",
    errno.EINVAL: "an interface that is not a TUN device has this name: set another device name",
}


class TunError(WeftError, OSError):
    """A TUN device cannot be opened; the message has its name, the reason and the fix."""


def open_device(name: str, queues: int = 1) -> list[int]:
    """Open the device `name`, or create it; return a non-blocking descriptor for each queue.

    The caller owns the descriptors. The device is persistent: it and its routes outlive the
    process. Its address, MTU and state stay, except if it has one queue and several are wanted, or
    the reverse: the kernel cannot convert it, so it is deleted and created again. Raises TunError.
    """
    kind = IFF_MULTI_QUEUE if queues > 1 else 0
    try:
        first = _open_queue(name, kind)
    except TunError as error:
        if error.errno != errno.EINVAL:
            raise
        delete_device([_open_queue(name, kind ^ IFF_MULTI_QUEUE)])
        _log.info("device %s deleted and created again with %d queues", name, queues)
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
        # An earlier process may have enabled offloads, which change what a read returns.
        fcntl.ioctl(descriptor, TUNSETOFFLOAD, 0)
        fcntl.ioctl(descriptor, TUNSETVNETHDRSZ, struct.pack("=i", virtio_net.LENGTH))
        # Without an owner, any user may attach to a persistent device that is not open.
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
    """Open the device as `open_device` does; return None if its name is not a TUN device's.

    Raises TunError.
    """
    try:
        return open_device(name, queues)
    except TunError as error:
        if error.errno == errno.EINVAL:
            return None
        raise


def set_offloads(descriptor: int, *, checksum: bool, tcp: bool, udp: bool) -> None:
    """Enable reads of packets with partial checksums, and of TCP or UDP GSO packets.

    The kernel itself finishes or segments the others. Raises OSError, and then nothing is changed:
    EINVAL if the kernel does not have the offload, EBADFD if the device was deleted.
    """
    wanted = TUN_F_CSUM if checksum else 0
    if tcp:
        wanted |= TUN_F_TSO4 | TUN_F_TSO_ECN
    if udp:
        wanted |= TUN_F_USO4 | TUN_F_USO6
    fcntl.ioctl(descriptor, TUNSETOFFLOAD, wanted)


def close_device(descriptors: Iterable[int]) -> None:
    """Close the descriptors of the queues; the device stays."""
    for descriptor in descriptors:
        os.close(descriptor)


def delete_device(descriptors: Sequence[int]) -> None:
    """Delete the device: make it non-persistent and close the descriptors of its queues."""
    try:
        fcntl.ioctl(descriptors[0], TUNSETPERSIST, 0)
    except OSError as error:
        # The device was deleted already.
        if error.errno != errno.EBADFD:
            raise
    finally:
        close_device(descriptors)


def _explained(name: str, error: OSError) -> TunError:
    reason = _REASONS.get(error.errno or 0, error.strerror)
    return TunError(error.errno, f"device {name}: {reason}")
