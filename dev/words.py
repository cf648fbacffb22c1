# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report house words in documentation and in texts that users see, by the table `dev/words.txt`.

    python -m dev.words [--code] [PATH...]

Checks string literals of Python (not docstrings), values of YAML such as task names and
`fail_msg`, templates, the help of the Makefile, and Markdown. `--code` also checks docstrings and
comments of Python and comments of YAML. Exits with status 1 when it has reported anything.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "dev" / "words.txt"

_SEPARATOR = " => "
_ALLOW = "allow "
# Files that a user reads, or whose texts a user sees.
_CHECKED = (
    "README.md",
    "CONTRIBUTING.md",
    "Makefile",
    "docs/*.md",
    "collection/*",
    "lab/*",
    "bench/*.py",
    "bench/*.md",
)
_LEFT_OUT = ("*/CHANGELOG.md", "*/changelogs/*", "bench/results/*", "docs/_build/*")


@dataclass(frozen=True, slots=True)
class Word:
    """A pattern of the table, the words to write instead, and the reason."""

    pattern: re.Pattern[str]
    instead: str
    reason: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """A phrase in which a house word has a legitimate sense, in the files of a glob."""

    glob: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Table:
    """All words that are reported, and the phrases that are not."""

    words: tuple[Word, ...]
    allowances: tuple[Allowance, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a file and the number of its first line."""

    line: int
    content: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A house word at a line of a file."""

    path: str
    line: int
    found: str
    word: Word

    def __str__(self) -> str:
        return (
            f"{self.path}:{self.line}: {self.found!r}: write {self.word.instead} "
            f"({self.word.reason})"
        )


def parse_table(text: str) -> Table:
    """Return the table of a text of lines `PATTERN => INSTEAD => REASON`.

    Raises ValueError, with the line's number, where a line does not have three parts or its
    pattern is no regular expression.
    """
    words: list[Word] = []
    allowances: list[Allowance] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split(_SEPARATOR)
        if len(parts) != 3 or not all(map(str.strip, parts)):
            raise ValueError(f"line {number}: expected PATTERN => INSTEAD => REASON: {line!r}")
        try:
            if line.startswith(_ALLOW):
                glob = parts[0].removeprefix(_ALLOW).strip()
                allowances.append(Allowance(glob, re.compile(parts[1], re.IGNORECASE)))
            else:
                pattern = re.compile(_whole_words(parts[0]), re.IGNORECASE)
                words.append(Word(pattern, parts[1], parts[2]))
        except re.error as error:
            raise ValueError(f"line {number}: {error}: {line!r}") from None
    return Table(tuple(words), tuple(allowances))


def _whole_words(pattern: str) -> str:
    spaced = pattern.replace(" ", r"\s+")
    return rf"(?<![\w-])(?:{spaced})(?![\w-])"


def find_words(path: str, texts: Iterable[Text], table: Table) -> Iterator[Finding]:
    """Yield each house word of the texts of a file, also where a line break separates its words."""
    allowed_here = [one.pattern for one in table.allowances if fnmatch(path, one.glob)]
    for text in texts:
        allowed = [match.span() for one in allowed_here for match in one.finditer(text.content)]
        for word in table.words:
            for match in word.pattern.finditer(text.content):
                begin, end = match.span()
                if not any(first <= begin and end <= last for first, last in allowed):
                    line = text.line + text.content.count("\n", 0, begin)
                    yield Finding(path, line, " ".join(match.group().split()), word)


def read_texts(path: str, content: str, *, code: bool = False) -> Iterator[Text]:
    """Yield the texts of a file that a person reads, by the kind of the file.

    With code, also docstrings and comments. Other kinds of files have no texts.
    """
    match Path(path).suffix:
        case ".py":
            yield from _python_texts(content, code)
        case ".yml" | ".yaml":
            # The example inventory and the defaults of roles are read as documentation.
            commented = code or "/inventory/" in path or "/defaults/" in path
            yield from _yaml_texts(content, commented)
        case ".md":
            yield from _markdown_texts(content)
        case ".j2" | ".html":
            yield Text(1, content)
        case _ if Path(path).name == "Makefile":
            for number, line in enumerate(content.splitlines(), 1):
                _, marked, comment = line.partition(" ## ")
                if marked:
                    yield Text(number, comment)


def _python_texts(content: str, code: bool) -> Iterator[Text]:
    tree = ast.parse(content)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, documented)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    for node in ast.walk(tree):
        # A string of one word is a key or a command, not a text.
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (code or node not in docstrings)
            and " " in node.value
        ):
            yield Text(node.lineno, node.value)
    if code:
        for token in tokenize.generate_tokens(io.StringIO(content).readline):
            if token.type == tokenize.COMMENT:
                yield Text(token.start[0], token.string)


def _yaml_texts(content: str, comments: bool) -> Iterator[Text]:
    for document in yaml.compose_all(content, Loader=yaml.SafeLoader):
        for node in _yaml_scalars(document):
            raw = content[node.start_mark.index : node.end_mark.index]
            if " " in raw:
                yield Text(node.start_mark.line + 1, raw)
    if comments:
        for number, line in enumerate(content.splitlines(), 1):
            if line.lstrip().startswith("#"):
                yield Text(number, line)


def _yaml_scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    match node:
        case yaml.ScalarNode():
            yield node
        case yaml.SequenceNode():
            for item in node.value:
                yield from _yaml_scalars(item)
        case yaml.MappingNode():
            for _, value in node.value:
                yield from _yaml_scalars(value)


def _markdown_texts(content: str) -> Iterator[Text]:
    """Yield the prose between code blocks, their comments, and blocks of plain text."""
    prose: list[str] = []
    fence: str | None = None
    for line in [*content.splitlines(), "```"]:
        if line.lstrip().startswith("```"):
            fence = line.strip().removeprefix("```") if fence is None else None
            prose.append("")
        elif fence in (None, "text"):
            prose.append(line)
        else:
            _, marked, comment = line.partition("# ")
            prose.append(comment if marked else "")
    yield Text(1, "\n".join(prose))


def list_files(paths: Sequence[str]) -> list[str]:
    """Return the tracked and new files below paths, or all that are checked where none is given."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *paths],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout.splitlines()
    if paths:
        return [path for path in listed if not _matches(path, _LEFT_OUT)]
    return [path for path in listed if _matches(path, _CHECKED) and not _matches(path, _LEFT_OUT)]


def _matches(path: str, globs: Iterable[str]) -> bool:
    return any(fnmatch(path, glob) for glob in globs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is found in the files; return 1 where there is anything, else 0."""
    parser = argparse.ArgumentParser(prog="python -m dev.words", description=__doc__)
    parser.add_argument("--code", action="store_true", help="also check docstrings and comments")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or folders, default: all")
    options = parser.parse_args(arguments)
    table = parse_table(TABLE.read_text(encoding="utf-8"))
    files = list_files(options.paths)
    found = 0
    for path in files:
        if not (ROOT / path).is_file():  # deleted in the working tree
            continue
        try:
            content = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or an archive
        findings = find_words(path, read_texts(path, content, code=options.code), table)
        for finding in sorted(findings, key=lambda finding: finding.line):
            print(finding)
            found += 1
    print(f"words: {found} house words in {len(files)} files", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
