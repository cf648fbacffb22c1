# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real shells complete weftctl from what it writes for them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.commands.completion import (
    SHELLS,
    grammar_of,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.program import (
    COMMANDS,
    build_parser,
)

NAMES = set(COMMANDS)


def script(shell: str) -> str:
    return SHELLS[shell](grammar_of(build_parser()))


def run(shell: str, *arguments: str) -> str:
    """Run a shell without the user's settings; fail with its output if it fails."""
    program = shutil.which(shell)
    assert program is not None, f"{shell} is missing: install it (dev/setup lab does)"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def in_bash(*words: str) -> set[str]:
    """What bash offers for the last of the words."""
    line = " ".join(f"'{word}'" for word in words)
    asked = (
        f"{script('bash')}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _weftctl; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return set(run("bash", "--norc", "--noprofile", "-uc", asked).split())


def in_fish(line: str) -> set[str]:
    asked = f"{script('fish')}\ncomplete -C '{line}'"
    return {offer.split("\t")[0] for offer in run("fish", "--no-config", "-c", asked).splitlines()}


@pytest.mark.parametrize("complete", [lambda: in_bash("weftctl", ""), lambda: in_fish("weftctl ")])
def test_the_commands_are_offered_first(complete: object) -> None:
    assert callable(complete)
    assert complete() >= NAMES


def test_what_was_begun_is_completed() -> None:
    assert in_bash("weftctl", "d") == {"doctor"}
    assert in_fish("weftctl d") == {"doctor"}


def test_a_commands_own_options_follow_it() -> None:
    assert in_bash("weftctl", "status", "--") == {"--help", "--json"}
    assert in_fish("weftctl status --") == {"--help", "--json"}
    assert in_bash("weftctl", "completion", "--") == {"--help"}


def test_the_shells_are_offered() -> None:
    assert in_bash("weftctl", "completion", "") >= {"bash", "zsh", "fish"}
    assert in_fish("weftctl completion ") >= {"bash", "zsh", "fish"}


def test_an_address_is_nothing_that_a_shell_could_know() -> None:
    assert in_bash("weftctl", "trace", "100.96.2.7", "") == {"-h", "--help", "--json"}


def test_zsh_takes_it_in_and_offers_the_commands(tmp_path: Path) -> None:
    """The function is called as zsh's completion calls it, with _describe in the test's hands."""
    (tmp_path / "script").write_text(script("zsh"))
    asked = (
        'autoload -Uz compinit; compinit -u -d $1/dump; eval "$(<$1/script)"; '
        "[[ $_comps[weftctl] = _weftctl ]] || exit 1; "
        "_describe() { print -l -- ${(P)2} }; "
        "words=(weftctl ''); CURRENT=2; _weftctl; "
        "words=(weftctl status ''); CURRENT=3; _weftctl"
    )
    offered = run("zsh", "-fc", asked, "zsh", str(tmp_path)).splitlines()
    assert {offer.split(":")[0] for offer in offered} >= {*NAMES, "--json"}
    assert "doctor:find problems on this host, and their fixes" in offered


def test_zsh_finds_it_in_a_folder_of_functions(tmp_path: Path) -> None:
    (tmp_path / "_weftctl").write_text(script("zsh"))
    asked = (
        "fpath=($1 $fpath); autoload -Uz compinit; compinit -u -d $1/dump; print $_comps[weftctl]"
    )
    assert run("zsh", "-fc", asked, "zsh", str(tmp_path)).strip() == "_weftctl"
