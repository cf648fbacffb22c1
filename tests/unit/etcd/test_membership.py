# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a desired means for a cluster."""

from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.etcd.cluster import EtcdError, Member
from ansible_collections.weft.overlay.plugins.module_utils.etcd.membership import (
    Action,
    Cluster,
    DesiredMember,
    State,
    Step,
    initial_cluster,
    members_after,
    plan_steps,
    was_applied,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.versions import Version


def peer(number: int) -> str:
    return f"http://192.0.2.{number}:2380"


def member(number: int, *, learner: bool = False, started: bool = True) -> Member:
    return Member(
        id=number,
        name=f"m{number}" if started else "",
        peer_urls=(peer(number),),
        client_urls=(f"http://192.0.2.{number}:2379",) if started else (),
        learner=learner,
    )


def cluster(*members: Member, dead: tuple[int, ...] = (), minor: int = 5) -> Cluster:
    healthy = {each.id for each in members if each.id not in dead}
    return Cluster(members, healthy, Version(3, minor, 0))


def desired(number: int, state: State = State.PRESENT, *, data_lost: bool = False) -> DesiredMember:
    return DesiredMember(f"m{number}", state, (peer(number),), data_lost)


def actions(steps: tuple[Step, ...]) -> list[tuple[Action, int]]:
    return [(step.action, step.member.id) for step in steps]


class TestPresent:
    @pytest.mark.parametrize(("minor", "learner"), [(3, False), (4, True), (5, True)])
    def test_a_new_member_learns_where_etcd_lets_it(self, minor: int, learner: bool) -> None:
        (step,) = plan_steps(desired(2), cluster(member(1), minor=minor))
        assert step.action is Action.ADD
        assert step.member.learner is learner

    @pytest.mark.parametrize("started", [True, False])
    def test_a_member_that_is_there_stays(self, started: bool) -> None:
        assert plan_steps(desired(2), cluster(member(1), member(2, started=started))) == ()

    def test_one_that_never_started_has_no_data_to_lose(self) -> None:
        there = cluster(member(1), member(2, started=False, learner=True))
        assert plan_steps(desired(2, data_lost=True), there) == ()

    def test_lost_data_make_it_a_new_member(self) -> None:
        there = cluster(member(1), member(2), member(3), dead=(3,))
        steps = plan_steps(desired(3, data_lost=True), there)
        assert actions(steps) == [(Action.REMOVE, 3), (Action.ADD, 0)]
        assert steps[1].member.peer_urls == (peer(3),)

    def test_lost_data_of_one_too_many_are_refused(self) -> None:
        there = cluster(member(1), member(2), member(3), dead=(2, 3))
        with pytest.raises(EtcdError, match=r"of the 2 remaining voting members, m2 do not answer"):
            plan_steps(desired(3, data_lost=True), there)

    def test_another_address_is_told_to_the_cluster(self) -> None:
        moved = DesiredMember("m2", State.PRESENT, ("https://192.0.2.2:2380",))
        (step,) = plan_steps(moved, cluster(member(1), member(2)))
        assert (step.action, step.member.id) == (Action.UPDATE, 2)
        assert step.member.peer_urls == ("https://192.0.2.2:2380",)

    def test_a_renamed_host_is_the_member_of_its_address(self) -> None:
        renamed = DesiredMember("new-name", State.PRESENT, (peer(2),))
        assert plan_steps(renamed, cluster(member(1), member(2))) == ()


class TestVoting:
    def test_a_learner_is_promoted_once(self) -> None:
        learning = cluster(member(1), member(2, learner=True))
        assert actions(plan_steps(desired(2, State.VOTING), learning)) == [(Action.PROMOTE, 2)]
        assert plan_steps(desired(2, State.VOTING), cluster(member(1), member(2))) == ()

    def test_a_non_member_is_refused(self) -> None:
        with pytest.raises(EtcdError, match=r"m9 is not a member \(members: m1\)"):
            plan_steps(desired(9, State.VOTING), cluster(member(1)))


class TestAbsent:
    @pytest.mark.parametrize("dead", [(), (3,)])
    def test_a_member_goes_dead_or_alive(self, dead: tuple[int, ...]) -> None:
        there = cluster(member(1), member(2), member(3), dead=dead)
        assert actions(plan_steps(DesiredMember("m3", State.ABSENT), there)) == [(Action.REMOVE, 3)]

    def test_one_that_never_started_goes_by_its_id(self) -> None:
        there = cluster(member(1), member(10, started=False, learner=True))
        assert actions(plan_steps(DesiredMember("a", State.ABSENT), there)) == [(Action.REMOVE, 10)]

    def test_a_non_member_is_absent(self) -> None:
        assert plan_steps(DesiredMember("m9", State.ABSENT), cluster(member(1))) == ()

    def test_the_majority_stays(self) -> None:
        with pytest.raises(EtcdError, match="m2 do not answer"):
            plan_steps(
                DesiredMember("m3", State.ABSENT),
                cluster(member(1), member(2), member(3), dead=(2,)),
            )

    def test_a_learner_is_nobody_that_a_majority_could_count_on(self) -> None:
        there = cluster(member(1), member(2, learner=True))
        with pytest.raises(EtcdError, match="m1 is the only voting member"):
            plan_steps(DesiredMember("m1", State.ABSENT), there)

    @pytest.mark.parametrize("size", [2, 3, 4, 5])
    def test_every_member_but_the_last_can_go_while_all_are_well(self, size: int) -> None:
        members = tuple(map(member, range(1, size + 1)))
        for each in members:
            (step,) = plan_steps(DesiredMember(each.name, State.ABSENT), cluster(*members))
            assert members_after([step], members) == tuple(left for left in members if left != each)


@pytest.mark.parametrize(
    ("wanted", "before"),
    [
        (desired(2), (member(1),)),
        (DesiredMember("m2", State.PRESENT, ("https://192.0.2.2:2380",)), (member(1), member(2))),
        (desired(2, State.VOTING), (member(1), member(2, learner=True))),
        (DesiredMember("m2", State.ABSENT), (member(1), member(2))),
    ],
)
def test_a_call_without_an_answer_is_known_by_what_it_did(
    wanted: DesiredMember, before: tuple[Member, ...]
) -> None:
    (step,) = plan_steps(wanted, cluster(*before))
    done = {
        Action.ADD: (*before, member(2, started=False, learner=True)),
        Action.UPDATE: members_after([step], before),
        Action.PROMOTE: (member(1), member(2)),
        Action.REMOVE: (member(1),),
    }
    assert not was_applied(step, before)
    assert was_applied(step, done[step.action])


def test_the_initial_cluster_lists_every_member_and_names_the_new_one() -> None:
    members = (member(1), member(2, started=False), member(10, started=False))
    assert initial_cluster(desired(2), members) == f"a={peer(10)},m1={peer(1)},m2={peer(2)}"
