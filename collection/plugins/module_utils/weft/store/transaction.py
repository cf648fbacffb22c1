# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transactions of etcd: which keys are written, and under which conditions. No I/O.

Every write compares the revision that was read. Requests have the fields of etcd's rpc.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.lease import Lease, serialise_lease, subnet_key, subnets_prefix

# etcd accepts 128 operations in a transaction (--max-txn-ops); two compares are for the guards.
_WRITES_PER_TRANSACTION = 126


@dataclass(frozen=True, slots=True)
class LeaseChange:
    """A lease to create (no ``before``), to delete (no ``after``), to rewrite, or to move.

    ``before`` must have been read from etcd. With ``ttl``, in seconds, ``after`` is attached to a
    new etcd lease; without, to the one that it names, where 0 makes it a reservation.
    """

    before: Lease | None
    after: Lease | None
    ttl: int | None = None

    @property
    def creates(self) -> bool:
        """Tell whether a subnet is taken that the host did not hold before."""
        before, after = self.before, self.after
        return after is not None and (before is None or before.subnet != after.subnet)


@dataclass(frozen=True, slots=True)
class KeyWrite:
    """One key of a transaction: the revision it must have (0: none), and what to put or delete."""

    key: str
    expected: int
    value: str | None
    lease_id: int = 0

    def is_applied(self, stored: Mapping[str, Any] | None) -> bool:
        """Tell whether *stored*, the key as read after a lost response, is this write's result."""
        if self.value is None or stored is None:
            return self.value is None and stored is None
        return bool(
            stored["value"] == self.value.encode()
            and stored["lease"] == self.lease_id
            and stored["mod_revision"] > self.expected
        )

    @property
    def operation(self) -> Mapping[str, Any]:
        """The put or the deletion, as a RequestOp."""
        key = self.key.encode()
        if self.value is None:
            return {"request_delete_range": {"key": key}}
        return {"request_put": {"key": key, "value": self.value.encode(), "lease": self.lease_id}}


def key_writes(prefix: str, change: LeaseChange) -> Iterator[KeyWrite]:
    """Yield the writes of keys by which a lease is changed."""
    before, after = change.before, change.after
    old_key = lease_key(prefix, before) if before is not None else None
    new_key = lease_key(prefix, after) if after is not None else None
    expected = before.mod_revision if before is not None else 0
    if old_key is not None and old_key != new_key:
        yield KeyWrite(old_key, expected, None)
        expected = 0
    if after is not None and new_key is not None:
        yield KeyWrite(new_key, expected, serialise_lease(after), after.lease_id)


def batches(writes: Iterable[KeyWrite]) -> Iterator[list[KeyWrite]]:
    """Split writes into transactions: deletions first, no key twice, no more than etcd accepts.

    With deletions first, hosts can exchange their subnets.
    """
    batch: dict[str, KeyWrite] = {}
    for write in sorted(writes, key=lambda write: write.value is not None):
        if write.key in batch or len(batch) == _WRITES_PER_TRANSACTION:
            yield list(batch.values())
            batch = {}
        batch[write.key] = write
    if batch:
        yield list(batch.values())


def write_request(
    writes: Sequence[KeyWrite], guards: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Return the TxnRequest of *writes*; if a compare fails, it reads the keys instead."""
    return {
        "compare": [*(unchanged(write.key, write.expected) for write in writes), *guards],
        "success": [write.operation for write in writes],
        "failure": [read_operation(write.key.encode()) for write in writes],
    }


def read_operation(key: bytes, range_end: bytes = b"") -> Mapping[str, Any]:
    """Return the RequestOp that reads a key, or all keys from *key* to *range_end*."""
    return {"request_range": {"key": key, "range_end": range_end}}


def unchanged(key: str, revision: int) -> Mapping[str, Any]:
    """Compare that *key* was last written at *revision*; a missing key has revision 0."""
    return {
        "result": "EQUAL",
        "target": "MOD",
        "key": key.encode(),
        "mod_revision": revision,
    }


def no_lease_created_after(prefix: str, revision: int) -> Mapping[str, Any]:
    """Compare that every lease under *prefix* was created at *revision* or before."""
    key = subnets_prefix(prefix).encode()
    return {
        "result": "LESS",
        "target": "CREATE",
        "key": key,
        "range_end": prefix_end(key),
        "create_revision": revision + 1,
    }


def lease_key(prefix: str, lease: Lease) -> str:
    """Return the key of *lease* in etcd."""
    return subnet_key(prefix, lease.subnet, lease.ipv6_subnet)


def prefix_end(prefix: bytes) -> bytes:
    """Return the end of the range of all keys that begin with *prefix*, which is not empty."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else b"\0"
