# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium of Debian's that sees local files alone, for tests and pictures."""

from __future__ import annotations

import shutil
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.remote_connection import RemoteConnection

# Seconds that one command may take: a page of 100 hosts on a machine that is busy.
_PATIENCE = 300

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    # No name is looked up, and no address is reached.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
)


class Browser:
    """One window."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, *, dark: bool = False, width: int = 1280, height: int = 900) -> None:
        """Show a file, in a window of that size, on a system that prefers light or dark."""
        self.driver.set_window_size(width, height)
        scheme = "dark" if dark else "light"
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )
        self.driver.get(page.as_uri())

    def complaints(self) -> list[str]:
        """What the console has been told since the last time."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in entries]

    def picture(self, target: Path, *, height: int | None = None) -> None:
        """Write what the window shows as PNG, or its upper *height* pixels."""
        left, top, width, shown = self.driver.execute_script(
            "return [scrollX, scrollY, innerWidth, innerHeight]"
        )
        answer = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot",
            {
                "format": "png",
                "clip": {
                    "x": left,
                    "y": top,
                    "width": width,
                    "height": height or shown,
                    "scale": 1,
                },
            },
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b64decode(answer["data"]))


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium with a profile of its own, and end it. Raises RuntimeError without one."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        raise RuntimeError("chromium or chromedriver is missing: dev/setup lab installs both")
    chromium, chromedriver = programs
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with TemporaryDirectory(prefix="weft-browser-", ignore_cleanup_errors=True) as profile:
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(str(chromedriver)))
        try:
            executor = driver.command_executor
            assert isinstance(executor, RemoteConnection)
            executor.client_config.timeout = _PATIENCE
            driver.set_page_load_timeout(_PATIENCE)
            driver.set_script_timeout(_PATIENCE)
            yield Browser(driver)
        finally:
            driver.quit()
