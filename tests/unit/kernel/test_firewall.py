# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import (
    OverlayTraffic,
    desired_chains,
    docker_drops_direct_access,
    parse_rules,
    plan_removal,
    plan_repair,
    weft_rules,
)
from tests.unit.kernel.saved_rules import DOCKER_26, without_weft

TRAFFIC = OverlayTraffic(IPv4Network("100.96.0.0/16"), IPv4Network("100.96.2.0/24"), ("flannel0",))
FORWARD_BLOCK = """\
:WEFT-FORWARD - [0:0]
-A WEFT-FORWARD -s 100.96.0.0/16 -d 100.96.2.0/24 -i flannel0 -j ACCEPT
-A WEFT-FORWARD -s 100.96.2.0/24 -d 100.96.0.0/16 -o flannel0 -j ACCEPT
"""
POSTROUTING_BLOCK = """\
:WEFT-POSTROUTING - [0:0]
-A WEFT-POSTROUTING -s 100.96.2.0/24 -d 100.96.0.0/16 -j ACCEPT
-A WEFT-POSTROUTING ! -s 100.96.0.0/16 -d 100.96.0.0/16 -o flannel0 -j SNAT --to-source 100.96.2.0
"""
JUMP = "-A POSTROUTING -j WEFT-POSTROUTING\n"
RECORDED = Path(__file__).parents[2] / "kernel/recorded"
PREROUTING_BLOCK = """\
:WEFT-PREROUTING - [0:0]
-A WEFT-PREROUTING -s 100.96.0.0/16 -d 100.96.2.0/24 -i flannel0 -j ACCEPT
"""
RAW_DROP = "-A PREROUTING -d 100.96.2.2/32 ! -i docker0 -j DROP\n"
DOCKERS_MASQUERADE = "-A POSTROUTING -s 100.96.2.0/24 ! -o docker0 -j MASQUERADE\n"


def planned(saved: str, traffic: OverlayTraffic = TRAFFIC) -> str:
    return plan_repair(traffic, parse_rules(saved))


def recorded(docker: str) -> str:
    return (RECORDED / f"docker-{docker}.rules").read_text(encoding="utf-8")


def raw_block(saved: str) -> str:
    return planned(saved).partition("*raw\n")[2]


def changed(saved: str, old: str, new: str) -> str:
    assert saved.count(old) == 1
    return saved.replace(old, new)


def test_saved_rules_are_read_by_table_and_chain_in_their_order() -> None:
    tables = parse_rules(DOCKER_26)
    assert set(tables) == {"filter", "nat"}
    assert tables["filter"]["INPUT"] == ()
    assert tables["filter"]["DOCKER-USER"] == ("-j WEFT-FORWARD", "-j RETURN")
    assert tables["nat"]["DOCKER"] == ("-i docker0 -j RETURN",)
    assert tables["nat"]["POSTROUTING"][1] == "-s 100.96.2.0/24 ! -o docker0 -j MASQUERADE"


def test_the_chains_are_those_of_a_converged_host() -> None:
    tables = parse_rules(DOCKER_26)
    for table, chains in desired_chains(TRAFFIC).items():
        for chain, rules in chains.items():
            assert tables[table][chain] == rules


def test_a_converged_host_needs_nothing() -> None:
    assert planned(DOCKER_26) == ""


def test_with_docker_the_jump_goes_to_the_head_of_docker_user() -> None:
    assert planned(without_weft(DOCKER_26)) == (
        f"*filter\n{FORWARD_BLOCK}-I DOCKER-USER 1 -j WEFT-FORWARD\nCOMMIT\n"
        f"*nat\n{POSTROUTING_BLOCK}-I POSTROUTING 1 -j WEFT-POSTROUTING\nCOMMIT\n"
    )


@pytest.mark.parametrize("saved", ["", "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"])
def test_with_nothing_there_the_jump_goes_to_forward(saved: str) -> None:
    assert planned(saved) == (
        f"*filter\n{FORWARD_BLOCK}-I FORWARD 1 -j WEFT-FORWARD\nCOMMIT\n"
        f"*nat\n{POSTROUTING_BLOCK}-I POSTROUTING 1 -j WEFT-POSTROUTING\nCOMMIT\n"
    )


def test_when_docker_starts_the_jump_moves() -> None:
    saved = changed(DOCKER_26, "-A DOCKER-USER -j WEFT-FORWARD\n", "")
    saved = changed(
        saved,
        "-A FORWARD -j DOCKER-USER\n",
        "-A FORWARD -j DOCKER-USER\n-A FORWARD -j WEFT-FORWARD\n",
    )
    assert planned(saved) == (
        "*filter\n-D FORWARD -j WEFT-FORWARD\n-I DOCKER-USER 1 -j WEFT-FORWARD\nCOMMIT\n"
    )


