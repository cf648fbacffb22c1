# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's users and roles over gRPC: reading them, and carrying out the steps of ``access``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import (
    Connection,
    login,
    messages,
)
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
    Enable,
    GiveRole,
    Grant,
    Kind,
    Permission,
    Revoke,
    Step,
    TakeRole,
)

# AuthUserAddRequest.options.no_password = true (etcd 3.4, api/etcdserverpb/rpc.proto): etcd3's
# messages are older, and protobuf keeps fields that it does not know.
_NO_PASSWORD = b"\x1a\x02\x08\x01"


class AccessClient(Closing):
    """The users and roles of an etcd. Once authentication is on, only root reaches them."""

    def __init__(self, settings: StoreSettings) -> None:
        self._connection = Connection(settings)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def read(self, concerned: Collection[str]) -> AccessState:
        """Read which roles and users there are, and what those *concerned* may do.

        Raises StoreUnavailableError, StoreRefusedError.
        """
        roles = self._call("RoleList", messages.AuthRoleListRequest()).roles
        users = self._call("UserList", messages.AuthUserListRequest()).users
        return AccessState(
            enabled=self._is_enabled(),
            roles={
                name: self._permissions(name) if name in concerned else frozenset()
                for name in roles
            },
            users={
                name: self._roles_of(name) if name in concerned else frozenset() for name in users
            },
        )

    def carry_out(self, steps: Iterable[Step]) -> None:
        """Do *steps* one after the other; a run that broke off is taken up by planning anew.

        Raises StoreUnavailableError, StoreRefusedError.
        """
        for step in steps:
            method, request = _request(step)
            self._call(method, request)

    def takes_password(self, user: str, password: str) -> bool:
        """Tell whether *user* logs in by *password*.

        Raises AccessError where there is no such user, StoreUnavailableError, and
        StoreRefusedError, also where etcd does not ask who calls.
        """
        if user not in self._call("UserList", messages.AuthUserListRequest()).users:
            raise AccessError(f"etcd has no user {user!r}; add it, with its roles, first.")
        try:
            self._call("Authenticate", messages.AuthenticateRequest(name=user, password=password))
        except StoreRefusedError as error:
            if "authentication failed" not in str(error):
                raise
            return False
        return True

    def change_password(self, user: str, password: str) -> None:
        """Give *user* another password, which ends its sessions.

        Raises AccessError where the user logs in by certificate alone, StoreUnavailableError,
        StoreRefusedError.
        """
        self._call(
            "UserChangePassword",
            messages.AuthUserChangePasswordRequest(name=user, password=password),
        )
        # etcd says nothing where a user was made to have none.
        if not self.takes_password(user, password):
            raise AccessError(
                f"The user {user!r} takes no password: it was added with --no-password. Delete it "
                "and add it anew, with its roles."
            )

    def _permissions(self, role: str) -> frozenset[Permission]:
        # etcd keeps no list for root, which may do anything.
        if role == ROOT:
            return frozenset()
        found = self._call("RoleGet", messages.AuthRoleGetRequest(role=role)).perm
        return frozenset(
            Permission(bytes(one.key), bytes(one.range_end), Kind(one.permType)) for one in found
        )

    def _roles_of(self, user: str) -> frozenset[str]:
        return frozenset(self._call("UserGet", messages.AuthUserGetRequest(name=user)).roles)

    def _is_enabled(self) -> bool:
        """Ask by a login that must fail: etcd 3.4 has no other way, and says which it is."""
        try:
            self._call("Authenticate", messages.AuthenticateRequest(name=ROOT, password=""))
        except StoreRefusedError as error:
            return "authentication is not enabled" not in str(error)
        return True

    def _call(self, method: str, request: Any) -> Any:
        return self._connection.call(
            lambda client, timeout: getattr(messages.AuthStub(client.channel), method)(
                request, timeout, **login(client)
            )
        ).value


def _request(step: Step) -> tuple[str, Any]:
    match step:
        case AddRole(role):
            return "RoleAdd", messages.AuthRoleAddRequest(name=role)
        case DeleteRole(role):
            return "RoleDelete", messages.AuthRoleDeleteRequest(role=role)
        case Grant(role, permission):
            return "RoleGrantPermission", messages.AuthRoleGrantPermissionRequest(
                name=role,
                perm={
                    "permType": permission.kind.value,
                    "key": permission.key,
                    "range_end": permission.range_end,
                },
            )
        case Revoke(role, permission):
            # These two are strings in etcd3's messages, bytes in etcd's: the same on the wire.
            return "RoleRevokePermission", messages.AuthRoleRevokePermissionRequest(
                role=role, key=permission.key.decode(), range_end=permission.range_end.decode()
            )
        case AddUser(user):
            named = messages.AuthUserAddRequest(name=user).SerializeToString()
            return "UserAdd", messages.AuthUserAddRequest.FromString(named + _NO_PASSWORD)
        case DeleteUser(user):
            return "UserDelete", messages.AuthUserDeleteRequest(name=user)
        case GiveRole(user, role):
            return "UserGrantRole", messages.AuthUserGrantRoleRequest(user=user, role=role)
        case TakeRole(user, role):
            return "UserRevokeRole", messages.AuthUserRevokeRoleRequest(name=user, role=role)
        case Enable():
            return "AuthEnable", messages.AuthEnableRequest()
