# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that the tests run inside namespaces to send and count traffic."""

from __future__ import annotations

import sys

from .namespaces import Namespace

# Connects, sends argv[3] bytes, and prints the SHA-256 of what the other side echoes.
_TCP_CLIENT = """
import hashlib, random, socket, sys, threading
data = random.Random(7).randbytes(int(sys.argv[3]))
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30) as connection:
    def send():
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    digest, count = hashlib.sha256(), 0
    while piece := connection.recv(65536):
        digest.update(piece)
        count += len(piece)
    sender.join()
assert digest.digest() == hashlib.sha256(data).digest(), "damaged in transit"
print(count)
"""

# Echoes one connection at a time, and prints the address of its peer.
_TCP_SERVER = """
import socket, sys
with socket.create_server((sys.argv[1], int(sys.argv[2]))) as server:
    print("ready", flush=True)
    while True:
        connection, peer = server.accept()
        print(peer[0], flush=True)
        with connection:
            while piece := connection.recv(65536):
                connection.sendall(piece)
"""

_UDP_SERVER = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind((sys.argv[1], int(sys.argv[2])))
    print("ready", flush=True)
    while True:
        data, peer = server.recvfrom(65536)
        print(peer[0], flush=True)
        server.sendto(data, peer)
"""

# Sends datagrams of the sizes in argv[3:], one at a time, and expects each back.
_UDP_CLIENT = """
import os, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(5)
    for size in map(int, sys.argv[3:]):
        data = os.urandom(size)
        client.sendto(data, (sys.argv[1], int(sys.argv[2])))
        try:
            assert client.recv(65536) == data, f"{size} bytes came back damaged"
        except TimeoutError:
            sys.exit(f"{size} bytes did not come back")
"""

# Sends each line of standard input, hexadecimal, as a datagram from argv[1]:argv[2].
_INJECTOR = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sender.bind((sys.argv[1], int(sys.argv[2])))
    for line in sys.stdin:
        sender.sendto(bytes.fromhex(line), (sys.argv[3], int(sys.argv[4])))
"""

TCP_PORT = 5001
UDP_PORT = 5002


class Listener:
    """A server in a namespace; `client_address` returns the addresses of its clients."""

    def __init__(self, namespace: Namespace, program: str, address: str, port: int) -> None:
        self._process = namespace.spawn(
            sys.executable, "-c", program, address, str(port), stdout=-1
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        assert self._output.readline() == b"ready\n"

    def client_address(self) -> str:
        """Return the address of the next client, waiting for it."""
        return self._output.readline().decode().strip()

    def close(self) -> None:
        """End the server, so that its port is free again."""
        self._process.kill()
        self._process.wait()


def tcp_listener(namespace: Namespace, address: str, port: int = TCP_PORT) -> Listener:
    return Listener(namespace, _TCP_SERVER, address, port)


def udp_listener(namespace: Namespace, address: str) -> Listener:
    return Listener(namespace, _UDP_SERVER, address, UDP_PORT)


def tcp_echo(namespace: Namespace, address: str, size: int, port: int = TCP_PORT) -> int:
    """Send `size` bytes to a listener; return how many came back, all of them undamaged."""
    done = namespace.run(sys.executable, "-c", _TCP_CLIENT, address, str(port), str(size))
    return int(done.stdout)


def udp_echo(namespace: Namespace, address: str, *sizes: int) -> None:
    """Send a datagram of each size to a listener, and fail unless each comes back."""
    namespace.run(sys.executable, "-c", _UDP_CLIENT, address, str(UDP_PORT), *map(str, sizes))


def inject(
    namespace: Namespace, source: tuple[str, int], target: tuple[str, int], *datagrams: bytes
) -> None:
    """Send raw datagrams to a datapath's port."""
    namespace.run(
        *(sys.executable, "-c", _INJECTOR),
        *(source[0], str(source[1]), target[0], str(target[1])),
        stdin="".join(datagram.hex() + "\n" for datagram in datagrams),
    )


def pings(namespace: Namespace, address: str, *options: str, count: int = 2) -> bool:
    """Return whether every one of `count` echo requests is answered."""
    done = namespace.run(
        *("ping", "-q", "-n", "-c", str(count), "-i", "0.1", "-W", "2", *options, address),
        check=False,
    )
    return done.returncode == 0 and f" {count} received" in done.stdout
