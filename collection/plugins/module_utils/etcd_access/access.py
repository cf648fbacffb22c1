# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, roles and permissions of etcd, and the steps from one state to another. No I/O.

etcd's rules (https://etcd.io/docs/v3.5/op-guide/authentication/rbac/): a user has roles, a role has
permissions on ranges of keys. With client certificates the common name is the user, so users need
no password. Authentication requires the user ``root`` with the role ``root``, which has all
permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.transaction import prefix_end

ROOT = "root"


class AccessError(WeftError):
    """The wanted users and roles are impossible; the message says which and why."""


class PermissionType(IntEnum):
    """The access that a permission grants, with the numbers of ``authpb.Permission.Type``."""

    READ = 0
    WRITE = 1
    READWRITE = 2


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """A kind of access to ``key``, or with ``range_end`` to all keys from ``key`` up to it."""

    key: bytes
    range_end: bytes
    kind: PermissionType

    @property
    def keys(self) -> tuple[bytes, bytes]:
        """The range of keys, to each of which a role has one kind of access."""
        return self.key, self.range_end

    def __str__(self) -> str:
        key = self.key.decode(errors="replace")
        if self.range_end == prefix_end(self.key):
            key += "*"
        elif self.range_end:
            key += f" to {self.range_end.decode(errors='replace')}"
        return f"{self.kind.name.lower()} {key}"


@dataclass(frozen=True, slots=True)
class AccessState:
    """Whether authentication is on, the permissions of each role, and the roles of each user."""

    enabled: bool
    roles: dict[str, frozenset[Permission]]
    users: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class WantedAccess:
    """The wanted roles, users and authentication, and the names to delete.

    Other users and roles stay, except those whose names begin with ``purge_prefix``.
    """

    enabled: bool
    roles: dict[str, frozenset[Permission]]
    users: dict[str, frozenset[str]]
    absent: frozenset[str] = frozenset()
    purge_prefix: str | None = None

    def __post_init__(self) -> None:
        both = sorted(self.absent & (self.roles.keys() | self.users.keys()))
        if both:
            raise AccessError(f"{both[0]!r} is listed as present and as absent; list it once.")
        if self.purge_prefix is not None and (
            not self.purge_prefix or ROOT.startswith(self.purge_prefix)
        ):
            raise AccessError(
                f"The prefix {self.purge_prefix!r} would delete root; give a prefix that only the "
                "managed names have."
            )
        if ROOT in self.absent:
            raise AccessError("root cannot be absent: no other user may manage access.")

    def removes(self, name: str) -> bool:
        """Tell whether a user or role of this name is deleted if it is not wanted."""
        return name in self.absent or (
            self.purge_prefix is not None and name.startswith(self.purge_prefix)
        )


@dataclass(frozen=True, slots=True)
class AddRole:
    """Create a role without permissions."""

    role: str


@dataclass(frozen=True, slots=True)
class DeleteRole:
    """Delete a role, which also removes it from its users."""

    role: str


@dataclass(frozen=True, slots=True)
class GrantPermission:
    """GrantPermission a role a permission; it replaces one for the same keys."""

    role: str
    permission: Permission


@dataclass(frozen=True, slots=True)
class RevokePermission:
    """RevokePermission a permission of a role."""

    role: str
    permission: Permission


@dataclass(frozen=True, slots=True)
class AddUser:
    """Create a user without a password, for login by certificate."""

    user: str


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Delete a user; its certificate has no access after that."""

    user: str


@dataclass(frozen=True, slots=True)
class GrantRole:
    """GrantPermission a user a role."""

    user: str
    role: str


@dataclass(frozen=True, slots=True)
class RevokeRole:
    """RevokePermission a role of a user."""

    user: str
    role: str


@dataclass(frozen=True, slots=True)
class EnableAuth:
    """EnableAuth authentication."""


Step: TypeAlias = (
    AddRole
    | DeleteRole
    | GrantPermission
    | RevokePermission
    | AddUser
    | DeleteUser
    | GrantRole
    | RevokeRole
    | EnableAuth
)


def plan(state: AccessState, wanted: WantedAccess) -> tuple[Step, ...]:
    """Return the steps from *state* to *wanted*; no user has more access than wanted in between.

    Raises AccessError if a user is to have a role that does not exist.
    """
    for user, roles in wanted.users.items():
        unknown = roles - wanted.roles.keys() - (state.roles.keys() - wanted.absent) - {ROOT}
        if unknown:
            raise AccessError(
                f"The role {min(unknown)!r} of user {user!r} does not exist; add it to the roles."
            )
    steps = [*_removals(state, wanted), *_roles(state, wanted), *_users(state, wanted)]
    if wanted.enabled and not state.enabled:
        if ROOT not in wanted.users.get(ROOT, state.users.get(ROOT, frozenset())):
            raise AccessError(
                "Authentication requires the user root with the role root: add it to the users."
            )
        steps.append(EnableAuth())
    return tuple(steps)


def access_after(state: AccessState, wanted: WantedAccess) -> AccessState:
    """Return the state after the steps from *state* to *wanted*."""
    roles = {name: held for name, held in state.roles.items() if not wanted.removes(name)}
    roles |= wanted.roles
    kept = {name: held for name, held in state.users.items() if not wanted.removes(name)}
    there = roles.keys() | {ROOT}
    users = {name: held & there for name, held in (kept | wanted.users).items()}
    return AccessState(state.enabled or wanted.enabled, roles, users)


def _removals(state: AccessState, wanted: WantedAccess) -> Iterator[Step]:
    for user in sorted(state.users.keys() - wanted.users.keys()):
        if wanted.removes(user):
            yield DeleteUser(user)
    for role in sorted(state.roles.keys() - wanted.roles.keys()):
        if wanted.removes(role):
            yield DeleteRole(role)


def _roles(state: AccessState, wanted: WantedAccess) -> Iterator[Step]:
    for role, permissions in wanted.roles.items():
        if role not in state.roles:
            yield AddRole(role)
        held = state.roles.get(role, frozenset())
        ranges = {permission.keys for permission in permissions}
        for permission in sorted(held - permissions):
            if permission.keys not in ranges:
                yield RevokePermission(role, permission)
        for permission in sorted(permissions - held):
            yield GrantPermission(role, permission)


def _users(state: AccessState, wanted: WantedAccess) -> Iterator[Step]:
    for user, roles in wanted.users.items():
        if user not in state.users:
            yield AddUser(user)
        held = state.users.get(user, frozenset())
        for role in sorted(held - roles):
            # Deleting a role has removed it from its users.
            if role in wanted.roles or not wanted.removes(role):
                yield RevokeRole(user, role)
        for role in sorted(roles - held):
            yield GrantRole(user, role)


def describe(state: AccessState, names: Iterable[str]) -> str:
    """Return the users and roles in *names* as lines for a diff."""
    lines = [f"authentication: {'on' if state.enabled else 'off'}"]
    for name in sorted(names):
        if name in state.roles:
            allowed = ", ".join(map(str, sorted(state.roles[name]))) or "nothing"
            lines.append(f"role {name}: {allowed}")
        if name in state.users:
            lines.append(f"user {name}: {', '.join(sorted(state.users[name])) or 'no role'}")
    return "\n".join(lines) + "\n"
