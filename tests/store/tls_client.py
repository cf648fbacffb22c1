# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS client with a chosen version and certificate, to test what a server accepts."""

from __future__ import annotations

import socket
import ssl

from tests.store.etcd_server import Identity

_SECONDS = 5.0
_REQUEST = b"GET /health HTTP/1.1\r\nHost: store\r\nConnection: close\r\n\r\n"


def client_context(
    identity: Identity | None = None, version: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    """Return a context that trusts any server and, with *version*, offers only that one."""
    context = any_version(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    return context


def any_version(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    # OpenSSL 3 offers the old versions at this level only.
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def handshakes(address: str, port: int, context: ssl.SSLContext) -> bool:
    """Tell whether the server accepts the client's version of TLS."""
    with socket.create_connection((address, port), _SECONDS) as plain:
        try:
            context.wrap_socket(plain).close()
        except (ssl.SSLError, ConnectionError):
            return False
    return True


def answer(address: str, port: int, context: ssl.SSLContext | None) -> bytes:
    """Return what the server answers to HTTP, by TLS or in clear; nothing, where it hangs up.

    In TLS 1.3 a client learns that its certificate is refused when it reads.
    """
    with socket.create_connection((address, port), _SECONDS) as plain:
        try:
            connection = context.wrap_socket(plain) if context else plain
            connection.sendall(_REQUEST)
            return connection.recv(4096)
        except (ssl.SSLError, ConnectionError):
            return b""
