# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules etcd_member and etcd_member_info, run by ansible against real members of etcd."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.store.etcd_server import EtcdMember, TlsFiles, start_cluster
from tests.store.test_modules import Outcome, run_module
from tests.waiting import eventually

# A call of ansible takes a second, on a busy machine several.
pytestmark = pytest.mark.timeout(300)

JOINING = ("--initial-cluster-state", "existing")

NewMember = Callable[..., EtcdMember]


@pytest.fixture
def new_member(tmp_path: Path) -> Iterator[NewMember]:
    """Make members that end with the test."""
    with ExitStack() as ending:

        def make(name: str, *options: str) -> EtcdMember:
            member = EtcdMember(name, tmp_path / name, options=options)
            ending.callback(member.kill)
            return member

        yield make


@pytest.fixture
def first(new_member: NewMember) -> EtcdMember:
    member = new_member("first")
    member.start()
    return member


def peer_url(member: EtcdMember) -> str:
    return member.peer.partition("=")[2]


def ask(speaker: EtcdMember, member: EtcdMember, *flags: str, **options: object) -> Outcome:
    arguments = {
        "endpoints": [speaker.url],
        "name": member.name,
        "peer_urls": [peer_url(member)],
        **options,
    }
    return run_module("etcd_member", arguments, *flags)


def info(member: EtcdMember, **options: object) -> Outcome:
    arguments = {
        "endpoint": member.url,
        "data_directory": str(member.directory / "data"),
        "configuration": str(member.directory / "environment"),
    }
    return run_module("etcd_member_info", arguments | options)


def listed(speaker: EtcdMember) -> dict[str, bool]:
    """Return the members' names, and whether each is a learner, as etcdctl shows them."""
    rows = speaker.etcdctl("member", "list").stdout.splitlines()
    cells = [row.split(", ") for row in rows]
    return {row[2]: row[5] == "true" for row in cells}


def test_a_member_joins_as_a_learner_and_gets_its_vote(
    first: EtcdMember, new_member: NewMember
) -> None:
    second = new_member("second", *JOINING)
    predicted = ask(first, second, "--check", "--diff")
    assert predicted.changed
    assert f"+second {peer_url(second)} learner" in predicted.output
    assert listed(first) == {"first": False}

    added = ask(first, second, "--diff")
    assert added.changed
    assert added.result["initial_cluster"] == predicted.result["initial_cluster"]
    assert set(added.result["initial_cluster"].split(",")) == {first.peer, second.peer}
    assert listed(first) == {"first": False, "": True}

    # Interrupted here, the next run goes on.
    again = ask(first, second)
    assert not again.changed
    assert again.result["initial_cluster"] == added.result["initial_cluster"]

    second.launch(added.result["initial_cluster"])
    waited = info(second, timeout=20).result
    assert waited["status"]["learner"]
    assert waited["status"]["leader"]
    assert waited["members"] == []
    assert ask(first, second, state="voting").changed
    second.await_health()
    assert listed(first) == {"first": False, "second": False}
    assert not ask(first, second, state="voting").changed
    first.etcdctl("put", "key", "value")
    assert second.get("key") == "value"


def test_a_cluster_of_three_grows_to_five(cluster: list[EtcdMember], new_member: NewMember) -> None:
    speaker = cluster[0]
    speaker.etcdctl("put", "key", "value")
    for number in (4, 5):
        joining = new_member(f"m{number}", *JOINING)
        joining.launch(ask(speaker, joining).result["initial_cluster"])
        assert info(joining, timeout=60).result["status"]["learner"]
        assert ask(speaker, joining, state="voting").changed
        joining.await_health()
        assert joining.get("key") == "value"
    names = {member.name for member in cluster} | {"m4", "m5"}
    assert listed(speaker) == dict.fromkeys(names, False)


def test_a_follower_with_authentication_is_no_obstacle_to_a_vote(
    new_member: NewMember, tls_files: TlsFiles
) -> None:
    guard = ("--client-cert-auth", "--trusted-ca-file", str(tls_files.ca))
    voters = [new_member(name, *guard) for name in ("one", "two")]
    learner = new_member("learner", *guard, *JOINING)
    for member in (*voters, learner):
        member.tls = tls_files
    for member in voters:
        member.launch(",".join(member.peer for member in voters))
    for member in voters:
        member.await_health()
    for words in (
        ("user", "add", "root", "--no-password"),
        ("user", "grant-role", "root", "root"),
        ("auth", "enable"),
    ):
        voters[0].etcdctl(*words)
    status = json.loads(voters[0].etcdctl("endpoint", "status", "-w", "json").stdout)[0]["Status"]
    follower = voters[1 if status["header"]["member_id"] == status["leader"] else 0]
    login = {
        "ca_cert": str(tls_files.ca),
        "client_cert": str(tls_files.client),
        "client_key": str(tls_files.client_key),
    }
    learner.launch(ask(follower, learner, **login).result["initial_cluster"])
    assert ask(follower, learner, state="voting", **login).changed
    learner.await_health()
    assert listed(follower) == {"one": False, "two": False, "learner": False}


