# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as a browser gets it: it fetches nothing, and a name is never markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.weft.overlay.plugins.filter.fleet_report import fleet_report
from tests.report.fleets import HOSTILE, gathered, page

_FETCHES = ("src", "srcset", "poster", "action", "formaction", "data", "xlink:href", "background")
# The elements that HTML closes by themselves (WHATWG HTML, section 13.1.2).
_VOID = {"meta", "input", "br", "hr", "img", "link"}


class Page(HTMLParser):
    """Tags, attributes, texts; it fails where the elements are not nested well."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.mark.parametrize(
    ("count", "troubled"),
    [(0, False), (1, True), (2, False), (3, False), (3, True), (12, True), (30, True), (100, True)],
)
def test_every_size_is_one_page_that_fetches_nothing(count: int, troubled: bool) -> None:
    html = page(gathered(count, troubled=troubled))
    parsed = Page(html)
    for tag, attributes in parsed.tags:
        assert tag not in {"link", "iframe", "img", "object", "embed", "image", "use"}
        assert not set(attributes) & set(_FETCHES)
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert (attributes.get("href") or "#").startswith("#")
    assert "@import" not in html
    assert "url(" not in html
    # The one address in it is the name of SVG's vocabulary.
    assert set(re.findall(r"https?://[^\s\"')]+", html)) == {"http://www.w3.org/2000/svg"}
    assert len(parsed.all("script")) == len(parsed.all("style")) == 1


def test_the_policy_allows_nothing_else() -> None:
    (policy,) = (
        each["content"]
        for each in Page(page(gathered(3))).all("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_links_within_the_page_lead_somewhere() -> None:
    parsed = Page(page(gathered(3, troubled=True)))
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for link in parsed.all("a"):
        assert (link["href"] or "").removeprefix("#") in ids


@pytest.mark.parametrize(
    ("unreachable", "shown", "missing"),
    [
        ([], "No differences from the inventory.", "No known differences"),
        (
            ["docker3"],
            "No known differences from the inventory, but not every host was reachable.",
            "No differences",
        ),
    ],
)
def test_the_section_drift_depends_on_the_unreachable_hosts(
    unreachable: list[str], shown: str, missing: str
) -> None:
    document = gathered(3)
    document["drift"]["unreachable"] = unreachable
    text = Page(page(document)).text
    assert shown in text
    assert missing not in text


def hostile() -> dict[str, Any]:
    """A fleet in which every text is hostile."""

    def poisoned(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: poisoned(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [poisoned(each, key) for each in value]
        kept = ("verdict", "subnet", "public_ip", "addresses", "Network", "Type")
        return f"{value}{HOSTILE}" if isinstance(value, str) and key not in kept else value

    document = poisoned(gathered(3, troubled=True))
    document["notes"] = [HOSTILE]
    document["leases"]["invalid"] = [{"key": HOSTILE, "reason": HOSTILE}]
    return dict(document)


@pytest.mark.parametrize("document", [hostile(), {"hosts": [{"name": HOSTILE}] * 30}])
def test_a_hostile_name_is_text(document: dict[str, Any]) -> None:
    plain, attacked = Page(page(gathered(3, troubled=True))), Page(page(document))
    assert HOSTILE in attacked.text
    assert {tag for tag, _ in attacked.tags} <= {tag for tag, _ in plain.tags}
    assert len(attacked.all("script")) == 1
    assert "49" not in re.findall(r"&(\w+)", attacked.text)


def test_every_table_has_a_caption_and_headers_with_a_scope() -> None:
    parsed = Page(page(gathered(30, troubled=True)))
    assert len(parsed.all("table")) == len(parsed.all("caption")) == 7
    assert {header.get("scope") for header in parsed.all("th")} == {"row", "col"}


def test_a_document_that_cannot_be_read_is_an_error_of_ansible() -> None:
    document = gathered(3)
    document["verification"]["format"] = 9
    with pytest.raises(AnsibleFilterError, match="format 9"):
        fleet_report(document)
