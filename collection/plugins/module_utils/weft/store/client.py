# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: flannel's keys in etcd, by way of etcd3. The only file that imports etcd3 and gRPC.

Of etcd3 only what works is used: it opens the channel, logs in and carries etcd's messages. It
knows one endpoint, so the rotation is here; its watch threads do not outlive a broken stream, so
the stream is read here, and ``lease_watch`` takes it up again. Every write is one transaction that
compares what was read; an answer that got lost is settled by reading back.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Generic, NoReturn, TypeVar

from ..model.lease import Lease, config_key, serialise_lease, subnet_key, subnets_prefix
from ..model.snapshot import InvalidEntry, Snapshot, StoredNetwork, parse_entry
from ..system.backoff import backoff
from ..system.closing import Closing
from .errors import (
    HistoryLostError,
    LeaseExpiredError,
    StoreError,
    StoreFileError,
    StoreLibraryError,
    StoreRefusedError,
    StoreUnavailableError,
    StoreUntrustedError,
    WriteConflictError,
)
from .settings import Endpoint, StoreSettings

# etcd's messages and stubs, for what else speaks through a Connection.
messages: Any = None

try:
    import grpc
    from etcd3 import client as etcd3_client
    from etcd3 import etcdrpc as rpc
except (ImportError, TypeError):  # TypeError: protobuf 4 and newer refuse etcd3's own messages
    LIBRARY_ERROR: str | None = traceback.format_exc()
else:
    LIBRARY_ERROR = None
    messages = rpc

T = TypeVar("T")

# etcd takes 128 operations a transaction (--max-txn-ops); two compares are for the guards.
_WRITES_PER_TRANSACTION = 126
_CALLS_IN_FLIGHT = 100

_CHANNEL_OPTIONS = (
    # The store is the fleet's own: a proxy from the environment is not for it.
    ("grpc.enable_http_proxy", 0),
    # Else a new channel inherits the reconnect pauses of the one that it replaces.
    ("grpc.use_local_subchannel_pool", 1),
    # A peer that vanished without a word is noticed within 20 s; etcd refuses pings under 5 s.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # A listing of many leases may exceed gRPC's 4 MiB.
    ("grpc.max_receive_message_length", -1),
)

# How gRPC words that TLS failed, in lower case (src/core/tsi and src/core/lib/security of gRPC):
# the server's certificate is not taken, ours is not, or our files do not make an identity.
_WORDS_OF_DISTRUST = (
    "handshake failed",
    "hostname verification",
    "not in peer certificate",
    "security handshaker",
    "unwrap failed",
)


