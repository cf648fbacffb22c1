# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes, arrows and words as SVG, legible on light and dark pages.

A drawing brings its own ground and follows the reader's colour scheme (`prefers-color-scheme`), so
that an `<img>` of it is right in a README and on the site. Lengths are in pixels of its view box.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from html import escape

_LINE = 18
_PADDING = 10
# The widest that a character of these sizes is on average, in the fonts that browsers take.
_SANS, _BOLD, _MONO = 6.9, 7.7, 7.3

_STYLE = """
text{font:13px system-ui,"Segoe UI","DejaVu Sans",sans-serif;fill:var(--ink)}
.title{font-weight:600}
.code{font:12px ui-monospace,"DejaVu Sans Mono",monospace}
.quiet{fill:var(--quiet)}
.ground{fill:var(--ground);stroke:var(--line)}
.frame{fill:none;stroke:var(--line);stroke-dasharray:5 4}
.plain{fill:var(--plain);stroke:var(--line)}
.weft{fill:var(--weft);stroke:var(--weft-line)}
.store{fill:var(--store);stroke:var(--store-line)}
.kernel{fill:var(--kernel);stroke:var(--kernel-line)}
.way{fill:none;stroke:var(--ink);stroke-width:1.5}
.tip{fill:var(--ink)}
svg{--ground:#fff;--ink:#1c2430;--quiet:#55606e;--line:#b8c0ca;--plain:#f3f5f8;\
--weft:#e3f0e6;--weft-line:#3f8a54;--store:#fdeed6;--store-line:#b9781a;\
--kernel:#e4ecf8;--kernel-line:#4a74b4}
@media (prefers-color-scheme:dark){svg{--ground:#161a20;--ink:#e6eaf0;--quiet:#a3adba;\
--line:#4a5462;--plain:#232a33;--weft:#1d3325;--weft-line:#63b57b;--store:#3a2c14;\
--store-line:#d39a45;--kernel:#1d2a3f;--kernel-line:#7ea3dd}}
"""


class Kind(Enum):
    """Whose a thing is, which is its colour."""

    PLAIN = "plain"
    WEFT = "weft"
    STORE = "store"
    KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box stands, and the middles of its sides."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> tuple[float, float]:
        """The middle of the left side."""
        return (self.x, self.y + self.height / 2)

    @property
    def right(self) -> tuple[float, float]:
        """The middle of the right side."""
        return (self.x + self.width, self.y + self.height / 2)

    @property
    def top(self) -> tuple[float, float]:
        """The middle of the upper side."""
        return (self.x + self.width / 2, self.y)

    @property
    def bottom(self) -> tuple[float, float]:
        """The middle of the lower side."""
        return (self.x + self.width / 2, self.y + self.height)


@dataclass
class Drawing:
    """One drawing; `title` and `description` are what a screen reader says of it."""

    width: int
    height: int
    title: str
    description: str
    _parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, title: str, *lines: str, kind: Kind) -> Box:
        """A box with a title and lines below it; one that begins with a backtick is code.

        Raises ValueError where the words do not fit.
        """
        for text, size in ((title, _BOLD), *((line, _width_of(line)) for line in lines)):
            if len(text.strip("`")) * size > width - 2 * _PADDING + 2:
                raise ValueError(f"{text!r} does not fit into a box of {width}")
        height = _LINE * (1 + len(lines)) + 2 * _PADDING - 2
        if x < 0 or y < 0 or x + width > self.width or y + height > self.height:
            raise ValueError(f"the box {title!r} does not fit into the drawing")
        self._parts.append(
            f'<rect class="{kind.value}" x="{x:g}" y="{y:g}" width="{width:g}" '
            f'height="{height:g}" rx="6"/>'
        )
        self.words(x + _PADDING, y + _PADDING + 10, title, style="title")
        for number, line in enumerate(lines, 1):
            self.words(x + _PADDING, y + _PADDING + 10 + _LINE * number, line)
        return Box(x, y, width, height)

    def frame(self, x: float, y: float, width: float, height: float, title: str) -> Box:
        """A dashed frame around what belongs together, with its title inside at the top."""
        self._parts.append(
            f'<rect class="frame" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            'rx="10"/>'
        )
        self.words(x + 12, y + 20, title, style="title quiet")
        return Box(x, y, width, height)

    def words(self, x: float, y: float, text: str, style: str = "", anchor: str = "start") -> None:
        """Words on the ground; those that begin with a backtick are code."""
        if text.startswith("`"):
            style = f"code {style}".strip()
        named = f' class="{style}"' if style else ""
        placed = f' text-anchor="{anchor}"' if anchor != "start" else ""
        shown = escape(text.strip("`"), quote=False)
        self._parts.append(f'<text x="{x:g}" y="{y:g}"{named}{placed}>{shown}</text>')

    def way(self, *points: tuple[float, float], both: bool = False) -> None:
        """An arrow along points, or one with two tips."""
        path = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
        start = ' marker-start="url(#tip)"' if both else ""
        self._parts.append(f'<path class="way" d="{path}" marker-end="url(#tip)"{start}/>')

    def svg(self) -> str:
        """The drawing as a file."""
        body = "\n".join(self._parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" role="img" aria-labelledby="t d">\n'
            f'<title id="t">{escape(self.title)}</title>\n'
            f'<desc id="d">{escape(self.description)}</desc>\n'
            f"<style>{_STYLE}</style>\n"
            '<defs><marker id="tip" class="tip" viewBox="0 0 8 8" refX="7" refY="4" '
            'markerWidth="8" markerHeight="8" orient="auto-start-reverse">'
            '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>\n'
            f'<rect class="ground" x=".5" y=".5" width="{self.width - 1}" '
            f'height="{self.height - 1}" rx="8"/>\n{body}\n</svg>\n'
        )


def _width_of(line: str) -> float:
    return _MONO if line.startswith("`") else _SANS
