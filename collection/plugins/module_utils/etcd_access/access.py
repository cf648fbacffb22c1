# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what in etcd: users, roles and permissions, and the steps from one state to another.

etcd's rules (https://etcd.io/docs/v3.5/op-guide/authentication/rbac/): a user has roles, a role has
permissions on ranges of keys. With client certificates the common name is the user, so users need
no password. Authentication needs the user ``root`` with the role ``root``, which may do anything.
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
    """What was asked for contradicts itself; the message names it."""


class Kind(IntEnum):
    """What a permission allows, with the numbers of etcd's ``authpb.Permission.Type``."""

    READ = 0
    WRITE = 1
    READWRITE = 2


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """A kind of access to ``key``, or with ``range_end`` to all keys from ``key`` up to it."""

    key: bytes
    range_end: bytes
    kind: Kind

    @property
    def keys(self) -> tuple[bytes, bytes]:
        """The range alone: a role has one kind of access to each."""
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
    """Whether etcd asks who calls; the permissions of each role, and the roles of each user."""

    enabled: bool
    roles: dict[str, frozenset[Permission]]
    users: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class WantedAccess:
    """The roles and users that shall be, whether authentication shall be on, and what shall go.

    What is not named stays, except users and roles whose names begin with ``purge_prefix``.
    """

    enabled: bool
    roles: dict[str, frozenset[Permission]]
    users: dict[str, frozenset[str]]
    absent: frozenset[str] = frozenset()
    purge_prefix: str | None = None

    def __post_init__(self) -> None:
        both = sorted(self.absent & (self.roles.keys() | self.users.keys()))
        if both:
            raise AccessError(f"{both[0]!r} is to be present and absent; name it once.")
        if self.purge_prefix is not None and (
            not self.purge_prefix or ROOT.startswith(self.purge_prefix)
        ):
            raise AccessError(
                f"The prefix {self.purge_prefix!r} would take away root; give the beginning of the "
                "names that are managed here alone."
            )
        if ROOT in self.absent:
            raise AccessError("root cannot be absent: nobody could manage access any more.")

    def removes(self, name: str) -> bool:
        """Tell whether a user or role of this name has to go, where it is not to be present."""
        return name in self.absent or (
            self.purge_prefix is not None and name.startswith(self.purge_prefix)
        )


@dataclass(frozen=True, slots=True)
class AddRole:
    """Create a role that allows nothing yet."""

    role: str


@dataclass(frozen=True, slots=True)
class DeleteRole:
    """Remove a role, from its users too."""

    role: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Give a role a permission; another kind of access to the same keys is replaced."""

    role: str
    permission: Permission


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take a permission from a role."""

    role: str
    permission: Permission


@dataclass(frozen=True, slots=True)
class AddUser:
    """Create a user that logs in by certificate alone."""

    user: str


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Remove a user; its certificate opens nothing any more."""

    user: str


@dataclass(frozen=True, slots=True)
class GiveRole:
    """Give a user a role."""

    user: str
    role: str


@dataclass(frozen=True, slots=True)
class TakeRole:
    """Take a role from a user."""

    user: str
    role: str


@dataclass(frozen=True, slots=True)
class Enable:
    """Turn authentication on."""


Step: TypeAlias = (
    AddRole | DeleteRole | Grant | Revoke | AddUser | DeleteUser | GiveRole | TakeRole | Enable
)


def plan(state: AccessState, wanted: WantedAccess) -> tuple[Step, ...]:
    """Return the steps from *state* to *wanted*, in an order that widens nobody's access between.

    Raises AccessError where a user is to have a role that there is not.
    """
    for user, roles in wanted.users.items():
        unknown = roles - wanted.roles.keys() - (state.roles.keys() - wanted.absent) - {ROOT}
        if unknown:
            raise AccessError(f"User {user!r} is to have the role {min(unknown)!r}, which is not.")
    steps = [*_removals(state, wanted), *_roles(state, wanted), *_users(state, wanted)]
    if wanted.enabled and not state.enabled:
        if ROOT not in wanted.users.get(ROOT, state.users.get(ROOT, frozenset())):
            raise AccessError(
                "Authentication needs the user root with the role root, which manages access: "
                "add it to the users."
            )
        steps.append(Enable())
    return tuple(steps)


def after(state: AccessState, wanted: WantedAccess) -> AccessState:
    """Return what *state* becomes."""
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
                yield Revoke(role, permission)
        for permission in sorted(permissions - held):
            yield Grant(role, permission)


def _users(state: AccessState, wanted: WantedAccess) -> Iterator[Step]:
    for user, roles in wanted.users.items():
        if user not in state.users:
            yield AddUser(user)
        held = state.users.get(user, frozenset())
        for role in sorted(held - roles):
            # A role that was removed took itself from its users.
            if role in wanted.roles or not wanted.removes(role):
                yield TakeRole(user, role)
        for role in sorted(roles - held):
            yield GiveRole(user, role)


def described(state: AccessState, names: Iterable[str]) -> str:
    """Return the part of *state* that concerns *names*, as lines for a diff."""
    lines = [f"authentication: {'on' if state.enabled else 'off'}"]
    for name in sorted(names):
        if name in state.roles:
            allowed = ", ".join(map(str, sorted(state.roles[name]))) or "nothing"
            lines.append(f"role {name}: {allowed}")
        if name in state.users:
            lines.append(f"user {name}: {', '.join(sorted(state.users[name])) or 'no role'}")
    return "\n".join(lines) + "\n"
