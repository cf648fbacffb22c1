# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One gRPC channel to one endpoint of etcd. The only file that imports gRPC and etcd3.

Requests and responses are dictionaries with the field names of etcd's rpc.proto, as in etcd's JSON
gateway, except that bytes stay bytes. Of etcd3 only the reliable parts are used: it opens the
channel, logs in and defines the messages. It knows a single endpoint, and its watch threads do not
survive a broken stream: ``connection`` and ``lease_watch`` handle both.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any, TypeAlias

from .errors import StoreFileError
from .settings import Endpoint, StoreSettings

# gRPC's C library logs each failed handshake, hundreds of lines a minute in an outage, in a form of
# its own: the errors that it raises have the same reasons. It reads this when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

try:
    import grpc
    from etcd3 import client as etcd3_client
    from etcd3 import etcdrpc as rpc
except (ImportError, TypeError):  # TypeError: protobuf 4 and newer reject etcd3's messages
    LIBRARY_ERROR: str | None = traceback.format_exc()
else:
    LIBRARY_ERROR = None

Message: TypeAlias = Mapping[str, Any]

_CHANNEL_OPTIONS = (
    # etcd belongs to the fleet: a proxy from the environment must not be used.
    ("grpc.enable_http_proxy", 0),
    # Otherwise a new channel inherits the reconnect delays of the one that it replaces.
    ("grpc.use_local_subchannel_pool", 1),
    # A peer that vanished is detected within 20 s; etcd rejects pings more often than every 5 s.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # A listing of many leases may exceed gRPC's 4 MiB.
    ("grpc.max_receive_message_length", -1),
)

# gRPC's texts for a failed TLS handshake, in lower case (src/core/tsi and src/core/lib/security of
# gRPC): one side rejects the other's certificate, or the certificate does not match its key.
_TLS_FAILURES = (
    "handshake failed",
    "hostname verification",
    "not in peer certificate",
    "security handshaker",
    "unwrap failed",
)


class Failure(Enum):
    """The kinds of failed calls that are handled differently."""

    UNAVAILABLE = auto()
    """No answer: another endpoint, or the same one later, may answer."""
    TLS = auto()
    """The endpoint was reached, but the TLS handshake failed."""
    WRONG_PASSWORD = auto()
    TOKEN_EXPIRED = auto()
    """The login has expired; clients that authenticate by certificate have none."""
    AUTH_CHANGED = auto()
    """Users or roles changed while the request waited: it was not carried out."""
    LEASE_NOT_FOUND = auto()
    REFUSED = auto()
    """etcd answered and refused, for any other reason."""


class CallError(Exception):
    """A call failed: its kind, gRPC's reason, and gRPC's status code by name."""

    def __init__(self, failure: Failure, reason: str, code: str) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason
        self.code = code


class WatchCall:
    """A running Watch call. Iterating yields its responses and raises CallError.

    ``cancel`` ends it from any thread.
    """

    def __init__(self, client: Any, create_request: Message) -> None:
        self._cancelled = threading.Event()
        self._responses = rpc.WatchStub(client.channel).Watch(
            self._requests(create_request),
            credentials=client.call_credentials,
            # A member without a leader ends the stream instead of sending nothing.
            metadata=(("hasleader", "true"), *(client.metadata or ())),
        )

    def __iter__(self) -> Iterator[Message]:
        with _call_errors():
            for response in self._responses:
                yield _values(response)

    def cancel(self) -> None:
        """End the call; an iteration that is under way raises CallError."""
        self._cancelled.set()
        self._responses.cancel()

    def _requests(self, create_request: Message) -> Iterator[Any]:
        yield rpc.WatchRequest(create_request=create_request)
        # gRPC closes the stream when its requests end.
        self._cancelled.wait()


