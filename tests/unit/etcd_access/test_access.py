# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.etcd_access.access import (
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
    WantedAccess,
    access_after,
    describe,
    plan,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.transaction import prefix_end

READ = Permission(b"/n/", b"/n0", PermissionType.READ)
WRITE = Permission(b"/n/a", b"", PermissionType.WRITE)
BOTH = Permission(b"/n/a", b"", PermissionType.READWRITE)

NAMES = st.sampled_from(["weft-a", "weft-b", "other"])
ROLES = st.dictionaries(
    NAMES,
    st.sampled_from([frozenset[Permission](), frozenset({READ, WRITE}), frozenset({BOTH})]),
)


def state(
    roles: dict[str, frozenset[Permission]] | None = None,
    users: dict[str, frozenset[str]] | None = None,
    enabled: bool = False,
) -> AccessState:
    return AccessState(enabled, roles or {}, users or {})


def applied(steps: Iterable[Step], before: AccessState) -> AccessState:
    """What etcd makes of the steps; it refuses what is there already, and what is not."""
    enabled, roles, users = before.enabled, dict(before.roles), dict(before.users)
    for step in steps:
        match step:
            case AddRole(role):
                assert role not in roles
                roles[role] = frozenset()
            case DeleteRole(role):
                del roles[role]
                users = {name: held - {role} for name, held in users.items()}
            case GrantPermission(role, permission):
                others = (held for held in roles[role] if held.keys != permission.keys)
                roles[role] = frozenset({*others, permission})
            case RevokePermission(role, permission):
                assert permission in roles[role]
                roles[role] -= {permission}
            case AddUser(user):
                assert user not in users
                users[user] = frozenset()
            case DeleteUser(user):
                del users[user]
            case GrantRole(user, role):
                assert role in roles or role == ROOT
                users[user] |= {role}
            case RevokeRole(user, role):
                assert role in users[user]
                users[user] -= {role}
            case EnableAuth():
                assert ROOT in users[ROOT]
                enabled = True
    return AccessState(enabled, roles, users)


@given(
    before=ROLES,
    wanted=ROLES,
    memberships=st.booleans(),
    purge=st.sampled_from([None, "weft-"]),
    absent=st.frozensets(NAMES),
)
def test_the_steps_lead_to_the_predicted_state(
    before: dict[str, frozenset[Permission]],
    wanted: dict[str, frozenset[Permission]],
    memberships: bool,
    purge: str | None,
    absent: frozenset[str],
) -> None:
    held = {name: frozenset({name}) for name in before}
    users = {name: frozenset({name} if memberships else ()) for name in wanted}
    asked = WantedAccess(
        True, wanted, users | {ROOT: frozenset({ROOT})}, absent - wanted.keys(), purge
    )
    was = state(before, held)
    became = applied(plan(was, asked), was)
    assert became == access_after(was, asked)
    assert became.enabled
    assert became.roles.items() >= wanted.items()
    assert plan(became, asked) == ()


def test_what_is_not_named_stays() -> None:
    was = state({"other": frozenset({READ})}, {"someone": frozenset({"other"})}, enabled=True)
    assert plan(was, WantedAccess(False, {}, {}, purge_prefix="weft-")) == ()
    assert access_after(was, WantedAccess(False, {}, {})) == was


def test_access_is_taken_before_it_is_given() -> None:
    was = state({"weft-a": frozenset({WRITE}), "weft-old": frozenset()}, {})
    steps = plan(was, WantedAccess(False, {"weft-a": frozenset({READ})}, {}, purge_prefix="weft-"))
    assert steps == (
        DeleteRole("weft-old"),
        RevokePermission("weft-a", WRITE),
        GrantPermission("weft-a", READ),
    )


def test_another_kind_of_access_replaces_the_one_that_was() -> None:
    was = state({"weft-a": frozenset({WRITE})})
    steps = plan(was, WantedAccess(False, {"weft-a": frozenset({BOTH})}, {}))
    assert steps == (GrantPermission("weft-a", BOTH),)


def test_authentication_needs_root() -> None:
    with pytest.raises(AccessError, match="the user root with the role root"):
        plan(state(), WantedAccess(True, {}, {}))


def test_a_user_needs_roles_that_there_are() -> None:
    for wanted in (
        WantedAccess(False, {}, {"x": frozenset({"none"})}),
        WantedAccess(False, {}, {"x": frozenset({"old"})}, absent=frozenset({"old"})),
    ):
        with pytest.raises(AccessError, match="of user 'x' does not exist"):
            plan(state({"old": frozenset()}), wanted)


@pytest.mark.parametrize(
    ("absent", "purge", "message"),
    [
        (frozenset({"root"}), None, "root cannot be absent"),
        (frozenset({"a"}), None, "'a' is listed as present and as absent"),
        (frozenset(), "r", "would delete root"),
        (frozenset(), "", "would delete root"),
    ],
)
def test_what_cannot_be_is_named(absent: frozenset[str], purge: str | None, message: str) -> None:
    with pytest.raises(AccessError, match=message):
        WantedAccess(False, {"a": frozenset()}, {}, absent, purge)


def test_a_prefix_ends_where_the_next_one_begins() -> None:
    assert prefix_end(b"/n/") == b"/n0"
    assert prefix_end(b"a\xff") == b"b"
    assert prefix_end(b"\xff") == b"\0"


def test_a_diff_tells_of_what_is_named() -> None:
    roles = {"weft-a": frozenset({READ, WRITE}), "other": frozenset({READ})}
    text = describe(state(roles, {"weft-a": frozenset({"weft-a"})}, enabled=True), ["weft-a"])
    assert text == ("authentication: on\nrole weft-a: read /n/*, write /n/a\nuser weft-a: weft-a\n")
