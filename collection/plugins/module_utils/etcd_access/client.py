# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's users and roles: reading them, and carrying out the steps of ``access``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.store.connection import Connection
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    StoreRefusedError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import StoreSettings
from ansible_collections.weft.overlay.plugins.module_utils.weft.system.closing import Closing

from .access import (
    ROOT,
    AccessError,
    AccessState,
    AddRole,
    AddUser,
    DeleteRole,
    DeleteUser,
    EnableAuth,
    GrantPermission,
    GrantRole,
    Permission,
    PermissionType,
    RevokePermission,
    RevokeRole,
    Step,
)

# AuthUserAddRequest.options.no_password = true (etcd 3.4, api/etcdserverpb/rpc.proto), encoded: the
# messages of etcd3 are older.
_NO_PASSWORD = b"\x1a\x02\x08\x01"


class AccessClient(Closing):
    """The users and roles of an etcd. Once authentication is on, only root can manage them."""

    def __init__(self, settings: StoreSettings) -> None:
        self._connection = Connection(settings)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def read(self, names: Collection[str]) -> AccessState:
        """Return all roles and users; permissions and memberships only of those in *names*.

        Raises StoreUnavailableError, StoreRefusedError.
        """
        roles = self._call("RoleList")["roles"]
        users = self._call("UserList")["users"]
        return AccessState(
            enabled=self._is_enabled(),
            roles={
                name: self._permissions(name) if name in names else frozenset() for name in roles
            },
            users={name: self._roles_of(name) if name in names else frozenset() for name in users},
        )

    def carry_out(self, steps: Iterable[Step]) -> None:
        """Carry out *steps* in order. After a failure, plan again from the state that is read.

        Raises StoreUnavailableError, StoreRefusedError.
        """
        for step in steps:
            method, request = _request(step)
            encoded = _NO_PASSWORD if isinstance(step, AddUser) else b""
            self._call(method, request, encoded)

    def accepts_password(self, user: str, password: str) -> bool:
        """Tell whether *user* can log in by *password*.

        Raises AccessError if the user does not exist, StoreUnavailableError, and StoreRefusedError,
        also if authentication is off.
        """
        if user not in self._call("UserList")["users"]:
            raise AccessError(f"etcd has no user {user!r}; add it, with its roles, first.")
        try:
            self._call("Authenticate", {"name": user, "password": password})
        except StoreRefusedError as error:
            if "authentication failed" not in str(error):
                raise
            return False
        return True

    def change_password(self, user: str, password: str) -> None:
        """Set the password of *user*, which ends its sessions.

        Raises AccessError if the user has no password, StoreUnavailableError, StoreRefusedError.
        """
        self._call("UserChangePassword", {"name": user, "password": password})
        # etcd reports success for a user that was added with --no-password, and changes nothing.
        if not self.accepts_password(user, password):
            raise AccessError(
                f"The password of user {user!r} cannot be changed: the user was added with "
                "--no-password. Delete the user and add it again, with its roles."
            )

    def _permissions(self, role: str) -> frozenset[Permission]:
        # etcd stores no permissions of root, which has all.
        if role == ROOT:
            return frozenset()
        return frozenset(
            Permission(each["key"], each["range_end"], PermissionType(each["permType"]))
            for each in self._call("RoleGet", {"role": role})["perm"]
        )

    def _roles_of(self, user: str) -> frozenset[str]:
        return frozenset(self._call("UserGet", {"name": user})["roles"])

    def _is_enabled(self) -> bool:
        """Try a login that must fail: etcd 3.4 shows in no other way whether it is enabled."""
        try:
            self._call("Authenticate", {"name": ROOT, "password": ""})
        except StoreRefusedError as error:
            return "authentication is not enabled" not in str(error)
        return True

    def _call(
        self, method: str, request: Mapping[str, Any] | None = None, encoded: bytes = b""
    ) -> Mapping[str, Any]:
        return self._connection.call(f"Auth/{method}", request or {}, encoded=encoded).message


def _request(step: Step) -> tuple[str, Mapping[str, Any]]:
    """Return the method of etcd's Auth service for *step*, and its request."""
    match step:
        case AddRole(role):
            return "RoleAdd", {"name": role}
        case DeleteRole(role):
            return "RoleDelete", {"role": role}
        case GrantPermission(role, permission):
            return "RoleGrantPermission", {
                "name": role,
                "perm": {
                    "permType": permission.kind.value,
                    "key": permission.key,
                    "range_end": permission.range_end,
                },
            }
        case RevokePermission(role, permission):
            # These two are strings in etcd3's messages, bytes in etcd's: the same on the wire.
            return "RoleRevokePermission", {
                "role": role,
                "key": permission.key.decode(),
                "range_end": permission.range_end.decode(),
            }
        case AddUser(user):
            return "UserAdd", {"name": user}
        case DeleteUser(user):
            return "UserDelete", {"name": user}
        case GrantRole(user, role):
            return "UserGrantRole", {"user": user, "role": role}
        case RevokeRole(user, role):
            return "UserRevokeRole", {"name": user, "role": role}
        case EnableAuth():
            return "AuthEnable", {}
