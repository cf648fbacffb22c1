# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to etcd: to the endpoint that answered last, to the next one after a failure."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..system.backoff import backoff
from .certificate_expiry import ValidityProblem, validity_problem
from .errors import (
    LeaseExpiredError,
    StoreClockError,
    StoreError,
    StoreLibraryError,
    StoreRefusedError,
    StoreUnavailableError,
    StoreUntrustedError,
)
from .grpc_channel import LIBRARY_ERROR, CallError, EtcdChannel, Failure, Message
from .library_problem import explain_import_error, shadowing_libraries
from .server_certificate import untrusted_server
from .settings import Endpoint, StoreSettings

T = TypeVar("T")

_CALLS_IN_FLIGHT = 100

# gRPC's words before the reason of a failed connection attempt.
_CONNECT_PREAMBLE = re.compile(
    r"failed to connect to all addresses; last error: (?:[A-Z]+: )?(?:ipv[46]:\S+: )?"
)


@dataclass(frozen=True, slots=True)
class Response:
    """A response, and whether an earlier attempt of the request may have been carried out too."""

    message: Message
    repeated: bool


class Connection:
    """One channel at a time, to the endpoint that answered last. Threads may share it."""

    def __init__(self, settings: StoreSettings) -> None:
        if LIBRARY_ERROR is not None:
            raise StoreLibraryError(explain_import_error(LIBRARY_ERROR, shadowing_libraries()))
        self._settings = settings
        self._members = settings.members
        self._current = 0
        self._channel: EtcdChannel | None = None
        self._lock = threading.Lock()
        self.calls = 0

    def close(self) -> None:
        """Close the channel; the next call opens another one."""
        with self._lock:
            self._drop()

    def call(self, method: str, request: Message, *, encoded: bytes = b"") -> Response:
        """Call *method* of etcd's API, such as ``KV/Txn``, within the timeout.

        The request may reach etcd twice. *encoded* is as in EtcdChannel.call. Raises
        StoreUnavailableError, StoreRefusedError, LeaseExpiredError.
        """
        return Response(
            *self._retry(lambda channel, timeout: channel.call(method, request, timeout, encoded))
        )

    def call_each(self, method: str, requests: Sequence[Message]) -> list[Message]:
        """Call *method* once for each request, many at once; return the responses in order."""
        responses: list[Message] = []
        for start in range(0, len(requests), _CALLS_IN_FLIGHT):
            batch = requests[start : start + _CALLS_IN_FLIGHT]

            def send(
                channel: EtcdChannel, timeout: float, batch: Sequence[Message] = batch
            ) -> list[Message]:
                return channel.call_each(method, batch, timeout)

            responses += self._retry(send)[0]
        return responses

    def _retry(self, send: Callable[[EtcdChannel, float], T]) -> tuple[T, bool]:
        with self._lock:
            return self._retry_locked(send)

    def _retry_locked(self, send: Callable[[EtcdChannel, float], T]) -> tuple[T, bool]:
        deadline = time.monotonic() + self._settings.timeout
        pauses = backoff(0.05, 1.0)
        failures: dict[Endpoint, CallError] = {}
        repeated = logged_in_again = False
        while (left := deadline - time.monotonic()) > 0:
            endpoint = self._members[self._current]
            # Each endpoint that was not tried yet gets its share of the time.
            share = left / max(1, len(self._members) - len(failures))
            try:
                channel = self._connected(endpoint, share)
                self.calls += 1
                return send(channel, share), repeated
            except CallError as error:
                self._drop()
                if error.failure is Failure.AUTH_CHANGED:
                    failures[endpoint] = error
                    time.sleep(max(0.0, min(next(pauses), deadline - time.monotonic())))
                    continue
                expired = error.failure is Failure.TOKEN_EXPIRED
                if expired and self._settings.user and not logged_in_again:
                    logged_in_again = True
                    continue
                if error.failure not in (Failure.UNAVAILABLE, Failure.TLS):
                    raise store_error(self._settings, endpoint, error) from error
                # After a failed TLS handshake, the next attempt may fail as a mere reset.
                if endpoint not in failures or failures[endpoint].failure is not Failure.TLS:
                    failures[endpoint] = error
            repeated = True
            self._current = (self._current + 1) % len(self._members)
            if len(failures) == len(self._members):
                time.sleep(max(0.0, min(next(pauses), deadline - time.monotonic())))
        raise _unavailable(failures, self._settings)

    def _connected(self, endpoint: Endpoint, timeout: float) -> EtcdChannel:
        if self._channel is None:
            self._channel = EtcdChannel(self._settings, endpoint, timeout)
        return self._channel

    def _drop(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None


def store_error(settings: StoreSettings, endpoint: Endpoint, error: CallError) -> StoreError:
    """Return the error that reports a failed call to *endpoint*.

    A certificate that is not valid now comes first: gRPC reports it as a timeout or as a reset.
    """
    if error.failure in (Failure.UNAVAILABLE, Failure.TLS):
        invalid = validity_problem(settings, time.time())
        if invalid is not None:
            return _invalid(invalid, f"{endpoint}: {_reason(error)}")
    match error.failure:
        case Failure.UNAVAILABLE:
            return StoreUnavailableError(f"{endpoint}: {_reason(error)}")
        case Failure.TLS:
            return StoreUntrustedError(f"{endpoint}: {_reason(error)}")
        case Failure.LEASE_NOT_FOUND:
            return LeaseExpiredError(f"etcd at {endpoint} has no such etcd lease any more.")
    return StoreRefusedError(
        f"etcd at {endpoint} refused the request: {error.reason} ({error.code}). "
        "Check the user, its password and its roles, and the log of etcd."
    )


def _unavailable(
    failures: Mapping[Endpoint, CallError], settings: StoreSettings
) -> StoreUnavailableError:
    reasons = "; ".join(f"{endpoint}: {_reason(error)}" for endpoint, error in failures.items())
    timeout = f"no endpoint answered within {settings.timeout:g} s"
    reason = f"{timeout} ({reasons or 'none was tried'})"
    invalid = validity_problem(settings, time.time()) or _server_problem(failures, settings)
    if invalid is not None:
        return _invalid(invalid, f"{timeout}: {reasons or 'none was tried'}")
    if any(error.failure is Failure.TLS for error in failures.values()):
        return StoreUntrustedError(
            reason,
            "Check that the certificates of etcd and of this host are valid and signed by the "
            "configured CA.",
        )
    ports = ", ".join(str(port) for port in sorted({endpoint.port for endpoint in failures}))
    return StoreUnavailableError(
        reason,
        "Check that etcd.service runs there"
        + (f" and that TCP {ports} is open." if ports else "."),
    )


def _invalid(problem: ValidityProblem, reason: str) -> StoreUntrustedError:
    kind = StoreClockError if problem.early else StoreUntrustedError
    return kind(f"{problem.text} ({reason})")


def _server_problem(
    failures: Mapping[Endpoint, CallError], settings: StoreSettings
) -> ValidityProblem | None:
    """Return which endpoint's certificate is not valid by this host's clock, None if none is."""
    for endpoint in failures if settings.tls else ():
        reason = untrusted_server(endpoint, settings)
        if reason is not None and "not yet valid" in reason:
            return ValidityProblem(
                f"etcd at {endpoint}: {reason} by the clock of this host: set the clock "
                "('timedatectl set-ntp true')",
                early=True,
            )
        if reason is not None and "expired" in reason:
            return ValidityProblem(
                f"etcd at {endpoint}: {reason} by the clock of this host: renew it with site.yml, "
                "or set the clock",
                early=False,
            )
    return None


def _reason(error: CallError) -> str:
    return _CONNECT_PREAMBLE.sub("", error.reason)
