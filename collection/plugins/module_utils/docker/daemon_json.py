# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dockerd's configuration file, edited in place.

An edit replaces, adds or removes the text of single top-level members. The rest of the file stays
the same, byte for byte.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError

_BLANK = re.compile(r"[ \t\n\r]*")
# Python's decoder accepts these words as numbers, JSON does not (RFC 8259, section 6).
_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(NaN|-?Infinity)')
_INDENTATION = "  "


class DaemonJsonError(WeftError, ValueError):
    """The text is not a JSON object; the message has line and column if they are known."""


@dataclass(frozen=True, slots=True)
class Member:
    """A top-level member: its key, its value, and the offsets of its text."""

    key: str
    value: Any
    start: int
    value_start: int
    end: int


@dataclass(frozen=True, slots=True)
class DaemonJson:
    """The text of a configuration file and the positions of its top-level members."""

    text: str
    opening: int
    members: tuple[Member, ...]
    closing: int

    def values(self) -> dict[str, Any]:
        """Return the members' values by key."""
        return {member.key: member.value for member in self.members}

    def with_value(self, key: str, value: str | int) -> DaemonJson:
        """Return the file with ``key`` set: in place if it exists, else at the end."""
        encoded = json.dumps(value)
        for member in self.members:
            if member.key == key:
                if member.value == value and type(member.value) is type(value):
                    return self
                return self._splice(member.value_start, member.end, encoded)
        entry = f"{json.dumps(key)}: {encoded}"
        if not self.members:
            return self._splice(self.opening + 1, self.closing, f"\n{_INDENTATION}{entry}\n")
        end = self.members[-1].end
        return self._splice(end, end, f",{self._gap()}{entry}")

    def without(self, key: str) -> DaemonJson:
        """Return the file without ``key``, or the same file if it has no such key."""
        for index, member in enumerate(self.members):
            if member.key != key:
                continue
            if index > 0:
                return self._splice(self.members[index - 1].end, member.end, "")
            if len(self.members) > 1:
                return self._splice(member.start, self.members[1].start, "")
            return self._splice(self.opening + 1, self.closing, "")
        return self

    def _gap(self) -> str:
        """Return the whitespace before a new member: that of the last one, without empty lines."""
        before = self.members[-2].end + 1 if len(self.members) > 1 else self.opening + 1
        gap = re.sub(r"[^ \t\n\r]", "", self.text[before : self.members[-1].start])
        _lines, newline, indentation = gap.rpartition("\n")
        return newline + indentation if newline else gap or " "

    def _splice(self, start: int, end: int, replacement: str) -> DaemonJson:
        return parse_daemon_json(self.text[:start] + replacement + self.text[end:])


def parse_daemon_json(text: str) -> DaemonJson:
    """Parse the text of daemon.json; an empty text is an empty configuration.

    Raises DaemonJsonError if it is not JSON, not an object, or has a duplicate key.
    """
    if not text.strip(" \t\n\r"):
        text = "{}\n"
    _refuse_invalid(text)
    opening = _skip_blank(text, 0)
    decoder = json.JSONDecoder()
    members: list[Member] = []
    position = _skip_blank(text, opening + 1)
    # The text is valid JSON, so each step finds the next element of the grammar.
    while text[position] != "}":
        key, key_end = decoder.raw_decode(text, position)
        value_start = _skip_blank(text, _skip_blank(text, key_end) + 1)
        value, end = decoder.raw_decode(text, value_start)
        if any(member.key == key for member in members):
            _fail(text, position, f"duplicate key {key!r}")
        members.append(Member(key, value, position, value_start, end))
        position = _skip_blank(text, end)
        if text[position] == ",":
            position = _skip_blank(text, position + 1)
    return DaemonJson(text, opening, tuple(members), position)


def _refuse_invalid(text: str) -> None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        _fail(text, error.pos, error.msg)
    for match in _STRING_OR_CONSTANT.finditer(text):
        if match[1]:
            _fail(text, match.start(), f"{match[1]} is not a JSON number")
    if not isinstance(value, dict):
        _fail(text, _skip_blank(text, 0), "the configuration must be a JSON object, in braces")


def _skip_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _fail(text: str, position: int, reason: str) -> NoReturn:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    raise DaemonJsonError(f"line {line}, column {column}: {reason}")
