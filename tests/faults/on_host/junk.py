# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`junk.py TARGET PORT RATE COUNT`: datagrams of random bytes at a port, a bounded number of them.

They come in turn from a port of its own, and from the datapath's port with the address of this
host, as if a peer had sent them: the first kind is no peer's, the second is unpacked and refused.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time

_BURST = 50
_LENGTHS = (0, 1, 19, 20, 28, 64, 200, 1400)


def main(target: str, port: int, rate: int, count: int) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as peer,
    ):
        begun, sent = time.monotonic(), 0
        while sent < count:
            for _number in range(_BURST):
                data = os.urandom(_LENGTHS[sent % len(_LENGTHS)])
                if sent % 2:
                    # A checksum of 0 is none (RFC 768).
                    header = struct.pack("!4H", port, port, 8 + len(data), 0)
                    peer.sendto(header + data, (target, 0))
                else:
                    stranger.sendto(data, (target, port))
                sent += 1
            time.sleep(max(0.0, begun + sent / rate - time.monotonic()))
        print(sent / (time.monotonic() - begun))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