@dataclass(frozen=True, slots=True)
class LeaseChange:
    """A lease to create (no ``before``), to delete (no ``after``), to rewrite, or to move.

    ``before`` must come from the store. With ``ttl``, in seconds, ``after`` is put on a new lease
    of etcd; without, on the one that it names, where 0 makes it a reservation.
    """

    before: Lease | None
    after: Lease | None
    ttl: int | None = None


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """How long an etcd lease lives, in seconds: what is left, and what each renewal grants."""

    remaining: int
    granted: int


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One change of a key under the prefix; no ``value`` means that the key is gone."""

    key: bytes
    value: bytes | None
    lease_id: int
    mod_revision: int


@dataclass(frozen=True, slots=True)
class _Write:
    """One key of a transaction: the revision it must have (0: none), and what to put or delete."""

    key: str
    expected: int
    value: str | None
    lease_id: int = 0

    def is_done(self, stored: Any) -> bool:
        """Tell whether *stored*, the key's state after a lost answer, is what this write makes."""
        if self.value is None or stored is None:
            return self.value is None and stored is None
        return (
            bytes(stored.value) == self.value.encode()
            and int(stored.lease) == self.lease_id
            and int(stored.mod_revision) > self.expected
        )


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A response, and whether an earlier attempt may have been carried out unseen."""

    value: T
    repeated: bool


class Connection:
    """One etcd3 client at a time, on the endpoint that answered last.

    Each new client reads the TLS files again, so that renewed ones need no restart.
    """

    def __init__(self, settings: StoreSettings) -> None:
        if LIBRARY_ERROR is not None:
            raise StoreLibraryError(
                "The Python library etcd3 cannot be imported; install python3-etcd3. "
                + LIBRARY_ERROR.strip().splitlines()[-1]
            )
        self._settings = settings
        self._members = settings.members
        self._at = 0
        self._client: Any = None
        self._lock = threading.Lock()
        self.calls = 0

    def close(self) -> None:
        """Close the client; the next call makes another."""
        with self._lock:
            self._drop()

    def call(self, request: Callable[[Any, float], T]) -> Answer[T]:
        """Run *request*(client, seconds) on the first endpoint that answers, within the timeout.

        A request may reach the store twice. Raises StoreUnavailableError, StoreRefusedError.
        """
        with self._lock:
            return self._call(request)

    def _call(self, request: Callable[[Any, float], T]) -> Answer[T]:
        deadline = time.monotonic() + self._settings.timeout
        pauses = backoff(0.05, 1.0)
        failures: dict[Endpoint, str] = {}
        repeated = logged_in_again = False
        while (left := deadline - time.monotonic()) > 0:
            endpoint = self._members[self._at]
            # What has not been tried yet gets its share of the time.
            share = left / max(1, len(self._members) - len(failures))
            try:
                client = self._connected(endpoint, share)
                self.calls += 1
                return Answer(request(client, share), repeated)
            except grpc.RpcError as error:
                self._drop()
                if _access_changed(error):
                    failures[endpoint] = _reason(error)
                    time.sleep(max(0.0, min(next(pauses), deadline - time.monotonic())))
                    continue
                if _token_expired(error) and self._settings.user and not logged_in_again:
                    logged_in_again = True
                    continue
                if not _is_outage(error):
                    raise _refusal(endpoint, error) from error
                # A refused handshake may show as a mere reset the next time.
                if not _is_distrust(failures.get(endpoint, "")):
                    failures[endpoint] = _reason(error)
            repeated = True
            self._at = (self._at + 1) % len(self._members)
            if len(failures) == len(self._members):
                time.sleep(max(0.0, min(next(pauses), deadline - time.monotonic())))
        raise _unavailable(failures, self._settings.timeout)

    def _connected(self, endpoint: Endpoint, timeout: float) -> Any:
        if self._client is None:
            self._client = _connect(self._settings, endpoint, timeout)
        return self._client

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


class WatchStream:
    """The changes under the prefix since a revision, as one stream of one endpoint sends them.

    Iterating yields the events of one or more revisions at a time, with the revision up to which
    all is known, and ends by raising: StoreUnavailableError, StoreRefusedError, HistoryLostError.
    ``cluster_id`` names the cluster in which the revisions count; 0 takes any.
    ``close`` ends it from any thread.
    """

    def __init__(
        self, settings: StoreSettings, endpoint: Endpoint, start_revision: int, cluster_id: int
    ) -> None:
        self.endpoint = endpoint
        self.cluster_id = cluster_id
        self._start = start_revision
        self._closed = threading.Event()
        self._guard = _Translated(endpoint)
        with self._guard:
            self._client = _connect(settings, endpoint, settings.timeout)
            self._responses = rpc.WatchStub(self._client.channel).Watch(
                self._requests(settings.prefix),
                credentials=self._client.call_credentials,
                # A member that lost its leader ends the stream instead of falling silent.
                metadata=(("hasleader", "true"), *(self._client.metadata or ())),
            )
        self._await_created(settings.timeout)

    def __iter__(self) -> Iterator[tuple[tuple[KeyEvent, ...], int]]:
        with self._guard:
            for response in self._responses:
                self._check(response)
                # Without events it is a progress report: all up to its revision has been sent.
                revision = (
                    response.events[-1].kv.mod_revision
                    if response.events
                    else response.header.revision
                )
                yield tuple(_key_event(event) for event in response.events), revision
        self._ended()

    def close(self) -> None:
        """End the stream; whoever iterates over it gets StoreUnavailableError."""
        self._closed.set()
        self._responses.cancel()
        self._client.close()

    def _requests(self, prefix: str) -> Iterator[Any]:
        key = f"{prefix}/".encode()
        yield rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(
                key=key,
                range_end=_range_end(key),
                start_revision=self._start,
                progress_notify=True,
            )
        )
        # To end the requests is to end the stream.
        self._closed.wait()

    def _await_created(self, timeout: float) -> None:
        late = threading.Timer(timeout, self._responses.cancel)
        late.daemon = True
        late.start()
        try:
            with self._guard:
                for response in self._responses:
                    self._check(response)
                    self._check_history(response.header)
                    return
            self._ended()
        except BaseException:
            self.close()
            raise
        finally:
            late.cancel()

    def _check_history(self, header: Any) -> None:
        # A store that was restored counts its revisions anew, and may be past ours again by now.
        if self.cluster_id not in (0, header.cluster_id):
            raise HistoryLostError(
                f"{self.endpoint} is of the cluster {header.cluster_id:x}, not of "
                f"{self.cluster_id:x} that was seen: the store was restored."
            )
        self.cluster_id = header.cluster_id
        revision = header.revision
        if revision < self._start - 1:
            raise HistoryLostError(
                f"{self.endpoint} is at revision {revision}, before {self._start - 1} that was "
                "seen: the store was restored, or this member lags behind."
            )

    def _ended(self) -> NoReturn:
        raise StoreUnavailableError(f"{self.endpoint} ended the watch.")

    def _check(self, response: Any) -> None:
        if response.compact_revision:
            raise HistoryLostError(
                f"{self.endpoint} has compacted its history up to {response.compact_revision}."
            )
        if response.canceled:
            raise StoreUnavailableError(
                f"{self.endpoint} cancelled the watch: {response.cancel_reason or 'no reason'}."
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
        request = rpc.TxnRequest(
            success=[
                _range_operation(config_key(self.prefix).encode()),
                _range_operation(prefix, _range_end(prefix)),
            ]
        )
        response = self._transaction(request).value
        configs, entries = (operation.response_range.kvs for operation in response.responses)
        read = [
            parse_entry(
                self.prefix, kv.key, kv.value, lease_id=kv.lease, mod_revision=kv.mod_revision
            )
            for kv in entries
        ]
        return Snapshot(
            revision=response.header.revision,
            cluster_id=response.header.cluster_id,
            network=_stored_network(configs[0]) if configs else None,
            leases=tuple(
                sorted(
                    (entry for entry in read if isinstance(entry, Lease)),
                    key=lambda lease: lease.subnet,
                )
            ),
            invalid=tuple(entry for entry in read if isinstance(entry, InvalidEntry)),
        )

    def write_network(self, text: str | None, since: Snapshot) -> int:
        """Put *text* as the configuration, or remove it when None; return the new revision.

        Raises WriteConflictError when, after *since*, it was written or a lease was created.
        """
        write = _Write(config_key(self.prefix), since.network_revision, text)
        return self._write([write], [self._no_lease_created_after(since.revision)])

    def commit(
        self, changes: Sequence[LeaseChange], since: Snapshot | None = None
    ) -> tuple[Lease, ...]:
        """Carry out *changes* and return the leases as they now stand, without the deleted ones.

        Each transaction is atomic and holds only while every touched lease is as it was read, and,
        with *since*, while no lease was created and the configuration not written after it. So two
        allocators give neither one subnet, nor overlapping ones, to two hosts. Up to 126 keys make
        one transaction; of more, the first may stand when a later one raises WriteConflictError.
        Creating a lease needs *since*. Raises LeaseExpiredError for an etcd lease that is gone.
        """
        if since is None and any(_creates(change) for change in changes):
            raise ValueError("to create a lease, the snapshot that it was decided on is needed")
        granted = self._grant([change.ttl for change in changes if change.ttl is not None])
        lease_ids = iter(granted)
        settled = [
            replace(change, after=replace(change.after, lease_id=next(lease_ids)))
            if change.after is not None and change.ttl is not None
            else change
            for change in changes
        ]
        try:
            revisions = self._commit(settled, since)
        except BaseException:
            self._revoke_unused(granted)
            raise
        return tuple(
            replace(
                change.after,
                mod_revision=revisions[self._key(change.after)],
            )
            for change in settled
            if change.after is not None
        )

    def keep_alive(self, lease_id: int) -> int:
        """Keep the etcd lease *lease_id* alive; return its full time to live in seconds.

        Raises LeaseExpiredError when it is gone.
        """

        def keep_alive(client: Any, timeout: float) -> Any:
            requests = iter([rpc.LeaseKeepAliveRequest(ID=lease_id)])
            return next(client.leasestub.LeaseKeepAlive(requests, timeout, **login(client)))

        ttl = int(self._connection.call(keep_alive).value.TTL)
        if ttl <= 0:
            raise LeaseExpiredError(f"The etcd lease {lease_id:x} has expired.")
        return ttl

    def times_to_live(self, lease_ids: Iterable[int]) -> dict[int, TimeToLive]:
        """Return how long each etcd lease lives; expired ones are left out."""
        wanted = [lease_id for lease_id in dict.fromkeys(lease_ids) if lease_id]
        answers = self._each(
            wanted,
            lambda client, lease_id: (
                client.leasestub.LeaseTimeToLive,
                rpc.LeaseTimeToLiveRequest(ID=lease_id),
            ),
        )
        return {
            lease_id: TimeToLive(int(answer.TTL), int(answer.grantedTTL))
            for lease_id, answer in zip(wanted, answers, strict=True)
            if answer.TTL > 0
        }

    def open_watch(self, start_revision: int, cluster_id: int = 0) -> WatchStream:
        """Open the stream of changes from *start_revision* on, at the next endpoint in turn.

        The revision counts in the cluster of that ID, such as an earlier stream's; 0 takes any.
        Raises StoreUnavailableError, StoreRefusedError and HistoryLostError.
        """
        members = self._settings.members
        endpoint = members[self._watched % len(members)]
        self._watched += 1
        return WatchStream(self._settings, endpoint, start_revision, cluster_id)

    def _key(self, lease: Lease) -> str:
        return subnet_key(self.prefix, lease.subnet, lease.ipv6_subnet)

    def _commit(self, changes: Sequence[LeaseChange], since: Snapshot | None) -> dict[str, int]:
        revisions: dict[str, int] = {}
        revision = since.revision if since else 0
        for batch in _batches([write for change in changes for write in self._writes(change)]):
            guards = []
            if since is not None:
                guards = [
                    self._no_lease_created_after(revision),
                    _unchanged(config_key(self.prefix), since.network_revision),
                ]
            # The next transaction must not take what this one creates for another's work.
            revision = self._write(batch, guards)
            revisions |= dict.fromkeys((write.key for write in batch), revision)
        return revisions

    def _writes(self, change: LeaseChange) -> Iterator[_Write]:
        before, after = change.before, change.after
        expected = before.mod_revision if before is not None else 0
        if before is not None and (after is None or self._key(before) != self._key(after)):
            yield _Write(self._key(before), expected, None)
            expected = 0
        if after is not None:
            yield _Write(self._key(after), expected, serialise_lease(after), after.lease_id)

    def _write(self, writes: Sequence[_Write], guards: Sequence[Any]) -> int:
        """Write in one transaction and return its revision. Raises WriteConflictError."""
        request = rpc.TxnRequest(
            compare=[*(_unchanged(write.key, write.expected) for write in writes), *guards],
            success=[_operation(write) for write in writes],
            failure=[_range_operation(write.key.encode()) for write in writes],
        )
        answer = self._transaction(request)
        response = answer.value
        if response.succeeded:
            return int(response.header.revision)
        stored = [
            next(iter(operation.response_range.kvs), None) for operation in response.responses
        ]
        if answer.repeated and all(map(_Write.is_done, writes, stored)):
            return max((int(kv.mod_revision) for kv in stored if kv is not None), default=0) or int(
                response.header.revision
            )
        changed = [
            write.key
            for write, kv in zip(writes, stored, strict=True)
            if (kv.mod_revision if kv is not None else 0) != write.expected
        ]
        what = f"{changed[0]} was" if changed else "the configuration or another lease was"
        raise WriteConflictError(f"Another writer was faster: {what} written meanwhile; try again.")

    def _no_lease_created_after(self, revision: int) -> Any:
        prefix = subnets_prefix(self.prefix).encode()
        return rpc.Compare(
            result=rpc.Compare.LESS,
            target=rpc.Compare.CREATE,
            key=prefix,
            range_end=_range_end(prefix),
            create_revision=revision + 1,
        )

    def _transaction(self, request: Any) -> Answer[Any]:
        return self._connection.call(
            lambda client, timeout: client.kvstub.Txn(request, timeout, **login(client))
        )

    def _grant(self, ttls: Sequence[int]) -> list[int]:
        answers = self._each(
            ttls,
            lambda client, ttl: (client.leasestub.LeaseGrant, rpc.LeaseGrantRequest(TTL=ttl)),
        )
        return [int(answer.ID) for answer in answers]

    def _revoke_unused(self, lease_ids: Sequence[int]) -> None:
        """Give granted leases back after a failure, unless a key of an earlier batch is on them."""
        try:
            used = {lease.lease_id for lease in self.snapshot().leases}
            self._each(
                [lease_id for lease_id in lease_ids if lease_id not in used],
                lambda client, lease_id: (
                    client.leasestub.LeaseRevoke,
                    rpc.LeaseRevokeRequest(ID=lease_id),
                ),
            )
        except StoreError:
            # They expire by themselves; the failure that led here is the one to report.
            return

    def _each(self, values: Sequence[T], request: Callable[[Any, T], tuple[Any, Any]]) -> list[Any]:
        """Send one request for each of *values*, many at once, and return the answers in order."""
        answers: list[Any] = []
        for start in range(0, len(values), _CALLS_IN_FLIGHT):
            some = values[start : start + _CALLS_IN_FLIGHT]

            def send(client: Any, timeout: float, some: Sequence[T] = some) -> list[Any]:
                pending = []
                for value in some:
                    method, message = request(client, value)
                    pending.append(method.future(message, timeout, **login(client)))
                return [call.result() for call in pending]

            answers += self._connection.call(send).value
        return answers


class _Translated:
    """Turns what gRPC raises on the stream of *endpoint* into errors of the store."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, grpc.RpcError):
            return
        if _is_outage(error):
            reason = _reason(error)
            outage = StoreUntrustedError if _is_distrust(reason) else StoreUnavailableError
            raise outage(f"{self._endpoint}: {reason}.") from error
        raise _refusal(self._endpoint, error) from error