@pytest.mark.parametrize("left", ["", "-A FORWARD -i eth0 -j DOCKER-USER\n"])
def test_a_docker_user_that_not_all_traffic_reaches_is_no_place_for_the_jump(left: str) -> None:
    saved = changed(DOCKER_26, "-A FORWARD -j DOCKER-USER\n", left)
    assert planned(saved) == (
        "*filter\n-D DOCKER-USER -j WEFT-FORWARD\n-I FORWARD 1 -j WEFT-FORWARD\nCOMMIT\n"
    )


@pytest.mark.parametrize(
    "rule",
    [
        DOCKERS_MASQUERADE,
        "-A POSTROUTING -s 100.96.2.0/24 -j SNAT --to-source 192.0.2.1\n",
        '-A POSTROUTING -m comment --comment "all of it" -j MASQUERADE --random-fully\n',
    ],
)
def test_a_rule_that_rewrites_sources_before_ours_moves_ours_to_the_head(rule: str) -> None:
    saved = changed(DOCKER_26, JUMP, f"{rule}{JUMP}")
    assert planned(saved) == (
        "*nat\n-D POSTROUTING -j WEFT-POSTROUTING\n-I POSTROUTING 1 -j WEFT-POSTROUTING\nCOMMIT\n"
    )


def test_a_foreign_rule_before_ours_that_rewrites_nothing_is_left() -> None:
    foreign = "-A POSTROUTING -o wg0 -j ACCEPT\n-A POSTROUTING -j LIBVIRT_PRT\n"
    assert planned(changed(DOCKER_26, JUMP, f"{foreign}{JUMP}")) == ""


def test_of_duplicate_jumps_one_is_left() -> None:
    assert planned(changed(DOCKER_26, JUMP, JUMP * 3)) == (
        "*nat\n" + "-D POSTROUTING -j WEFT-POSTROUTING\n" * 3 + "-I POSTROUTING 1 "
        "-j WEFT-POSTROUTING\nCOMMIT\n"
    )


@pytest.mark.parametrize(
    "tampered",
    [
        "",
        "-A WEFT-POSTROUTING -j RETURN\n-A WEFT-POSTROUTING -s 100.96.2.0/24 -d 100.96.0.0/16 "
        "-j ACCEPT\n",
        "-A WEFT-POSTROUTING -s 100.96.9.0/24 -d 100.96.0.0/16 -j ACCEPT\n",
    ],
)
def test_a_chain_whose_content_differs_is_rewritten(tampered: str) -> None:
    rule = "-A WEFT-POSTROUTING -s 100.96.2.0/24 -d 100.96.0.0/16 -j ACCEPT\n"
    assert planned(changed(DOCKER_26, rule, tampered)) == f"*nat\n{POSTROUTING_BLOCK}COMMIT\n"


def test_masquerade_adds_the_rule_for_what_leaves_the_overlay() -> None:
    assert planned(DOCKER_26, replace(TRAFFIC, masquerade=True)) == (
        f"*nat\n{POSTROUTING_BLOCK}"
        "-A WEFT-POSTROUTING -s 100.96.2.0/24 ! -d 100.96.0.0/16 -j MASQUERADE\nCOMMIT\n"
    )


def test_each_device_has_rules_of_its_own() -> None:
    chains = desired_chains(replace(TRAFFIC, devices=("flannel0", "flannel.1")))
    assert [rule.split()[-3] for rule in chains["filter"]["WEFT-FORWARD"]] == [
        "flannel0",
        "flannel0",
        "flannel.1",
        "flannel.1",
    ]


def test_the_removal_affects_only_wefts_rules() -> None:
    assert plan_removal(parse_rules(DOCKER_26)) == (
        "*filter\n-D DOCKER-USER -j WEFT-FORWARD\n-F WEFT-FORWARD\n-X WEFT-FORWARD\nCOMMIT\n"
        "*nat\n-D POSTROUTING -j WEFT-POSTROUTING\n-F WEFT-POSTROUTING\n-X WEFT-POSTROUTING\n"
        "COMMIT\n"
    )


@pytest.mark.parametrize("saved", ["", without_weft(DOCKER_26)])
def test_without_wefts_rules_there_is_nothing_to_remove(saved: str) -> None:
    assert plan_removal(parse_rules(saved)) == ""


@pytest.mark.parametrize(("docker", "closed"), [("20.10", False), ("26.1", False), ("28.5", True)])
def test_raw_is_used_only_if_docker_drops_direct_access(docker: str, closed: bool) -> None:
    saved = recorded(docker)
    assert docker_drops_direct_access(parse_rules(saved)) is closed
    assert ("*raw" in planned(saved)) is closed


