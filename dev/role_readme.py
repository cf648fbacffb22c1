# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the tables of variables in the READMEs of the roles from their meta/argument_specs.yml.

Usage: python -m dev.role_readme [--check]; with --check it writes nothing, and fails where a README
is not what the specs make of it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from dev.marked_section import with_section

_ROLES = Path(__file__).resolve().parent.parent / "collection/roles"
_COLLECTION = "weft.overlay."
# Ansible's markup of documentation, https://docs.ansible.com/ansible/latest/dev_guide/ansible_markup.html
_MARKUP = re.compile(r"\b([BCEIMOPUV]|RV|L)\(((?:\\.|[^)\\])*)\)")
_DEFAULT = re.compile(r"\s*The default is (.+)\.$")


def main(arguments: list[str]) -> int:
    """Write or check all READMEs; return the exit status."""
    stale = []
    for role in sorted(path for path in _ROLES.iterdir() if path.is_dir()):
        readme = role / "README.md"
        specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))
        now = readme.read_text(encoding="utf-8")
        try:
            made = with_section(now, "dev/role_readme.py", tables(specs["argument_specs"]))
        except ValueError as error:
            raise ValueError(f"{readme}: {error}") from None
        if made == now:
            continue
        if "--check" in arguments:
            stale.append(str(readme.relative_to(_ROLES)))
        else:
            readme.write_text(made, encoding="utf-8")
    if stale:
        print(f"not what the specs say: {', '.join(stale)}; run python -m dev.role_readme")
        return 1
    return 0


def tables(specs: Mapping[str, Any]) -> str:
    """Return a table for `main`, then the inputs of each other entry point, by its name.

    Options that an entry point shares with `main` are listed by name.
    """
    main = specs["main"].get("options", {})
    parts = [_table(main) if main else "It has no variables."]
    for entry, spec in specs.items():
        if entry == "main":
            continue
        options = spec.get("options", {})
        shared = [name for name, option in options.items() if main.get(name) == option]
        own = {name: option for name, option in options.items() if name not in shared}
        description = markdown(spec["short_description"])
        words = ", ".join(f"`{name}`" for name in shared) or ("" if own else "no variables")
        reads = f" It reads {words}." if words else ""
        parts.append(f"`tasks_from: {entry}`: {description}.{reads}")
        if own:
            parts.append(_table(own))
    return "\n\n".join(parts)


def _table(options: Mapping[str, Any]) -> str:
    head = ["| variable | type | default | meaning |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *_rows(options)])


def _rows(options: Mapping[str, Any], parent: str = "") -> Iterator[str]:
    for name, option in options.items():
        description = option["description"]
        sentences = [description] if isinstance(description, str) else list(description)
        cell = f"`{_flow(option['default'])}`" if "default" in option else ""
        if option.get("required"):
            cell = "required"
        if not cell and (found := _DEFAULT.search(sentences[-1])):
            cell = markdown(found[1])
            sentences[-1] = sentences[-1][: found.start()]
        if choices := option.get("choices"):
            given = ", ".join(f"`{choice}`" for choice in choices)
            sentences.append(f"One of {given}.")
        meaning = " ".join(markdown(sentence) for sentence in sentences if sentence)
        kind = option["type"]
        if kind == "list":
            kind = f"list of {option['elements']}"
        row = (f"`{parent}{name}`", kind, cell, meaning)
        yield f"| {' | '.join(part.replace('|', chr(92) + '|') for part in row)} |"
        yield from _rows(option.get("options", {}), f"{parent}{name}.")


def _flow(value: object) -> str:
    """Return a value as one would write it into an inventory, on one line."""
    if value == "":
        return '""'
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def markdown(text: str) -> str:
    """Return Ansible's markup as Markdown, with relative links to other roles of the collection."""
    return _MARKUP.sub(lambda found: _marked(found[1], found[2].replace("\\", "")), text)


def _marked(kind: str, content: str) -> str:
    if kind == "P":
        name, _, sort = content.partition("#")
        short = name.removeprefix(_COLLECTION)
        return f"[{short}](../{short}/README.md)" if sort == "role" else f"`{name}`"
    if kind == "L":
        words, _, address = content.partition(",")
        return f"[{words}]({address.strip()})"
    if kind == "U":
        return f"<{content}>"
    return {"B": f"**{content}**", "I": f"*{content}*"}.get(kind, f"`{content}`")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