def _connect(settings: StoreSettings, endpoint: Endpoint, timeout: float) -> Any:
    """Return a client that has logged in, by the former password where the new one is refused."""
    try:
        try:
            return _client(settings, endpoint, timeout, settings.password)
        except grpc.RpcError as error:
            if settings.former_password is None or not _login_failed(error):
                raise
            return _client(settings, endpoint, timeout, settings.former_password)
    except OSError as error:
        raise StoreFileError(
            f"The TLS file {error.filename} cannot be read: {error.strerror}."
        ) from error


def _client(
    settings: StoreSettings, endpoint: Endpoint, timeout: float, password: str | None
) -> Any:
    tls = settings.tls
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


def login(client: Any) -> dict[str, Any]:
    """Return the arguments by which each call of a stub says who calls."""
    return {"credentials": client.call_credentials, "metadata": client.metadata}


def _token_expired(error: Any) -> bool:
    """Tell whether a login is no longer taken; identities by certificate need none."""
    return error.code() is grpc.StatusCode.UNAUTHENTICATED


def _login_failed(error: Any) -> bool:
    """Tell whether the password is not the user's (rpctypes/error.go: ErrGRPCAuthFailed)."""
    return "authentication failed" in _reason(error)


def _access_changed(error: Any) -> bool:
    """Tell whether users or roles were changed while the request waited: it was not carried out."""
    return "revision of auth store is old" in _reason(error)


