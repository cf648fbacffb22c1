# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON objects as Go's encoding/json reads them: keys match fields in any case."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from ..errors import WeftError

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]


class JsonObjectError(WeftError, ValueError):
    """A text is not one JSON object, or a field in it has the wrong type."""


def load_object(text: str) -> JsonObject:
    """Return the JSON object that *text* holds.

    Raises JsonObjectError, with line and column, for anything else.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise JsonObjectError(
            f"not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error
    except RecursionError as error:
        raise JsonObjectError("not valid JSON: nested too deeply") from error
    except JsonObjectError:
        raise
    except ValueError as error:
        # A number with more digits than Python converts to an integer.
        raise JsonObjectError(f"not usable as JSON: {error}") from error
    if not isinstance(value, dict):
        raise JsonObjectError(f"expected a JSON object, not {_type_name(value)}")
    return value


def dump_object(document: Mapping[str, JsonValue]) -> str:
    """Return *document* as one line, spaced as Go's encoder spaces it, keys in the order given."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def split_fields(
    document: Mapping[str, JsonValue], fields: Iterable[str]
) -> tuple[JsonObject, JsonObject]:
    """Split *document* into the *fields* that it sets, in their own spelling, and all other keys.

    As in Go, the last of several spellings wins and a null leaves its field unset.
    """
    spelling = {field.lower(): field for field in fields}
    known: JsonObject = {}
    unknown: JsonObject = {}
    for key, value in document.items():
        field = spelling.get(key.lower())
        if field is None:
            unknown[key] = value
        elif value is not None:
            known[field] = value
    return known, unknown


def text_field(fields: Mapping[str, JsonValue], name: str) -> str | None:
    """Return the string in field *name*, None when it is unset; JsonObjectError for others."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise JsonObjectError(f"{name} must be a string, not {_shown(value)}")
    return value


def integer_field(fields: Mapping[str, JsonValue], name: str) -> int | None:
    """Return the whole number in field *name*, None when unset; JsonObjectError for others."""
    value = fields.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise JsonObjectError(f"{name} must be a whole number, not {_shown(value)}")
    return value


def boolean_field(fields: Mapping[str, JsonValue], name: str, default: bool) -> bool:
    """Return the boolean in field *name*, *default* when unset; JsonObjectError for others."""
    value = fields.get(name, default)
    if not isinstance(value, bool):
        raise JsonObjectError(f"{name} must be true or false, not {_shown(value)}")
    return value


def _refuse_constant(name: str) -> None:
    raise JsonObjectError(f"not valid JSON: {name} is not a JSON number")


def _shown(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


def _type_name(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
