# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a group of hosts does about its etcd, for every state an interrupted run may leave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.etcd.cluster import Member, Status
from ansible_collections.weft.overlay.plugins.module_utils.etcd.plan import (
    Observation,
    lost_majority,
    plan_group,
)


def status(number: int, *, leader: int = 1, cluster: int = 7, learner: bool = False) -> Status:
    return Status(number, cluster, leader, "3.5.16", learner, 1, 1, 1, 1, ())


def member(number: int, *, learner: bool = False, started: bool = True) -> Member:
    return Member(
        number, f"h{number}" if started else "", (f"http://192.0.2.{number}:2380",), (), learner
    )


def bare(number: int) -> Observation:
    return Observation(f"h{number}", f"http://192.0.2.{number}:2379")


def unreachable(number: int) -> Observation:
    return replace(bare(number), url="", reachable=False)


def stopped(number: int) -> Observation:
    return replace(bare(number), data=True, initial_state="existing")


def runs(number: int, *members: Member, leader: int = 1, learner: bool = False) -> Observation:
    return replace(
        stopped(number), status=status(number, leader=leader, learner=learner), members=members
    )


class TestForming:
    def test_the_first_of_the_group_forms_and_the_others_join(self) -> None:
        plan = plan_group([bare(1), bare(2), bare(3)])
        assert (plan.forms, plan.joins, plan.problem) == ("h1", ("h2", "h3"), "")

    def test_one_that_was_interrupted_goes_on_wherever_it_stands_in_the_group(self) -> None:
        begun = replace(bare(2), initial_state="new")
        plan = plan_group([replace(bare(1), initial_state="existing"), begun])
        assert (plan.forms, plan.joins) == ("h2", ("h1",))

    def test_none_is_formed_while_a_host_may_hold_one(self) -> None:
        plan = plan_group([bare(1), unreachable(2), bare(3)])
        assert plan.forms is None
        assert "h2 cannot be reached" in plan.problem

    def test_none_is_formed_where_one_was_and_its_data_are_gone(self) -> None:
        plan = plan_group([replace(bare(1), initial_state="existing"), bare(2)])
        assert plan.forms is None
        assert "weft.overlay.restore" in plan.problem

    def test_none_is_formed_beside_one_that_is_stopped(self) -> None:
        plan = plan_group([bare(1), stopped(2), bare(3)])
        assert (plan.forms, plan.joins, plan.silent) == (None, (), ("h2",))


class TestRunning:
    def test_nothing_is_left_to_do(self) -> None:
        all_three = (member(1), member(2), member(3))
        plan = plan_group([runs(number, *all_three) for number in (1, 2, 3)])
        assert (plan.joins, plan.speaker, plan.problem, plan.strays) == ((), "h1", "", ())

    def test_new_hosts_join_in_the_groups_order(self) -> None:
        plan = plan_group([bare(3), runs(1, member(1)), bare(2)])
        assert (plan.forms, plan.joins, plan.replaces) == (None, ("h3", "h2"), ())
        assert plan.speaker_url == "http://192.0.2.1:2379"

    def test_one_that_was_added_and_never_started_goes_on(self) -> None:
        plan = plan_group([runs(1, member(1), member(2, started=False, learner=True)), bare(2)])
        assert (plan.joins, plan.replaces) == (("h2",), ())

    def test_a_learner_goes_on_before_others_join(self) -> None:
        members = (member(1), member(3, learner=True))
        plan = plan_group([runs(1, *members), bare(2), runs(3, learner=True)])
        assert plan.joins == ("h3", "h2")

    def test_a_learner_that_is_stopped_goes_on_too(self) -> None:
        plan = plan_group([runs(1, member(1), member(2, learner=True)), stopped(2)])
        assert plan.joins == ("h2",)
        assert plan.silent == ("h2",)

    def test_a_learner_that_has_not_published_its_name_is_found_by_its_address(self) -> None:
        unnamed = member(2, started=False, learner=True)
        plan = plan_group([runs(1, member(1), unnamed), stopped(2), bare(3)])
        assert plan.joins == ("h2", "h3")

    def test_a_host_without_its_data_is_replaced(self) -> None:
        all_three = (member(1), member(2), member(3))
        plan = plan_group([runs(1, *all_three), runs(2, *all_three), bare(3)])
        assert (plan.joins, plan.replaces) == (("h3",), ("h3",))

    def test_a_host_out_of_reach_is_left_alone(self) -> None:
        all_three = (member(1), member(2), member(3))
        plan = plan_group([unreachable(3), runs(1, *all_three), runs(2, *all_three)])
        assert (plan.joins, plan.replaces, plan.problem) == ((), (), "")

    def test_a_member_of_no_host_is_named_and_left_alone(self) -> None:
        plan = plan_group([runs(1, member(1), member(9))])
        assert plan.strays == ("h9",)

    def test_a_learner_does_not_speak_for_the_cluster(self) -> None:
        members = (member(1), member(2, learner=True))
        plan = plan_group([runs(2, leader=1, learner=True), runs(1, *members)])
        assert plan.speaker == "h1"

    def test_data_of_a_removed_member_are_named(self) -> None:
        plan = plan_group([runs(1, member(1)), stopped(2)])
        assert plan.problem.startswith("h2 has etcd data but is not a member")
        assert (plan.speaker, plan.joins) == ("h1", ())

    def test_data_that_are_looked_for_elsewhere_are_no_reason_to_join_anew(self) -> None:
        all_three = (member(1), member(2), member(3))
        moved = [replace(runs(number, *all_three), data=False) for number in (2, 3)]
        plan = plan_group([runs(1, *all_three), *moved])
        assert (plan.joins, plan.replaces) == ((), ())
        assert plan.problem.startswith("etcd runs on h2, h3 and has no data in etcd_data_directory")

    def test_two_clusters_are_named(self) -> None:
        other = replace(runs(2, member(2)), status=status(2, leader=2, cluster=8))
        plan = plan_group([runs(1, member(1)), other])
        assert "2 clusters (7: h1; 8: h2)" in plan.problem


def refused(number: int) -> Observation:
    """A host whose member runs and cannot be reached."""
    return replace(stopped(number), problem="etcdctl endpoint status: connection refused")


@pytest.mark.parametrize(
    ("observations", "words"),
    [
        ([stopped(1)], "etcd does not answer: no answer from h1."),
        (
            [refused(1), refused(2), bare(3)],
            "no answer from h1 (etcdctl endpoint status: connection refused), h2",
        ),
        (
            [runs(1, leader=0), refused(2), unreachable(3)],
            "etcd has no majority: no answer from h2 (etcdctl endpoint status: connection refused)"
            ", h3 (unreachable for Ansible), no leader on h1.",
        ),
    ],
)
def test_a_failed_connection_is_no_reason_for_a_restore(
    observations: list[Observation], words: str
) -> None:
    assert plan_group(observations).speaker is None
    message = lost_majority(observations)
    assert words in message
    assert "TCP 2379 and 2380" in message
    assert "restore" not in message


def test_a_majority_without_data_is_reported_with_the_restore() -> None:
    message = lost_majority([runs(1, leader=0), bare(2), bare(3)])
    assert (
        "etcd has no majority: no answer from h2 (no data), h3 (no data), no leader on h1."
        in message
    )
    assert "weft.overlay.restore -e restore_from=snapshot" in message
