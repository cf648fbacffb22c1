# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of a play says, and what its ssh and sftp write into it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.play import cost, log, report
from bench.play.cost import Cost
from bench.play.run import INSTRUMENTS

NAMES = {"10.0.0.11": "play1", "10.0.0.12": "play2"}
MODULE = "/bin/sh -c '/usr/bin/python3 && sleep 0'"
LOG = f"""\
task\t10.0\tGathering Facts\tgather_facts
call\tssh\t10.0.0.11\t{MODULE}
call\tssh\t10.0.0.12\t{MODULE}
result\tplay2\tok
result\tplay1\tok
task\t12.5\tCopy\tansible.builtin.copy
call\tssh\t10.0.0.11\t{MODULE}
call\tssh\t10.0.0.11\t/bin/sh -c '( umask 77 && mkdir -p "` echo ~/.ansible/tmp `" )'
call\tsftp\t[10.0.0.11]\t[10.0.0.11]
call\tssh\t10.0.0.11\t{MODULE}
result\tplay1\tchanged
result\tplay2\tskipped
task\t13.0\tAsk, delegated\tweft.overlay.network
call\tssh\t10.0.0.11\t{MODULE}
result\tplay2\tok
end\t15.0
"""


def test_tasks_have_their_results_calls_and_seconds() -> None:
    facts, copy, asked = log.parse(LOG.splitlines(), NAMES)
    assert (facts.name, facts.seconds, facts.ran) == ("Gathering Facts", 2.5, 2)
    assert (copy.seconds, copy.ran, copy.results) == (
        *(0.5, 1),
        [("play1", "changed"), ("play2", "skipped")],
    )
    assert (copy.round_trips["play1"], copy.modules["play1"]) == (4, 2)
    assert asked.seconds == 2.0
    assert asked.round_trips == {"play1": 1}


def test_a_call_is_its_targets_and_a_result_its_hosts() -> None:
    tasks = log.parse(LOG.splitlines(), NAMES)
    assert cost.by_host(tasks, NAMES.values()) == {
        "play1": cost.HostCost(ran=2, skipped=0, modules=4, round_trips=6),
        "play2": cost.HostCost(ran=2, skipped=1, modules=1, round_trips=1),
    }
    assert [entry["task"] for entry in cost.slowest(tasks, 2)] == [
        "Gathering Facts",
        "Ask, delegated",
    ]


def test_the_tables_have_the_sums() -> None:
    tasks = log.parse(LOG.splitlines(), NAMES)
    by_host = cost.by_host(tasks, NAMES.values())
    row = Cost(2, "quiet", 5.0, 1.5, 0.5, len(tasks), 1, by_host, cost.slowest(tasks))
    assert (row.modules, row.round_trips) == (5, 7)
    assert row.to_document()["by_host"]["play2"]["skipped"] == 1
    last = report.table([row]).splitlines()[-1].split()
    assert last == ["2", "quiet", "3", "4", "1", "1", "5", "7", "5.0", "1.5", "0.5"]
    assert len(report.tasks(tasks).splitlines()) == 4


def test_a_play_that_was_cut_off_is_no_measurement() -> None:
    with pytest.raises(BenchError, match="has no end"):
        log.parse(LOG.splitlines()[:-1], NAMES)
    with pytest.raises(BenchError, match="no known kind"):
        log.parse(["nothing of this kind"], NAMES)


@pytest.mark.parametrize(
    ("command", "is_module"),
    [
        (MODULE, True),
        ("/bin/sh -c '/opt/python/bin/python3 && sleep 0'", True),
        ("/bin/sh -c 'sudo -H -S -n -u root /bin/sh -c '\"'\"'/usr/bin/python3 && sleep 0'", True),
        ("/bin/sh -c '/usr/bin/python3 /root/.ansible/tmp/a/AnsiballZ_apt.py && sleep 0'", True),
        ("/bin/sh -c 'chmod u+rwx /root/.ansible/tmp/a/AnsiballZ_apt.py && sleep 0'", False),
        ("/bin/sh -c 'rm -f -r /root/.ansible/tmp/a/ > /dev/null 2>&1 && sleep 0'", False),
        ("/bin/sh -c 'echo ~root && sleep 0'", False),
    ],
)
def test_modules_are_told_from_what_is_around_them(command: str, is_module: bool) -> None:
    assert log.is_module(command) is is_module


@pytest.mark.parametrize(
    ("program", "arguments", "line"),
    [
        ("ssh", ("-C", "-tt", "10.0.0.11", "sh -c 'a\nb'"), "call\tssh\t10.0.0.11\tsh -c 'a"),
        ("sftp", ("-b", "-", "[10.0.0.11]"), "call\tsftp\t[10.0.0.11]\t[10.0.0.11]"),
    ],
)
def test_the_programs_write_down_what_they_are_called_for(
    program: str, arguments: tuple[str, ...], line: str, tmp_path: Path
) -> None:
    written = tmp_path / "log"
    # The real program then stops at the host, which is nowhere.
    subprocess.run(
        [INSTRUMENTS / "bin" / program, "-o", "ProxyCommand=false", *arguments],
        env={**os.environ, "WEFT_PLAY_LOG": str(written)},
        capture_output=True,
        check=False,
    )
    assert written.read_text() == f"{line}\n"
    (task,) = log.parse(["task\t0\ta\tb", *written.read_text().splitlines(), "end\t1"], NAMES)
    assert task.round_trips == {"play1": 1}
