# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in a real browser: by pointer and by keyboard, light and dark, small and large."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from ansible_collections.weft.overlay.plugins.plugin_utils.report.fleet import Verdict
from ansible_collections.weft.overlay.plugins.plugin_utils.report.labels import VERDICTS
from dev.browser import Browser
from tests.browser.conftest import Pages
from tests.report.fleets import HOSTILE, gathered, page

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / ".cache/browser"

# A radio button is marked on the label beside it, a host of the map on its card.
_IS_MARKED = """
const [stop] = arguments;
return [stop, stop.nextElementSibling, stop.querySelector(".card")].some((part) => {
  if (!part) return false;
  const style = getComputedStyle(part);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return outlined || parseFloat(style.strokeWidth) === 2.5;
});
"""

pytestmark = pytest.mark.timeout(600)


def run(window: Browser, script: str, *arguments: Any) -> Any:
    return window.driver.execute_script(script, *arguments)


def press(window: Browser, *keys: str) -> None:
    ActionChains(window.driver).send_keys(*keys).perform()


def focused(window: Browser) -> WebElement:
    return window.driver.switch_to.active_element


def background(window: Browser) -> str:
    return str(run(window, "return getComputedStyle(document.body).backgroundColor"))


def is_filled(window: Browser) -> bool:
    """Whether the button of the theme has another background than what lies around it."""
    page, paper, button = (
        run(
            window, f"return getComputedStyle(document.querySelector({selector!r})).backgroundColor"
        )
        for selector in ("body", "#map", "#theme")
    )
    return button not in (page, paper)


@pytest.mark.parametrize(("count", "troubled"), [(3, False), (30, True), (100, True)])
def test_nothing_is_fetched_and_nothing_complains(
    window: Browser, pages: Pages, count: int, troubled: bool
) -> None:
    window.complaints()
    window.open(pages(count, troubled))
    assert run(window, "return performance.getEntriesByType('resource').length") == 0
    assert window.complaints() == []
    assert run(window, "return document.querySelectorAll('.node').length") == count
    assert run(window, "return document.querySelectorAll('.heat tbody td').length") == count**2


def test_a_hostile_name_is_shown_and_not_run(window: Browser, tmp_path: Path) -> None:
    document = gathered(3)
    document["verification"]["hosts"][0]["name"] = HOSTILE
    document["hosts"][0]["name"] = HOSTILE
    path = tmp_path / "hostile.html"
    path.write_text(page(document), encoding="utf-8")
    window.complaints()
    window.open(path)
    run(window, "document.querySelector('.heat tbody td').focus()")
    run(window, "document.querySelector('.node').focus()")
    assert HOSTILE in run(window, "return document.getElementById('tip').textContent")
    assert run(window, "return document.querySelectorAll('img, script').length") == 1
    assert window.complaints() == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_theme_is_the_systems_until_it_is_chosen(
    window: Browser, pages: Pages, dark: bool
) -> None:
    window.open(pages(3, False), dark=dark)
    run(window, "localStorage.clear()")
    window.driver.refresh()
    button = window.driver.find_element(By.ID, "theme")
    own = background(window)
    assert button.get_attribute("aria-pressed") == str(dark).lower()
    assert is_filled(window) is dark
    button.send_keys(Keys.ENTER)
    chosen = background(window)
    assert chosen != own
    assert button.get_attribute("aria-pressed") == str(not dark).lower()
    assert is_filled(window) is not dark
    window.driver.refresh()
    assert background(window) == chosen
    run(window, "localStorage.clear()")


def test_the_heat_map_switches_by_the_keyboard(window: Browser, pages: Pages) -> None:
    window.open(pages(3, False))
    shown = "return document.querySelector('.measure.is-shown p').textContent"
    text = "return getComputedStyle(document.querySelectorAll('.heat td')[1], '::after').content"
    run(window, "document.getElementById('show-reach').focus()")
    assert "6 of 6 pairs" in run(window, shown)
    for measure, said, cell in (
        ("latency", "Round-trip times from", '"0.'),
        ("mtu", "1450 bytes, as expected", '"1450"'),
        ("loss", "No echo request was lost", '"0"'),
    ):
        press(window, Keys.ARROW_RIGHT)
        assert focused(window).get_attribute("value") == measure
        assert said in run(window, shown)
        assert run(window, text).startswith(cell)


def test_the_cells_are_one_stop_of_tab_and_have_tooltips(window: Browser, pages: Pages) -> None:
    window.open(pages(3, True))
    run(window, "document.querySelector('.heat tbody td').focus()")
    tip = window.driver.find_element(By.ID, "tip")
    assert tip.text == "docker1: same host"
    press(window, Keys.ARROW_RIGHT)
    assert tip.text.startswith("docker1 → docker2: failed (timed out)")
    assert focused(window).get_attribute("aria-describedby") == "tip"
    press(window, Keys.ARROW_DOWN, Keys.ARROW_LEFT)
    assert tip.text.startswith("docker2 → docker1: failed (timed out)")
    assert run(window, "return document.querySelectorAll('.heat td[tabindex=\"0\"]').length") == 1
    press(window, Keys.ESCAPE)
    assert not tip.is_displayed()
    press(window, Keys.TAB)
    assert not run(
        window, "return document.getElementById('heat').contains(arguments[0])", focused(window)
    )


