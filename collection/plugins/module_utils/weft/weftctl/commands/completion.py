# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl completion SHELL`: the completion script of a shell, generated from the parser."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..terminal import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the shell to the command's parser."""
    parser.add_argument("shell", choices=sorted(SHELLS), help="the shell to complete in")


def run(shell: str, program: argparse.ArgumentParser, terminal: Terminal) -> int:
    """Print the script that completes the program in a shell."""
    terminal.print(SHELLS[shell](grammar_of(program)))
    return 0


@dataclass(frozen=True, slots=True)
class Word:
    """A command, an option or a choice, and its help."""

    text: str
    help: str


@dataclass(frozen=True, slots=True)
class CommandWords:
    """A command and the words that may follow it."""

    name: Word
    following: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The options and commands of a program."""

    program: str
    options: tuple[Word, ...]
    commands: tuple[CommandWords, ...]


def grammar_of(parser: argparse.ArgumentParser) -> Grammar:
    """Return the grammar of a parser with one level of commands."""
    # argparse has no public interface that lists the actions of a parser.
    commands: list[CommandWords] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            commands += [
                CommandWords(Word(name, helps.get(name, "")), tuple(_words(command)))
                for name, command in action.choices.items()
            ]
    return Grammar(parser.prog, tuple(_words(parser)), tuple(commands))


def _words(parser: argparse.ArgumentParser) -> Iterable[Word]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            continue
        for option in action.option_strings:
            yield Word(option, action.help or "")
        if not action.option_strings:
            for choice in action.choices or ():
                yield Word(str(choice), "")


def bash(grammar: Grammar) -> str:
    """Return the script for bash, with or without the package bash-completion."""
    function = f"_{grammar.program}"
    cases = "".join(
        f"        {command.name.text}) words={_quoted(_texts(command.following))} ;;\n"
        for command in grammar.commands
    )
    first = (*(command.name for command in grammar.commands), *grammar.options)
    return f"""\
{function}() {{
    local words
    case ${{COMP_WORDS[1]}} in
{cases}        *) words={_quoted(_texts(first))} ;;
    esac
    [ "$COMP_CWORD" -gt 1 ] || words={_quoted(_texts(first))}
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -F {function} {grammar.program}
"""


def zsh(grammar: Grammar) -> str:
    """Return the script for zsh: for a file of this name in fpath, or for eval."""
    function = f"_{grammar.program}"
    first = (*(command.name for command in grammar.commands), *grammar.options)
    cases = "".join(
        f"        {command.name.text}) following=({_described(command.following)}) ;;\n"
        for command in grammar.commands
    )
    return f"""\
#compdef {grammar.program}
{function}() {{
    local -a first following
    first=({_described(first)})
    if (( CURRENT == 2 )); then
        _describe 'command' first
        return
    fi
    case $words[2] in
{cases}    esac
    _describe 'argument' following
}}
if [ "$funcstack[1]" = {function} ]; then
    {function} "$@"
else
    compdef {function} {grammar.program}
fi
"""


def fish(grammar: Grammar) -> str:
    """Return the script for fish."""
    program = grammar.program
    lines = [f"complete -c {program} -f"]
    for word in grammar.options:
        lines.append(f"complete -c {program} -n __fish_use_subcommand {_fish(word)}")
    for command in grammar.commands:
        lines.append(f"complete -c {program} -n __fish_use_subcommand {_fish(command.name)}")
        seen = _fish_quoted(f"__fish_seen_subcommand_from {command.name.text}")
        lines += [f"complete -c {program} -n {seen} {_fish(word)}" for word in command.following]
    return "\n".join(lines) + "\n"


SHELLS: Mapping[str, Callable[[Grammar], str]] = {"bash": bash, "zsh": zsh, "fish": fish}


def _texts(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _described(words: Iterable[Word]) -> str:
    return " ".join(
        _quoted(word.text.replace(":", r"\:") + (f":{word.help}" if word.help else ""))
        for word in words
    )


def _fish(word: Word) -> str:
    text = word.text
    if text.startswith("--"):
        argument = f"-l {text.removeprefix('--')}"
    elif text.startswith("-"):
        argument = f"-s {text.removeprefix('-')}"
    else:
        argument = f"-a {text}"
    return argument + (f" -d {_fish_quoted(word.help)}" if word.help else "")


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", r"\\").replace("'", r"\'") + "'"
