"""A headless Chromium of the system, driven by its own chromedriver: nothing is fetched."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

PATIENCE = 30  # seconds


def start(downloads: Path) -> Chrome:
    """Skips the test where there is none."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("Chromium is not installed (scripts/setup.sh --with-browser)")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for word in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(word)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # which Chromium refuses to do without for root
    browser = Chrome(options=options, service=Service(driver))
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    return browser


class Page:
    """A file in the browser, asked by JavaScript; what the browser logged since it was opened is in `errors`."""

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser

    def open(self, path: Path, width: int = 1200, dark: bool = False) -> None:
        self.browser.get_log("browser")
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                     {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
        features = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}  # no smooth scrolling
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                     {"features": [{"name": name, "value": value} for name, value in features.items()]})
        self.browser.get(path.as_uri())
        self.until(lambda: self.js("return document.documentElement.dataset.ready") == "yes", "the page's script to end")

    def js(self, script: str, *words: Any) -> Any:
        return self.browser.execute_script(script, *words)

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited {PATIENCE} s for {what}")

    def drawn(self, key: str, number: int = 0) -> Any:
        """The figure of this key, once Plotly or the strip has drawn it."""
        holder = self.js(f"return document.querySelectorAll('figure[data-key=\"{key}\"]')[{number}]")
        assert holder is not None, f"no figure {key}"
        self.js("arguments[0].scrollIntoView()", holder)
        self.until(lambda: self.js("return arguments[0].querySelector('.main-svg, .strip li')", holder), f"figure {key} to be drawn")
        return holder

    def draw_all(self) -> None:
        for number in range(self.js("return document.querySelectorAll('figure').length")):
            holder = self.js(f"return document.querySelectorAll('figure')[{number}]")
            self.js("arguments[0].scrollIntoView()", holder)
            self.until(lambda holder=holder: self.js("return arguments[0].querySelector('.main-svg, .strip li')", holder), "a figure")

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
