# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the word check: which texts of a file it reads, and what it reports."""

from __future__ import annotations

import pytest

from dev.words import TABLE, find_words, parse_table, read_texts

RULES = """
mend|mends => fix => standard term
as the store says => in sync with etcd => personification
allow docs/lab.md => `lab mend` => the name of a command
"""


def found(path: str, content: str, *, code: bool = False) -> list[tuple[int, str]]:
    """Return line and words of each finding."""
    texts = read_texts(path, content, code=code)
    return [(one.line, one.found) for one in find_words(path, texts, parse_table(RULES))]


def test_a_string_is_checked_and_a_docstring_only_on_request() -> None:
    source = '"""mends all"""\n\n# mend it\nMESSAGE = "run site, which mends it"\nKEY = "mend"\n'
    assert found("a.py", source) == [(4, "mends")]
    assert sorted(found("a.py", source, code=True)) == [(1, "mends"), (3, "mend"), (4, "mends")]


def test_the_values_of_yaml_are_checked_and_its_keys_are_not() -> None:
    tasks = "- name: Mend the route\n  vars:\n    mend: a b\n  fail_msg: >-\n    it\n    mends x\n"
    assert found("tasks/a.yml", tasks) == [(1, "Mend"), (6, "mends")]


def test_the_comments_of_defaults_are_documentation() -> None:
    assert found("roles/a/defaults/main.yml", "# mend it\na: 1\n") == [(1, "mend")]
    assert found("roles/a/tasks/main.yml", "# mend it\n[]\n") == []


def test_prose_of_markdown_is_checked_and_commands_are_not() -> None:
    page = "keeps it as the\nstore says\n\n```console\nmend x   # mends it\n```\n\nand mends\n"
    assert found("a.md", page) == [(5, "mends"), (8, "mends"), (1, "as the store says")]


def test_words_inside_identifiers_are_not_reported() -> None:
    assert found("a.md", "`mend_all`, mending-kit, amends") == []


def test_a_phrase_that_the_table_allows_is_not_reported_in_its_files() -> None:
    page = "`lab mend` mends it"
    assert found("docs/lab.md", page) == [(1, "mends")]
    assert found("docs/other.md", page) == [(1, "mend"), (1, "mends")]


@pytest.mark.parametrize("line", ["mend => fix", "mend =>  => reason", "( => fix => reason"])
def test_a_line_of_the_table_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 1: "):
        parse_table(line)


def test_the_table_can_be_read() -> None:
    assert parse_table(TABLE.read_text(encoding="utf-8")).words