@pytest.mark.parametrize(
    "rule",
    [
        "-A DOCKER -i br-9f ! -o br-9f -j DROP\n",
        "-A DOCKER ! -i eth0 -o docker0 -j DROP\n",
        "-A DOCKER ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j DROP\n",
    ],
)
def test_a_similar_rule_does_not_count_as_dockers(rule: str) -> None:
    saved = changed(recorded("28.5"), "-A DOCKER ! -i docker0 -o docker0 -j DROP\n", rule)
    tables = {table: chains for table, chains in parse_rules(saved).items() if table != "raw"}
    assert not docker_drops_direct_access(tables)


def test_the_rule_for_a_container_counts_after_a_flush_of_filter() -> None:
    tables = parse_rules(recorded("28.5"))
    assert docker_drops_direct_access({"raw": tables["raw"]})


def test_before_the_first_container_the_jump_goes_behind_what_there_is() -> None:
    saved = recorded("28.5").replace(RAW_DROP, "-A PREROUTING -s 203.0.113.0/24 -j DROP\n")
    saved = saved.replace("-A PREROUTING -d 100.96.2.3/32 ! -i docker0 -j DROP\n", "")
    assert raw_block(saved) == f"{PREROUTING_BLOCK}-A PREROUTING -j WEFT-PREROUTING\nCOMMIT\n"


def test_the_jump_stands_between_the_operators_rules_and_dockers() -> None:
    operators = "-A PREROUTING -s 203.0.113.0/24 -j DROP\n"
    saved = changed(recorded("28.5"), RAW_DROP, f"{operators}{RAW_DROP}")
    assert raw_block(saved) == f"{PREROUTING_BLOCK}-I PREROUTING 2 -j WEFT-PREROUTING\nCOMMIT\n"


def test_a_jump_behind_dockers_drop_moves_before_it() -> None:
    saved = changed(
        recorded("28.5"),
        RAW_DROP,
        f":WEFT-PREROUTING - [0:0]\n{RAW_DROP}-A PREROUTING -j WEFT-PREROUTING\n"
        + PREROUTING_BLOCK.split("\n", 1)[1],
    )
    assert raw_block(saved) == (
        "-D PREROUTING -j WEFT-PREROUTING\n-I PREROUTING 1 -j WEFT-PREROUTING\nCOMMIT\n"
    )
    well = saved.replace("-A PREROUTING -j WEFT-PREROUTING\n", "").replace(
        RAW_DROP, f"-A PREROUTING -j WEFT-PREROUTING\n{RAW_DROP}"
    )
    assert raw_block(well) == ""


def test_the_removal_takes_the_chain_in_raw_too() -> None:
    saved = changed(
        recorded("28.5"), RAW_DROP, ":WEFT-PREROUTING - [0:0]\n-A PREROUTING -j WEFT-PREROUTING\n"
    )
    assert plan_removal(parse_rules(saved)) == (
        "*raw\n-D PREROUTING -j WEFT-PREROUTING\n-F WEFT-PREROUTING\n-X WEFT-PREROUTING\nCOMMIT\n"
    )


def test_weft_rules_are_the_chains_their_rules_and_the_jumps() -> None:
    saved = "*filter\n-A FORWARD -j WEFT-FORWARD\n-A FORWARD -j DOCKER-USER\n"
    saved += ":WEFT-FORWARD - [0:0]\n-A WEFT-FORWARD -s 100.96.0.0/16 -j ACCEPT\nCOMMIT\n"
    assert weft_rules(parse_rules(saved)) == (
        "-t filter -A FORWARD -j WEFT-FORWARD",
        "-t filter -N WEFT-FORWARD",
        "-t filter -A WEFT-FORWARD -s 100.96.0.0/16 -j ACCEPT",
    )
    assert weft_rules(parse_rules(without_weft(DOCKER_26))) == ()


def test_a_chain_for_an_earlier_docker_is_removed() -> None:
    left = (
        "*raw\n:PREROUTING ACCEPT [0:0]\n:WEFT-PREROUTING - [0:0]\n"
        "-A PREROUTING -s 203.0.113.0/24 -j DROP\n-A PREROUTING -j WEFT-PREROUTING\n"
        "-A WEFT-PREROUTING -s 100.96.0.0/16 -d 100.96.2.0/24 -i flannel0 -j ACCEPT\nCOMMIT\n"
    )
    assert planned(DOCKER_26 + left) == (
        "*raw\n-D PREROUTING -j WEFT-PREROUTING\n-F WEFT-PREROUTING\n-X WEFT-PREROUTING\nCOMMIT\n"
    )
