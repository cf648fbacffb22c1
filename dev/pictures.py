# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make pictures`: draw docs/pictures from the fleet of the demo, which must be up.

The report, light and dark, and a terminal with `weftctl status` and the matrix of a verification.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from rich.color import Color
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from dev.browser import Browser, browser

ROOT = Path(__file__).parent.parent
DEMO = ROOT / ".cache/demo"
INVENTORY = DEMO / "inventory.yml"
PICTURES = ROOT / "docs/pictures"

_COLUMNS = 112
_WHOLE = re.DOTALL | re.MULTILINE
_LARGEST = 300_000  # bytes of a picture that a README loads at once
_PLAYBOOK = (".venv/bin/ansible-playbook", "-i", str(INVENTORY))
_LAB = ("/usr/bin/python3", "-m", "lab")

_DARK = ["#283237", "#ff8a75", "#5ad1a3", "#f3bd5b", "#8fabff", "#cb9fff", "#5ad1c3", "#dee7e5"]
_BRIGHT = ["#657378", "#ffa08e", "#78e0b8", "#face7d", "#a8beff", "#d9b7ff", "#80e0d4", "#ffffff"]

_FRAME = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #151b1f; color: #dee7e5; }}
header {{ height: 38px; padding: 0 16px; display: flex; align-items: center; gap: 8px; }}
header {{ background: #1d252a; }}
i {{ width: 12px; height: 12px; border-radius: 50%; background: #435158; }}
pre {{ margin: 0; padding: 18px 24px 24px; font: 14px/1.45 "JetBrains Mono", monospace; }}
pre {{ font-variant-ligatures: none; }}
</style><header><i></i><i></i><i></i></header><pre>{code}</pre>"""


class PictureError(Exception):
    """A picture that cannot be drawn; the message says why and what to do."""


def on_a_terminal(command: Sequence[str]) -> str:
    """Run a command on a terminal of its own, and return what it wrote there, with its colours."""
    written = bytearray()

    def read(descriptor: int) -> bytes:
        part = os.read(descriptor, 65536)
        written.extend(part)
        return b"\0" if part else b""

    os.environ |= {"COLUMNS": str(_COLUMNS), "TERM": "xterm-256color", "ANSIBLE_FORCE_COLOR": "1"}
    status = os.waitstatus_to_exitcode(pty.spawn(list(command), read, lambda _: b""))
    # A terminal within a terminal ends a line by several returns.
    text = re.sub("\r+\n", "\n", written.decode(errors="replace"))
    if status not in (0, 1):
        raise PictureError(f"{' '.join(command)} ended with {status}: {text[-2000:]}")
    return text


def terminal_page(session: Sequence[tuple[str, str]]) -> str:
    """A page with a terminal in which commands were typed and have answered."""
    console = Console(
        record=True, width=_COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    for number, (command, answer) in enumerate(session):
        console.print(Text.assemble(("\n" if number else "", ""), ("$ ", "bold cyan"), command))
        console.print(Text.from_ansi(answer.strip("\n")))
    return console.export_html(theme=_theme(), inline_styles=True, code_format=_FRAME)


def _theme() -> TerminalTheme:
    def triplets(colours: Sequence[str]) -> list[tuple[int, int, int]]:
        truecolors = (Color.parse(colour).get_truecolor() for colour in colours)
        return [(colour.red, colour.green, colour.blue) for colour in truecolors]

    return TerminalTheme((21, 27, 31), (222, 231, 229), triplets(_DARK), triplets(_BRIGHT))


def matrix_of(said: str) -> str:
    """The task with the matrix, as a verification wrote it, between marks for what is left out."""
    found = re.search(r"^TASK \[[^\n]*Show the matrix\].*?(?=\n\n)", said, _WHOLE)
    if found is None:
        plain = Text.from_ansi(said).plain
        raise PictureError(f"The verification showed no matrix:\n{plain[-2000:]}")
    return f"…\n{found.group()}\n…"


def picture(
    window: Browser, page: Path, target: Path, *, until: str, width: int, dark: bool
) -> None:
    """Photograph a page from its top to the end of the element *until*."""
    window.open(page, dark=dark, width=width, height=2400)
    height = window.driver.execute_script(
        "return Math.ceil(document.querySelector(arguments[0]).getBoundingClientRect().bottom)",
        until,
    )
    window.picture(target, height=int(height))
    size = target.stat().st_size
    if size > _LARGEST:
        raise PictureError(
            f"{target} has {size} bytes, more than {_LARGEST}: show less of the page"
        )
    print(f"pictures: {target.relative_to(ROOT)}, {size} bytes")


def main() -> None:
    """Draw all pictures. Raises PictureError, and CalledProcessError for a play that fails."""
    if not INVENTORY.exists():
        raise PictureError(f"{INVENTORY} is missing: the demo is not up; run 'make demo'")
    report = DEMO / "report.html"
    subprocess.run(
        (*_PLAYBOOK, "collection/playbooks/report.yml", "-e", f"report_file={report}"),
        cwd=ROOT,
        check=True,
    )
    first = subprocess.run(
        (*_LAB, "status"), cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    host = next(word for word in re.findall(r"^(\S+1)\s", first, re.MULTILINE))
    # weftctl has colours on a terminal alone, and this gives it one on its host.
    asked = "script --quiet --return --command 'weftctl status' /dev/null"
    status = on_a_terminal((*_LAB, "ssh", host, asked))
    verified = on_a_terminal((*_PLAYBOOK, "collection/playbooks/verify.yml"))
    terminal = DEMO / "terminal.html"
    terminal.write_text(
        terminal_page(
            [
                ("weftctl status", status),
                ("ansible-playbook -i hosts.yml weft.overlay.verify", matrix_of(verified)),
            ]
        ),
        encoding="utf-8",
    )
    with browser() as window:
        for dark in (False, True):
            name = "report-dark.png" if dark else "report.png"
            picture(window, report, PICTURES / name, until="#matrix", width=1280, dark=dark)
        picture(window, terminal, PICTURES / "terminal.png", until="pre", width=1000, dark=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    try:
        main()
    except PictureError as error:
        raise SystemExit(f"pictures: {error}") from error
