# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The etcd client: reads and writes flannel's keys, and opens watch streams.

Every write is one transaction that compares what was read. If a response is lost, the keys are read
again to find out whether the write was applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..model.lease import Lease, TimeToLive, config_key, subnets_prefix
from ..model.snapshot import InvalidEntry, Snapshot, StoredNetwork, parse_entry
from ..system.closing import Closing
from .connection import Connection
from .errors import LeaseExpiredError, StoreError, WriteConflictError
from .settings import StoreSettings
from .stream import WatchStream
from .transaction import (
    KeyWrite,
    LeaseChange,
    batches,
    key_writes,
    lease_key,
    no_lease_created_after,
    prefix_end,
    read_operation,
    unchanged,
    write_request,
)


class StoreClient(Closing):
    """The network and the leases under one prefix. Threads may share it; calls take turns."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._connection = Connection(settings)
        self._watched = 0

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        self._connection.close()

    @property
    def prefix(self) -> str:
        """What all keys begin with, without a slash at the end."""
        return self._settings.prefix

    @property
    def calls(self) -> int:
        """How many requests were sent so far."""
        return self._connection.calls

    def snapshot(self) -> Snapshot:
        """Read the network and all leases at one revision, in one call."""
        prefix = subnets_prefix(self.prefix).encode()
        reads = [
            read_operation(config_key(self.prefix).encode()),
            read_operation(prefix, prefix_end(prefix)),
        ]
        response = self._connection.call("KV/Txn", {"success": reads}).message
        configs, entries = (each["response_range"]["kvs"] for each in response["responses"])
        parsed = [
            parse_entry(
                self.prefix,
                kv["key"],
                kv["value"],
                lease_id=kv["lease"],
                mod_revision=kv["mod_revision"],
            )
            for kv in entries
        ]
        return Snapshot(
            revision=response["header"]["revision"],
            cluster_id=response["header"]["cluster_id"],
            network=_stored_network(configs[0]) if configs else None,
            leases=tuple(
                sorted(
                    (entry for entry in parsed if isinstance(entry, Lease)),
                    key=lambda lease: lease.subnet,
                )
            ),
            invalid=tuple(entry for entry in parsed if isinstance(entry, InvalidEntry)),
        )

    def write_network(self, text: str | None, since: Snapshot) -> int:
        """Put *text* as the configuration, or delete it when None; return the new revision.

        Raises WriteConflictError if, after *since*, it was written or a lease was created.
        """
        write = KeyWrite(config_key(self.prefix), since.network_revision, text)
        return self._write([write], [no_lease_created_after(self.prefix, since.revision)])

    def commit(
        self, changes: Sequence[LeaseChange], since: Snapshot | None = None
    ) -> tuple[Lease, ...]:
        """Write *changes* and return the leases as they now are, without the deleted ones.

        Each transaction is atomic. It succeeds only if every touched lease is as it was read, and,
        with *since*, if no lease was created and the configuration not written after it. So two
        allocators never give one subnet, or overlapping ones, to two hosts. Up to 126 keys make
        one transaction; of more, the first may succeed and a later one raise WriteConflictError.
        Creating a lease needs *since*. Raises LeaseExpiredError for an expired etcd lease.
        """
        if since is None and any(change.creates for change in changes):
            raise ValueError("to create a lease, the snapshot that it was decided on is needed")
        granted = self._grant([change.ttl for change in changes if change.ttl is not None])
        lease_ids = iter(granted)
        attached = [
            replace(change, after=replace(change.after, lease_id=next(lease_ids)))
            if change.after is not None and change.ttl is not None
            else change
            for change in changes
        ]
        try:
            revisions = self._commit(attached, since)
        except BaseException:
            self._revoke_unused(granted)
            raise
        return tuple(
            replace(change.after, mod_revision=revisions[lease_key(self.prefix, change.after)])
            for change in attached
            if change.after is not None
        )

    def keep_alive(self, lease_id: int) -> int:
        """Keep the etcd lease *lease_id* alive; return its full time to live in seconds.

        Raises LeaseExpiredError if it has expired.
        """
        response = self._connection.call("Lease/LeaseKeepAlive", {"ID": lease_id})
        ttl = int(response.message["TTL"])
        if ttl <= 0:
            raise LeaseExpiredError(f"The etcd lease {lease_id:x} has expired.")
        return ttl

    def times_to_live(self, lease_ids: Iterable[int]) -> dict[int, TimeToLive]:
        """Return the time to live of each etcd lease by its ID, without those that expired."""
        wanted = [lease_id for lease_id in dict.fromkeys(lease_ids) if lease_id]
        answers = self._connection.call_each(
            "Lease/LeaseTimeToLive", [{"ID": lease_id} for lease_id in wanted]
        )
        return {
            lease_id: TimeToLive(answer["TTL"], answer["grantedTTL"])
            for lease_id, answer in zip(wanted, answers, strict=True)
            if answer["TTL"] > 0
        }

    def open_watch(self, start_revision: int, cluster_id: int = 0) -> WatchStream:
        """Open the stream of changes from *start_revision* on, at the next endpoint in turn.

        The revision counts in the cluster of that ID, such as an earlier stream's; 0 accepts any.
        Raises StoreUnavailableError, StoreRefusedError and HistoryLostError.
        """
        members = self._settings.members
        endpoint = members[self._watched % len(members)]
        self._watched += 1
        return WatchStream(self._settings, endpoint, start_revision, cluster_id)

    def _commit(self, changes: Sequence[LeaseChange], since: Snapshot | None) -> dict[str, int]:
        revisions: dict[str, int] = {}
        revision = since.revision if since else 0
        writes = [write for change in changes for write in key_writes(self.prefix, change)]
        for batch in batches(writes):
            guards: list[Mapping[str, Any]] = []
            if since is not None:
                guards = [
                    no_lease_created_after(self.prefix, revision),
                    unchanged(config_key(self.prefix), since.network_revision),
                ]
            # The next transaction must not take leases that this one creates for another client's.
            revision = self._write(batch, guards)
            revisions |= dict.fromkeys((write.key for write in batch), revision)
        return revisions

    def _write(self, writes: Sequence[KeyWrite], guards: Sequence[Mapping[str, Any]]) -> int:
        """Write in one transaction and return its revision. Raises WriteConflictError."""
        response = self._connection.call("KV/Txn", write_request(writes, guards))
        message = response.message
        revision = int(message["header"]["revision"])
        if message["succeeded"]:
            return revision
        stored = [next(iter(each["response_range"]["kvs"]), None) for each in message["responses"]]
        if response.repeated and all(map(KeyWrite.is_applied, writes, stored)):
            return (
                max((kv["mod_revision"] for kv in stored if kv is not None), default=0) or revision
            )
        changed = [
            write.key
            for write, kv in zip(writes, stored, strict=True)
            if (kv["mod_revision"] if kv is not None else 0) != write.expected
        ]
        what = changed[0] if changed else "the network configuration or another lease"
        raise WriteConflictError(
            f"Another client wrote {what} at the same time, so this change was not made. Try again."
        )

    def _grant(self, ttls: Sequence[int]) -> list[int]:
        answers = self._connection.call_each("Lease/LeaseGrant", [{"TTL": ttl} for ttl in ttls])
        return [int(answer["ID"]) for answer in answers]

    def _revoke_unused(self, lease_ids: Sequence[int]) -> None:
        """Revoke granted etcd leases after a failure, except those that hold an earlier batch."""
        try:
            used = {lease.lease_id for lease in self.snapshot().leases}
            self._connection.call_each(
                "Lease/LeaseRevoke", [{"ID": each} for each in lease_ids if each not in used]
            )
        except StoreError:
            # They expire on their own; the caller reports the failure that led here.
            return


def _stored_network(kv: Mapping[str, Any]) -> StoredNetwork:
    return StoredNetwork(kv["value"].decode(errors="replace"), kv["mod_revision"])
