# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module returns, held against its RETURN."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

MODULES = Path(__file__).parents[1] / "collection/plugins/modules"

# What Ansible itself puts into results (docsite, Common return values), and ansible beside them.
_COMMON = {"changed", "diff", "failed", "invocation", "msg", "warnings", "deprecations"}
# It adds these to a result with the path of a file (AnsibleModule.add_path_info).
_FILE = {"gid", "group", "mode", "owner", "secontext", "size", "state", "uid"}
_ALWAYS = {"success", "always"}


def documented(module: str, part: str) -> dict[str, Any]:
    """A part of a module's documentation, such as DOCUMENTATION."""
    for node in ast.parse((MODULES / f"{module}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == part:
            document: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return document
    raise AssertionError(f"{module} has no {part}")


@functools.cache
def returned(module: str) -> dict[str, Any]:
    """The RETURN of a module."""
    return documented(module, "RETURN")


def misfits(module: str, result: Mapping[str, Any]) -> list[str]:
    """What of a successful result is not documented, and what is documented and not there."""
    returns = returned(module)
    promised = {key for key, entry in returns.items() if entry["returned"] in _ALWAYS}
    own = set(result) - _COMMON - (_FILE if result.get("path") else set())
    return [
        *(f"{key} is not returned" for key in sorted(promised - set(result))),
        *_unknown(returns, {key: result[key] for key in own}, ""),
    ]


def _unknown(returns: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, inner in value.items():
        entry = returns.get(key)
        if entry is None:
            yield f"{path}{key} is not documented"
            continue
        kind = _KINDS.get(entry["type"])
        if inner is not None and kind is not None and not isinstance(inner, kind):
            yield f"{path}{key} is no {entry['type']}: {inner!r}"
        for part in _parts(inner, entry.get("contains")):
            yield from _unknown(entry["contains"], part, f"{path}{key}.")


def _parts(value: Any, contains: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """What of a value is to be as contains says: it, or each of its items, or each named one."""
    if contains is None or not value:
        return []
    if isinstance(value, list):
        return value
    is_named = not set(value) & set(contains) and all(
        isinstance(part, dict) for part in value.values()
    )
    return list(value.values()) if is_named else [value]


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "list": list,
    "dict": dict,
}
