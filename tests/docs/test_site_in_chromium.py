# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site in a real browser that reaches nothing but its files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from dev.browser import Browser, browser

from .site import Site

# The first test builds the site.
pytestmark = pytest.mark.timeout(1200)

PAGES = (
    "index.html",
    "tutorial.html",
    "architecture.html",
    "comparison.html",
    "troubleshooting.html",
    "reference/docker_bip_module.html",
    "reference/overlay_role.html",
)
# The words that are read least easily, by WCAG's ratio of contrast, of what is seen in the article.
_FAINTEST = """
const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parse = text => text.match(/[\\d.]+/g).map(Number);
const ground = element => {
  for (; element; element = element.parentElement) {
    const colour = parse(getComputedStyle(element).backgroundColor);
    if (colour.length < 4 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
let worst = [99, ""];
const read = ["p", "td", "th", "code", "a", "li", "span"].map(name => `article ${name}`);
for (const element of document.querySelectorAll(read.join())) {
  const words = [...element.childNodes].filter(n => n.nodeType === 3 && n.data.trim());
  const permalink = element.closest("a.headerlink, a.ansibleOptionLink");
  if (!words.length || permalink || !element.checkVisibility()) continue;
  const [one, two] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
  const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
  if (ratio < worst[0]) worst = [ratio, element.outerHTML.slice(0, 120)];
}
return worst;
"""


# Words of code on more than one line, without a place to break.
_BROKEN_WORDS = """
return [...document.querySelectorAll("article table code span.pre")]
  .filter(word => word.getClientRects().length > 1)
  .map(word => word.textContent);
"""
# Tables that are wider than the part of the page that shows them, and cannot be scrolled.
_CUT_TABLES = """
return [...document.querySelectorAll("article table")]
  .filter(table => table.scrollWidth > table.parentElement.clientWidth)
  .filter(table => getComputedStyle(table.parentElement).overflowX !== "auto")
  .map(table => table.textContent.slice(0, 80));
"""


@pytest.fixture(scope="module")
def window(site: Site) -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_and_the_browser_has_no_complaint(
    site: Site, window: Browser, name: str, dark: bool
) -> None:
    window.open(site.root / name, dark=dark, width=1400)
    assert window.complaints() == []
    ratio, element = window.driver.execute_script(_FAINTEST)
    # What WCAG 2 asks for at level AA (success criterion 1.4.3).
    assert ratio >= 4.5, element


@pytest.mark.parametrize("width", [500, 1320, 1500])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_its_window(
    site: Site, window: Browser, name: str, width: int
) -> None:
    window.open(site.root / name, width=width)
    shown, needed = window.driver.execute_script(
        "return [innerWidth, document.documentElement.scrollWidth]"
    )
    assert needed <= shown


@pytest.mark.parametrize("width", [500, 1100, 1400])
@pytest.mark.parametrize("name", ["life.html", "playbooks.html", "troubleshooting.html"])
def test_no_word_of_code_is_broken_and_a_wide_table_scrolls(
    site: Site, window: Browser, name: str, width: int
) -> None:
    window.open(site.root / name, width=width)
    assert window.driver.execute_script(_BROKEN_WORDS) == []
    assert window.driver.execute_script(_CUT_TABLES) == []


def test_a_roles_page_shows_main_first(site: Site, window: Browser) -> None:
    window.open(site.root / "reference/overlay_role.html")
    found = window.driver.find_elements(By.CSS_SELECTOR, "article h2")
    assert found[0].text.startswith("Entry point main")


def test_the_menu_begins_with_the_installation(site: Site, window: Browser) -> None:
    window.open(site.root / "index.html")
    first = window.driver.find_element(By.CSS_SELECTOR, ".sidebar-tree a")
    assert (first.text, str(first.get_attribute("href")).rpartition("/")[2]) == (
        "Install",
        "install.html",
    )


def test_the_drawings_are_shown(site: Site, window: Browser) -> None:
    window.open(site.root / "architecture.html")
    widths = window.driver.execute_script(
        "return [...document.querySelectorAll('article img')].map(i => i.naturalWidth)"
    )
    assert len(widths) == 4
    assert all(widths)


def test_the_search_finds_a_module_without_a_network(site: Site, window: Browser) -> None:
    window.driver.get((site.root / "search.html").as_uri() + "?q=docker_bip")
    found = WebDriverWait(window.driver, 120).until(
        lambda driver: driver.find_elements(By.CSS_SELECTOR, "#search-results li a")
    )
    assert any("docker_bip_module.html" in str(link.get_attribute("href")) for link in found)
