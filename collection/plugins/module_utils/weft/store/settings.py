# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the etcd client: endpoints, TLS files, credentials; validated, without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import StoreSettingsError

DEFAULT_ENDPOINT = "http://127.0.0.1:2379"
DEFAULT_PREFIX = "/coreos.com/network"
_ETCD_PORT = 2379


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of PEM files: the CA of the servers, optionally the client certificate and key."""

    ca: str
    certificate: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            given, missing = ("certificate", "key") if self.certificate else ("key", "certificate")
            raise StoreSettingsError(
                f"A TLS client {given} is given without its {missing}; give both, or neither."
            )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The client URL of one member of etcd; an IPv6 ``host`` is in brackets, as gRPC wants it."""

    host: str
    port: int
    secure: bool

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Endpoints and credentials of etcd; ``timeout`` in seconds bounds each operation as a whole.

    ``endpoints`` are URLs or HOST:PORT; without a scheme, ``https`` is used if ``tls`` is given.
    ``former_password`` is tried if etcd rejects ``password``, so that a change of the password does
    not lock the host out. Raises StoreSettingsError.
    """

    endpoints: tuple[str, ...] = (DEFAULT_ENDPOINT,)
    prefix: str = DEFAULT_PREFIX
    tls: Tls | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 5.0
    former_password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.prefix.startswith("/") or self.prefix.endswith("/"):
            raise StoreSettingsError(
                f"The prefix {self.prefix!r} must begin with a slash and not end with one, "
                f"such as {DEFAULT_PREFIX!r}."
            )
        if self.timeout <= 0:
            raise StoreSettingsError(f"The timeout {self.timeout} must be above 0 seconds.")
        if (self.user is None) != (self.password is None):
            raise StoreSettingsError(
                "A user is given without a password, or a password without a user; give both."
            )
        if self.former_password is not None and self.password is None:
            raise StoreSettingsError(
                "A former password is given without a password; give both, and the user."
            )
        # gRPC sends call credentials over TLS only, and a password in clear could be read.
        if self.user is not None and self.tls is None:
            raise StoreSettingsError(
                f"User '{self.user}' can log in over TLS only; "
                "use https endpoints and give the CA certificate."
            )
        self._parse_endpoints()

    @property
    def members(self) -> tuple[Endpoint, ...]:
        """The endpoints, parsed and validated."""
        return self._parse_endpoints()

    @property
    def client_certificate(self) -> str | None:
        """The path of the client certificate, None if there is none."""
        return self.tls.certificate if self.tls else None

    def _parse_endpoints(self) -> tuple[Endpoint, ...]:
        if not self.endpoints:
            raise StoreSettingsError(f"No endpoint is given; give one, such as {DEFAULT_ENDPOINT}.")
        return tuple(_parse_endpoint(text, self.tls is not None) for text in self.endpoints)


def _parse_endpoint(text: str, tls: bool) -> Endpoint:
    try:
        url = urlsplit(text if "://" in text else f"{'https' if tls else 'http'}://{text}")
        host, port = url.hostname, url.port
    except ValueError as error:
        raise StoreSettingsError(f"Endpoint {text!r} cannot be read: {error}.") from error
    if url.scheme not in ("http", "https") or not host or url.path.strip("/") or url.username:
        raise StoreSettingsError(
            f"Endpoint {text!r} is not a client URL of etcd; write it as {DEFAULT_ENDPOINT}."
        )
    secure = url.scheme == "https"
    if secure and not tls:
        raise StoreSettingsError(
            f"Endpoint {text!r} needs TLS, but no CA certificate is given; "
            "give the CA certificate that signed the server's certificate."
        )
    if tls and not secure:
        raise StoreSettingsError(
            f"Endpoint {text!r} is http, but TLS files are given; "
            "use https, or leave the TLS files out."
        )
    return Endpoint(f"[{host}]" if ":" in host else host, port or _ETCD_PORT, secure)
