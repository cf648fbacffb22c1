# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why this host does not trust the certificate of an endpoint, which gRPC's errors often lack."""

from __future__ import annotations

import contextlib
import socket
import ssl

from .settings import Endpoint, StoreSettings

_TIMEOUT = 2.0


def untrusted_server(endpoint: Endpoint, settings: StoreSettings) -> str | None:
    """Return OpenSSL's reason, such as `certificate is not yet valid`; None without one.

    Takes 2 s if the endpoint does not reply. None, too, if the connection fails otherwise.
    """
    tls = settings.tls
    if tls is None:
        return None
    with contextlib.suppress(OSError):
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate and tls.key:
            context.load_cert_chain(tls.certificate, tls.key)
        with socket.create_connection((endpoint.host, endpoint.port), _TIMEOUT) as plain:
            try:
                context.wrap_socket(plain, server_hostname=endpoint.host).close()
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    return None
