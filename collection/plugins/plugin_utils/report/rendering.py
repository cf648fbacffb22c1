# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the view model to one self-contained HTML file.

Names in inventories are not trusted: all text is escaped, and the content security policy of the
page allows only its own style and script, by their digests.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .labels import CONDITIONS, VERDICTS
from .versions import short_release
from .view import Report

TEMPLATES = Path(__file__).parent / "templates"


def render_report(report: Report) -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _read("report.css"), _read("report.js")
    return environment.get_template("report.html.j2").render(
        report=report,
        style=Markup(style),
        script=Markup(script),
        policy=(
            "default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
        ),
        verdicts=VERDICTS,
        conditions=CONDITIONS,
        short_release=short_release,
    )


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Return the hash source of an element's text (W3C CSP level 3, section 2.3)."""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
