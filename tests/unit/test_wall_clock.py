# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that jumps changes no decision: the daemon shows the wall clock, and does not use it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "collection/plugins/module_utils/weft"
# Since when processes run, when a peer was heard and a pass ended; their ages on a screen, and from
# when on to read a journal; how long a certificate lasts, whose end is a moment of that clock.
SHOWN = {
    "agent/daemon.py": 1,
    "agent/reconciler.py": 1,
    "datapath/process/engine.py": 1,
    "datapath/ingress.py": 1,
    "weftctl/commands/peers.py": 1,
    "weftctl/commands/status.py": 1,
    "weftctl/commands/trace.py": 1,
    "weftctl/facts_reader.py": 1,
}
WALL_CLOCK = {
    "time": {"time", "time_ns", "localtime", "gmtime", "CLOCK_REALTIME"},
    "datetime": {"now", "today", "utcnow"},
    "date": {"today"},
}


def uses(tree: ast.AST) -> Iterator[str]:
    """Each way to the wall clock: `time.time`, or a name that was imported from its module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if node.attr in WALL_CLOCK.get(owner, ()):
                yield f"{owner}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            yield f"from {node.module} import"


def test_the_wall_clock_is_asked_for_what_is_shown_alone() -> None:
    found = {
        str(path.relative_to(PACKAGE)): len(list(uses(ast.parse(path.read_text("utf-8")))))
        for path in PACKAGE.rglob("*.py")
    }
    assert {name: count for name, count in found.items() if count} == SHOWN


def test_the_look_finds_each_way_to_the_clock() -> None:
    text = "import time\nfrom datetime import datetime\ntime.time()\ndatetime.now()\n"
    assert len(list(uses(ast.parse(text)))) == 3
    assert not list(uses(ast.parse("import time\ntime.monotonic()\n")))