class EtcdChannel:
    """A channel to *endpoint*, logged in. *timeout* in seconds bounds the login.

    If etcd rejects the password, the former one of the settings is tried. The TLS files are read
    at each construction, so that renewed certificates need no restart. Raises CallError and
    StoreFileError.
    """

    def __init__(self, settings: StoreSettings, endpoint: Endpoint, timeout: float) -> None:
        try:
            self._client = _client(settings, endpoint, timeout, settings.password)
        except CallError as error:
            if settings.former_password is None or error.failure is not Failure.WRONG_PASSWORD:
                raise
            self._client = _client(settings, endpoint, timeout, settings.former_password)

    def close(self) -> None:
        """Close the channel and cancel its calls."""
        self._client.close()

    def call(self, method: str, request: Message, timeout: float, encoded: bytes = b"") -> Message:
        """Call *method*, such as ``KV/Txn``, and return the response. Raises CallError.

        Of a method with streams, one request is sent and one response awaited. *encoded* adds
        fields in protobuf's encoding, for those that are newer than etcd3's messages.
        """
        stub, message = self._stub(method), _message(method, request, encoded)
        with _call_errors():
            if isinstance(stub, grpc.StreamStreamMultiCallable):
                return _values(next(stub(iter([message]), timeout, **self._login)))
            return _values(stub(message, timeout, **self._login))

    def call_each(self, method: str, requests: Sequence[Message], timeout: float) -> list[Message]:
        """Call *method* once for each request, all at once; return the responses in order."""
        stub = self._stub(method)
        with _call_errors():
            pending = [
                stub.future(_message(method, request), timeout, **self._login)
                for request in requests
            ]
            return [_values(call.result()) for call in pending]

    def watch(self, create_request: Message) -> WatchCall:
        """Start a Watch call with the fields of a WatchCreateRequest."""
        return WatchCall(self._client, create_request)

    @property
    def _login(self) -> dict[str, Any]:
        return {"credentials": self._client.call_credentials, "metadata": self._client.metadata}

    def _stub(self, method: str) -> Any:
        service, name = method.split("/")
        return getattr(getattr(rpc, f"{service}Stub")(self._client.channel), name)


def _client(
    settings: StoreSettings, endpoint: Endpoint, timeout: float, password: str | None
) -> Any:
    tls = settings.tls
    try:
        with _call_errors():
            return etcd3_client(
                host=endpoint.host,
                port=endpoint.port,
                ca_cert=tls.ca if tls else None,
                cert_cert=tls.certificate if tls else None,
                cert_key=tls.key if tls else None,
                timeout=timeout,
                user=settings.user,
                password=password,
                grpc_options=_CHANNEL_OPTIONS,
            )
    except OSError as error:
        raise StoreFileError(
            f"The TLS file {error.filename} cannot be read: {error.strerror}."
        ) from error


def _message(method: str, request: Message, encoded: bytes = b"") -> Any:
    service, name = method.split("/")
    kind = rpc.DESCRIPTOR.services_by_name[service].methods_by_name[name].input_type.name
    message = getattr(rpc, kind)(**request)
    if encoded:
        message = type(message).FromString(message.SerializeToString() + encoded)
    return message


def _values(message: Any) -> Message:
    """Return the fields of a message by name; None for a message field that is not set."""
    return {field.name: _field(message, field.name) for field in message.DESCRIPTOR.fields}


def _field(message: Any, name: str) -> Any:
    value = getattr(message, name)
    if isinstance(value, bool | int | float | str | bytes):
        return value
    if hasattr(value, "DESCRIPTOR"):
        return _values(value) if message.HasField(name) else None
    return [_values(item) if hasattr(item, "DESCRIPTOR") else item for item in value]


@contextmanager
def _call_errors() -> Iterator[None]:
    """Turn gRPC's errors into CallError."""
    try:
        yield
    except grpc.RpcError as error:
        raise _call_error(error) from error


def _call_error(error: Any) -> CallError:
    code = error.code()
    reason = str(error.details() or code.name.lower()).strip().rstrip(".")
    return CallError(_failure(code, reason), reason, code.name)


def _failure(code: Any, reason: str) -> Failure:
    """Return the kind of a failure; the texts are those of etcd's rpctypes/error.go."""
    if "revision of auth store is old" in reason:
        return Failure.AUTH_CHANGED
    if code in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
    ):
        failed_tls = any(text in reason.lower() for text in _TLS_FAILURES)
        return Failure.TLS if failed_tls else Failure.UNAVAILABLE
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return Failure.TOKEN_EXPIRED
    if "authentication failed" in reason:
        return Failure.WRONG_PASSWORD
    if code is grpc.StatusCode.NOT_FOUND and "lease not found" in reason:
        return Failure.LEASE_NOT_FOUND
    return Failure.REFUSED