def _is_outage(error: Any) -> bool:
    """Tell whether another endpoint, or the same one later, may well answer."""
    return error.code() in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
    )


def _reason(error: Any) -> str:
    return str(error.details() or error.code().name.lower()).strip().rstrip(".")


def _refusal(endpoint: Endpoint, error: Any) -> StoreError:
    if error.code() is grpc.StatusCode.NOT_FOUND and "lease not found" in _reason(error):
        return LeaseExpiredError(f"{endpoint} no longer knows the etcd lease; grant a new one.")
    return StoreRefusedError(
        f"{endpoint} refused the request: {_reason(error)} ({error.code().name}); "
        "check the user, its password and its roles, and what etcd logs."
    )


def _is_distrust(reason: str) -> bool:
    """Tell whether the endpoint was reached, and TLS failed."""
    return any(words in reason.lower() for words in _WORDS_OF_DISTRUST)


def _unavailable(failures: dict[Endpoint, str], timeout: float) -> StoreUnavailableError:
    reasons = "; ".join(f"{endpoint}: {reason}" for endpoint, reason in failures.items())
    tried = (
        f"No endpoint of the store answered within {timeout:g} s ({reasons or 'none was tried'})"
    )
    if any(map(_is_distrust, failures.values())):
        return StoreUntrustedError(
            f"{tried}; check that the certificates of both sides, the authority's too, are valid "
            "and belong together."
        )
    return StoreUnavailableError(
        f"{tried}; check that etcd runs there and that its client port can be reached."
    )


