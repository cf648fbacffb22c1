# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of the etcd client. Imports neither gRPC nor etcd3."""

from __future__ import annotations

from enum import Enum, auto
from typing import ClassVar

from ..errors import WeftError


class StoreFault(Enum):
    """The kind of cause of a StoreError."""

    UNREACHABLE = auto()
    """No endpoint answered: etcd is down, or the network between is."""
    TLS = auto()
    """A TLS file cannot be read, or one side rejects the other's certificate."""
    CLOCK = auto()
    """A certificate is not valid yet by this host's clock."""
    REFUSED = auto()
    """etcd answered and refused: user, password or permissions."""
    OTHER = auto()
    """Anything else, such as a missing library or invalid settings."""


class StoreError(WeftError):
    """A request to etcd failed; the message names the request, the reason and the next step."""

    fault: ClassVar[StoreFault] = StoreFault.OTHER


class StoreSettingsError(StoreError):
    """The settings contradict each other or have an invalid value."""


class StoreLibraryError(StoreError):
    """The Python library etcd3 is missing or does not work on this host."""


class StoreFileError(StoreError):
    """A TLS file cannot be read."""

    fault = StoreFault.TLS


class StoreUnavailableError(StoreError):
    """etcd is unreachable for ``reason``, such as that no endpoint answered in time.

    The message adds *hint*: sentences that say what to check.
    """

    fault = StoreFault.UNREACHABLE

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"etcd unreachable: {reason}. {hint}".rstrip())
        self.reason = reason


class StoreUntrustedError(StoreUnavailableError):
    """An endpoint was reached, but the TLS handshake failed on a certificate."""

    fault = StoreFault.TLS


class StoreClockError(StoreUntrustedError):
    """A certificate is not valid yet: the clock of this host is behind."""

    fault = StoreFault.CLOCK


class StoreRefusedError(StoreError):
    """etcd answered and refused: credentials, permissions, or an invalid request."""

    fault = StoreFault.REFUSED


class WriteConflictError(StoreError):
    """Another client wrote first, so nothing was written; read again and decide again."""


class LeaseExpiredError(StoreError):
    """The etcd lease that a key is attached to has expired."""


class HistoryLostError(StoreError):
    """etcd no longer has the changes since a revision; a new snapshot is needed."""


class NoNetworkError(StoreError):
    """etcd holds no network configuration, so no subnet can be leased."""
