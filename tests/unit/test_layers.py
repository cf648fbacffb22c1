# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every import follows the table "may import" of docs/architecture.md, third-party ones too."""

from __future__ import annotations

import ast
import graphlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "collection/plugins"
COLLECTION = "ansible_collections.weft.overlay.plugins."
ROW = re.compile(r"^\| `(?P<folder>[\w/]+)` \| [^|]+ \| (?P<imports>[^|]*)\|$", re.MULTILINE)


def read_table() -> dict[str, set[str]]:
    """What each folder of the table may import."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = page.partition("| may import |")[2].partition("\n\n")[0]
    return {
        row["folder"]: set(re.findall(r"`([\w/]+)`", row["imports"])) for row in ROW.finditer(table)
    }


def folder_of(path: Path) -> str:
    """The row to which a file or folder below plugins/ belongs: `weft/agent`, `modules`."""
    parts = path.relative_to(PLUGINS).with_suffix("").parts
    match parts:
        case ("module_utils", "weft", _, *_):
            return "/".join(parts[1:3])
        case ("module_utils" | "plugin_utils", _, *_):
            return "/".join(parts[:2])
        case _:
            return parts[0]


def imported_names(tree: ast.AST, package: str) -> Iterator[str]:
    """The absolute dotted names that a file of a package imports; of ours without `COLLECTION`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            module = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def resolve(name: str) -> str | None:
    """The row or third-party package of an imported name; None for the standard library."""
    name = name.removeprefix(COLLECTION)
    top = name.partition(".")[0]
    if not (PLUGINS / top).is_dir():
        return None if top in sys.stdlib_module_names else top
    path = PLUGINS / name.replace(".", "/")
    while not (path.is_dir() or path.with_suffix(".py").exists()):
        path = path.parent
    return folder_of(path)


def read_imports() -> dict[str, dict[str, set[str]]]:
    """For each folder, what its files import from elsewhere, with the files that do."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for file in PLUGINS.rglob("*.py"):
        folder = folder_of(file)
        package = ".".join(file.parent.relative_to(PLUGINS).parts)
        imports = found[folder]
        for name in imported_names(ast.parse(file.read_text(encoding="utf-8")), package):
            target = resolve(name)
            if target not in (None, folder):
                imports[str(target)].add(str(file.relative_to(PLUGINS)))
    # A package's own __init__.py, with its documentation, has no row.
    return {folder: dict(imports) for folder, imports in found.items() if folder != "weft/__init__"}


IMPORTS = read_imports()


def test_each_folder_has_a_row() -> None:
    assert set(read_table()) == set(IMPORTS)


@pytest.mark.parametrize("folder", sorted(IMPORTS))
def test_a_folder_imports_what_the_table_allows(folder: str) -> None:
    allowed = read_table().get(folder, set())
    forbidden = {name: by for name, by in IMPORTS[folder].items() if name not in allowed}
    assert forbidden == {}, f"docs/architecture.md does not allow {folder} to import these"


def test_the_table_has_no_cycle() -> None:
    graphlib.TopologicalSorter(read_table()).prepare()


def test_the_daemon_imports_nothing_outside_its_package() -> None:
    ours = {name for name in IMPORTS if not name.startswith("weft/")}
    outside = {
        folder: set(imports) & ours
        for folder, imports in IMPORTS.items()
        if folder.startswith("weft/")
    }
    assert not any(outside.values()), outside


def test_the_lab_imports_the_standard_library_alone() -> None:
    """Its commands run with the system's Python, without the virtual environment."""
    names = {
        name.partition(".")[0]
        for file in (ROOT / "lab").rglob("*.py")
        for name in imported_names(ast.parse(file.read_text(encoding="utf-8")), "lab")
    }
    assert names - set(sys.stdlib_module_names) == {"lab"}


def test_each_way_to_import_is_found() -> None:
    text = "import os.path\nimport grpc\nfrom . import b\nfrom ..store import client\n"
    text += f"def f():\n    from {COLLECTION}module_utils.docker import options\n"
    names = list(imported_names(ast.parse(text), "module_utils.weft.agent"))
    assert names == [
        *("os.path", "grpc", "module_utils.weft.agent.b", "module_utils.weft.store.client"),
        f"{COLLECTION}module_utils.docker.options",
    ]
    assert [resolve(name) for name in names] == [
        *(None, "grpc", "weft/agent", "weft/store", "module_utils/docker")
    ]