def test_a_learner_that_does_not_run_gets_no_vote(first: EtcdMember, new_member: NewMember) -> None:
    second = new_member("second", *JOINING)
    ask(first, second)
    refused = ask(first, second, state="voting", timeout=1)
    assert "can only promote a learner member which is in sync with leader" in refused.message
    assert ask(first, second, state="absent").failed is False


def test_a_dead_member_is_replaced_and_the_data_come_back(tmp_path: Path) -> None:
    members = start_cluster(tmp_path, 3)
    try:
        alive, _other, dead = members
        alive.etcdctl("put", "key", "value")
        dead.kill()
        alive.await_health()
        shutil.rmtree(dead.directory / "data")
        predicted = ask(alive, dead, "--check", data_lost=True)
        replaced = ask(alive, dead, data_lost=True)
        assert predicted.changed
        assert replaced.changed
        old_ids = {each["id"] for each in predicted.result["members"]}
        assert len({each["id"] for each in replaced.result["members"]} - old_ids) == 1
        assert not ask(alive, dead, data_lost=True).changed

        dead.options = JOINING
        dead.launch(replaced.result["initial_cluster"])
        assert info(dead, timeout=20).result["status"]["learner"]
        assert ask(alive, dead, state="voting").changed
        dead.await_health()
        assert dead.get("key") == "value"
        assert listed(alive) == {"m0": False, "m1": False, "m2": False}
    finally:
        for member in members:
            member.kill()


def test_members_go_until_one_is_left(cluster: list[EtcdMember]) -> None:
    stays, second, third = cluster
    predicted = ask(stays, third, "--check", "--diff", state="absent")
    assert predicted.changed
    assert f"-m2 {peer_url(third)}" in predicted.output
    assert set(listed(stays)) == {"m0", "m1", "m2"}
    assert ask(stays, third, state="absent").changed
    assert not ask(stays, third, state="absent").changed
    stays.await_health()
    assert ask(stays, second, state="absent").changed
    assert set(listed(stays)) == {"m0"}
    last = ask(stays, stays, state="absent")
    assert "m0 is the only voting member" in last.message


def test_a_removal_that_would_cost_the_majority_is_refused(cluster: list[EtcdMember]) -> None:
    alive, other, dead = cluster
    dead.kill()
    alive.await_health()
    refused = ask(alive, other, state="absent")
    assert "without m1 the cluster would lose its majority" in refused.message
    assert set(listed(alive)) == {"m0", "m1", "m2"}


def test_a_lost_majority_is_seen_and_nothing_is_changed(cluster: list[EtcdMember]) -> None:
    alive, *dead = cluster
    for member in dead:
        member.kill()

    def leaderless() -> dict[str, Any] | None:
        seen = info(alive).result
        return None if seen["status"]["leader"] else seen

    seen = eventually(leaderless, "the member has no leader", 60, pause=0.1)
    assert seen is not None
    assert seen["status"]["errors"] == ["etcdserver: no leader"]
    assert (seen["data"], seen["members"], seen["alarms"]) == (True, [], [])
    refused = ask(alive, dead[0], data_lost=True, timeout=1)
    assert refused.failed


def test_an_address_that_changed_is_told_to_the_cluster(cluster: list[EtcdMember]) -> None:
    speaker, moved, _third = cluster
    urls = ["http://127.0.0.1:9"]
    assert ask(speaker, moved, "--check", peer_urls=urls).changed
    assert ask(speaker, moved, peer_urls=urls).changed
    assert urls[0] in speaker.etcdctl("member", "list").stdout
    assert not ask(speaker, moved, peer_urls=urls).changed


def test_a_full_database_is_seen(new_member: NewMember) -> None:
    small = new_member("small", "--quota-backend-bytes", str(64 * 1024))
    small.start()
    small.etcdctl("put", "key", "x" * 60000, check=False)
    refused = small.etcdctl("put", "key", "x" * 60000, check=False)
    assert "database space exceeded" in refused.stderr
    seen = info(small).result
    assert seen["alarms"] == [{"member_id": seen["status"]["member_id"], "kind": "NOSPACE"}]


def test_a_host_without_a_member_is_no_error(new_member: NewMember) -> None:
    seen = info(new_member("nobody")).result
    assert (seen["status"], seen["data"], seen["initial_state"]) == (None, False, "")
    assert "etcdctl endpoint status" in seen["problem"]


def test_a_cluster_that_is_away_is_named(new_member: NewMember) -> None:
    nobody = new_member("nobody")
    assert f"at {nobody.url}" in ask(nobody, nobody).message
