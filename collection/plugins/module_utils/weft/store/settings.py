# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach the store: endpoints, TLS files, credentials, checked before anything connects."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import StoreSettingsError

DEFAULT_ENDPOINT = "http://127.0.0.1:2379"
DEFAULT_PREFIX = "/coreos.com/network"
_ETCD_PORT = 2379


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of PEM files: the authority that signs the servers, and optionally our own identity."""

    ca: str
    certificate: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            given, missing = ("certificate", "key") if self.certificate else ("key", "certificate")
            raise StoreSettingsError(
                f"A TLS client {given} is given without its {missing}; give both or neither."
            )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One member of the store as gRPC addresses it; an IPv6 ``host`` stands in brackets."""

    host: str
    port: int
    secure: bool

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the store is and who we are; ``timeout`` in seconds bounds every operation as a whole.

    ``endpoints`` are URLs or HOST:PORT; without a scheme, giving ``tls`` decides.
    ``former_password`` is tried where the store does not take ``password`` (yet), so that a change
    of it locks nobody out. Raises StoreSettingsError.
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
                f"as {DEFAULT_PREFIX!r}."
            )
        if self.timeout <= 0:
            raise StoreSettingsError(f"The timeout {self.timeout} must be above 0 seconds.")
        if (self.user is None) != (self.password is None):
            raise StoreSettingsError("A user needs a password and the other way round; give both.")
        if self.former_password is not None and self.password is None:
            raise StoreSettingsError(
                "A former password is given without a password; give both, and the user."
            )
        # gRPC sends credentials of a call over TLS alone, and a password in clear would be seen.
        if self.user is not None and self.tls is None:
            raise StoreSettingsError(
                f"User '{self.user}' can log in over TLS only; "
                "use https endpoints and give the CA certificate."
            )
        self._read_endpoints()

    @property
    def members(self) -> tuple[Endpoint, ...]:
        """The endpoints, read and checked."""
        return self._read_endpoints()

    @property
    def client_certificate(self) -> str | None:
        """The path of our own certificate, None where we have none."""
        return self.tls.certificate if self.tls else None

    def _read_endpoints(self) -> tuple[Endpoint, ...]:
        if not self.endpoints:
            raise StoreSettingsError(f"No endpoint is given; name one, as {DEFAULT_ENDPOINT}.")
        return tuple(_endpoint(text, self.tls is not None) for text in self.endpoints)


def _endpoint(text: str, tls: bool) -> Endpoint:
    try:
        url = urlsplit(text if "://" in text else f"{'https' if tls else 'http'}://{text}")
        host, port = url.hostname, url.port
    except ValueError as error:
        raise StoreSettingsError(f"Endpoint {text!r} cannot be read: {error}.") from error
    if url.scheme not in ("http", "https") or not host or url.path.strip("/") or url.username:
        raise StoreSettingsError(
            f"Endpoint {text!r} is not a member of etcd; write it as {DEFAULT_ENDPOINT}."
        )
    secure = url.scheme == "https"
    if secure and not tls:
        raise StoreSettingsError(
            f"Endpoint {text!r} needs TLS, but no CA certificate is given; "
            "give the one that signed the server's certificate."
        )
    if tls and not secure:
        raise StoreSettingsError(
            f"Endpoint {text!r} is not encrypted although TLS files are given; "
            "write https, or leave the TLS files out."
        )
    return Endpoint(f"[{host}]" if ":" in host else host, port or _ETCD_PORT, secure)
