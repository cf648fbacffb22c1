# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the site: `make docs`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

_REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_REPOSITORY))

from dev.site_links import BrokenLinkError, lead_links  # noqa: E402

_GALAXY = yaml.safe_load((_REPOSITORY / "collection/galaxy.yml").read_text(encoding="utf-8"))

project = "weft"
author = "The weft developers"
copyright = "The weft developers, GPL-3.0-or-later"
version = release = _GALAXY["version"]
language = "en"

extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx_copybutton"]
exclude_patterns = ["_build"]
root_doc = "index"
nitpicky = True

myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]

highlight_language = "text"
html_theme = "furo"
html_title = f"weft {release}"
html_static_path = ["_static"]
html_css_files = ["weft.css"]
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_theme_options = {
    "source_repository": _GALAXY["repository"],
    "source_branch": "main",
    "source_directory": "docs/",
    # Without buttons that would ask GitHub for anything.
    "top_of_page_buttons": [],
}

# What antsibull-docs refers to outside of the collection. intersphinx would ask docs.ansible.com
# for these addresses, and a build asks nobody.
_ANSIBLE = "https://docs.ansible.com/ansible/latest"
_ANSIBLE_PAGES = {
    "action_plugins": f"{_ANSIBLE}/plugins/action.html",
    "ansible_configuration_settings": f"{_ANSIBLE}/reference_appendices/config.html",
    "callback_plugins": f"{_ANSIBLE}/plugins/callback.html",
    "common_return_values": f"{_ANSIBLE}/reference_appendices/common_return_values.html",
}
# The label of a plugin's page, of whichever collection.
_PLUGIN = re.compile(r"ansible_collections\.(\w+)\.(\w+)\.(\w+_[a-z]+)")
# antsibull-docs has no pages for playbooks.
_PLAYBOOK = re.compile(r"ansible_collections\.weft\.overlay\.(\w+)_playbook")

# A longer word of code may be broken after these characters.
_LONG_WORD = 32
_BREAK_AFTER = re.compile(r"(?<=[_/.=-])")

_log = logging.getLogger(__name__)


def _lead_links(app: Sphinx, name: str, source: list[str]) -> None:
    """Let links between files of the repository hold on the site."""
    path = Path(app.env.doc2path(name))
    if path.suffix != ".md" or path.parent.name == "reference":
        return
    try:
        source[0] = lead_links(source[0], path, path, _REPOSITORY)
    except BrokenLinkError as problem:
        _log.warning("%s", problem)


def _refer(
    app: Sphinx, _environment: BuildEnvironment, node: addnodes.pending_xref, words: nodes.Element
) -> nodes.Element | None:
    """Resolve what only other sites, or the page of the playbooks, know."""
    target = node["reftarget"]
    if target in _ANSIBLE_PAGES:
        return nodes.reference("", "", words, internal=False, refuri=_ANSIBLE_PAGES[target])
    if node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        address = _ANSIBLE_PAGES["ansible_configuration_settings"]
        return nodes.reference("", "", words, internal=False, refuri=address)
    if _PLAYBOOK.fullmatch(target):
        return make_refnode(app.builder, node["refdoc"], "playbooks", None, words)
    plugin = _PLUGIN.fullmatch(target)
    if plugin and plugin.groups()[:2] != ("weft", "overlay"):
        address = f"{_ANSIBLE}/collections/{'/'.join(plugin.groups())}.html"
        return nodes.reference("", "", words, internal=False, refuri=address)
    return None


def _allow_breaks(_app: Sphinx, document: nodes.document, _name: str) -> None:
    """Give long words of code places where a browser may break them."""
    for literal in document.findall(nodes.literal):
        text = literal.astext()
        if max(map(len, text.split()), default=0) <= _LONG_WORD or len(literal.children) != 1:
            continue
        literal.clear()
        for part in _BREAK_AFTER.split(text):
            literal += [nodes.Text(part), nodes.raw("", "<wbr>", format="html")]


def setup(app: Sphinx) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("source-read", _lead_links)
    app.connect("missing-reference", _refer)
    app.connect("doctree-resolved", _allow_breaks)