def _range_end(prefix: bytes) -> bytes:
    """Return the end of the range of all keys that begin with *prefix*, which ends in a slash."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def _range_operation(key: bytes, range_end: bytes = b"") -> Any:
    return rpc.RequestOp(request_range=rpc.RangeRequest(key=key, range_end=range_end))


def _operation(write: _Write) -> Any:
    key = write.key.encode()
    if write.value is None:
        return rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=key))
    return rpc.RequestOp(
        request_put=rpc.PutRequest(key=key, value=write.value.encode(), lease=write.lease_id)
    )


def _unchanged(key: str, revision: int) -> Any:
    """Compare that *key* was last written at *revision*; a key that is not there has revision 0."""
    return rpc.Compare(
        result=rpc.Compare.EQUAL,
        target=rpc.Compare.MOD,
        key=key.encode(),
        mod_revision=revision,
    )


def _creates(change: LeaseChange) -> bool:
    before, after = change.before, change.after
    return after is not None and (before is None or before.subnet != after.subnet)


def _batches(writes: Sequence[_Write]) -> Iterator[list[_Write]]:
    """Cut *writes* into transactions: what is deleted first, no key twice, no more than etcd takes.

    Deleting first lets hosts take over each other's subnets.
    """
    batch: dict[str, _Write] = {}
    for write in sorted(writes, key=lambda write: write.value is not None):
        if write.key in batch or len(batch) == _WRITES_PER_TRANSACTION:
            yield list(batch.values())
            batch = {}
        batch[write.key] = write
    if batch:
        yield list(batch.values())


def _stored_network(kv: Any) -> StoredNetwork:
    return StoredNetwork(kv.value.decode(errors="replace"), int(kv.mod_revision))


def _key_event(event: Any) -> KeyEvent:
    deleted = event.type == event.DELETE
    return KeyEvent(
        key=event.kv.key,
        value=None if deleted else event.kv.value,
        lease_id=event.kv.lease,
        mod_revision=event.kv.mod_revision,
    )