def test_a_tooltip_of_a_cell_names_every_verdict_as_the_legend_does(
    window: Browser, tmp_path: Path
) -> None:
    document = gathered(4)
    for pair, verdict in zip(document["verification"]["pairs"], Verdict, strict=False):
        pair |= {"verdict": verdict.value, "answer": f"because of {verdict.value}"}
    path = tmp_path / "verdicts.html"
    path.write_text(page(document), encoding="utf-8")
    window.open(path)
    told = {}
    for verdict in Verdict:
        cell = window.driver.find_element(By.CSS_SELECTOR, f".heat .v-{verdict.value}")
        run(window, "arguments[0].tabIndex = -1; arguments[0].focus()", cell)
        tip = run(window, "return document.getElementById('tip').textContent")
        told[verdict] = tip.splitlines()[0].partition(": ")[2]
    assert told == {
        verdict: f"{word.name} (because of {verdict.value})" if verdict.is_fault else word.name
        for verdict, word in VERDICTS.items()
    }


@pytest.mark.parametrize("troubled", [False, True])
def test_the_menu_and_the_map_of_a_small_fleet_fit_into_a_narrow_window(
    window: Browser, pages: Pages, troubled: bool
) -> None:
    window.open(pages(3, troubled), width=500)
    shown = "const box = arguments[0].getBoundingClientRect(); return [box.left, box.right];"
    found = window.driver.find_elements(By.CSS_SELECTOR, ".bar nav a, #theme, .map .card")
    assert len(found) >= 6 + 1 + 3
    for element in found:
        left, right = run(window, shown, element)
        assert 0 <= left < right <= 500, element.text
    assert run(window, "return document.documentElement.scrollWidth") <= 500
    assert not window.driver.find_elements(By.CSS_SELECTOR, ".sideways")


def test_a_wider_map_says_that_it_scrolls_in_a_narrow_window(window: Browser, pages: Pages) -> None:
    window.open(pages(30, True), width=500)
    assert window.driver.find_element(By.CSS_SELECTOR, ".sideways").is_displayed()
    assert run(window, "return document.documentElement.scrollWidth") <= 500
    window.open(pages(30, True), width=1280)
    assert not window.driver.find_element(By.CSS_SELECTOR, ".sideways").is_displayed()


def test_the_addresses_of_a_small_fleet_are_no_larger_than_its_map(
    window: Browser, pages: Pages
) -> None:
    window.open(pages(3, False))
    height = "return document.querySelector(arguments[0]).getBoundingClientRect().height"
    assert run(window, height, ".space") < run(window, height, ".map") / 2
    run(window, "document.querySelector('.space td').focus()")
    press(window, Keys.ARROW_DOWN)
    assert window.driver.find_element(By.ID, "tip").text == "240 free subnets, to 100.96.255.255"


@pytest.mark.parametrize(("count", "faulty"), [(3, 1), (100, 2)])
def test_a_host_of_the_map_shows_its_links_by_the_keyboard(
    window: Browser, pages: Pages, count: int, faulty: int
) -> None:
    window.open(pages(count, True))
    run(window, "document.querySelector('.node').focus()")
    press(window, Keys.ARROW_RIGHT)
    assert (focused(window).get_attribute("aria-label") or "").startswith("docker2: ")
    assert run(window, "return document.querySelectorAll('#spokes path').length") == count - 1
    assert run(window, "return document.querySelectorAll('#spokes .bad').length") == faulty
    tip = window.driver.find_element(By.ID, "tip")
    assert "subnet 100.96.2.0/24" in tip.text
    run(window, "document.activeElement.blur()")
    assert run(window, "return document.querySelectorAll('#spokes path').length") == 0


def test_the_focus_is_seen(window: Browser, pages: Pages) -> None:
    """Every stop of Tab has an outline, or its own sign of the focus."""
    window.open(pages(3, True))
    stops = 0
    while stops < 80:
        press(window, Keys.TAB)
        stop = focused(window)
        if stop.tag_name in {"body", "html"}:
            break
        stops += 1
        assert run(window, _IS_MARKED, stop), stop.get_attribute("outerHTML")
    assert stops >= 12


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("count", [3, 100])
def test_the_page_does_not_scroll_sideways(
    window: Browser, pages: Pages, count: int, width: int
) -> None:
    window.open(pages(count, True), width=max(width, 500))
    window.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        assert run(window, "return document.documentElement.scrollWidth") <= width
    finally:
        window.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# A step of axe takes minutes for the 10,000 cells of 100 hosts, which are those of 3 hosts again.
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("count", [3, 11])
def test_axe_finds_nothing(window: Browser, pages: Pages, count: int, dark: bool) -> None:
    window.open(pages(count, True), dark=dark)
    run(window, files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    for measure in ("reach", "latency", "mtu", "loss"):
        run(window, f"document.getElementById('show-{measure}').click()")
        found = window.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run({resultTypes: ['violations']}).then((found) => done({"
            "  passes: found.passes.length,"
            "  violations: found.violations.map((each) => [each.id, each.help,"
            "    each.nodes.slice(0, 3).map((node) => node.html + ' ' + node.failureSummary)])}))"
        )
        assert found["violations"] == [], measure
        assert found["passes"] > 20


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("count", [3, 100])
def test_pictures_for_people(window: Browser, pages: Pages, count: int, dark: bool) -> None:
    """Pictures of the head of the report and of the matrix, into .cache/browser."""
    window.open(pages(count, True), dark=dark, height=1500)
    name = f"{count}-{'dark' if dark else 'light'}"
    window.picture(PICTURES / f"{name}.png")
    run(window, "document.getElementById('matrix').scrollIntoView({behavior: 'instant'})")
    window.picture(PICTURES / f"{name}-matrix.png")
    for path in (PICTURES / f"{name}.png", PICTURES / f"{name}-matrix.png"):
        assert path.stat().st_size > 20_000
