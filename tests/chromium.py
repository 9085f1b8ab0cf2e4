"""Headless Chromium for the tests that look at pages, and why a machine has none."""

import base64
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

PROGRAMS = ("chromium", "chromedriver")
TALLEST = 16_000  # pixels of a screenshot
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # which Chromium refuses to root
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have a small one
    "--disable-background-networking",
    "--no-first-run",
    "--window-size=1600,1100",
)


def missing() -> str:
    """Say which programs are missing, and how to get them; empty if none is."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"no {' and no '.join(absent)}: install Debian's chromium and chromium-driver" if absent else ""


def require() -> None:
    """Skip the test where there is no Chromium; in CI, fail."""
    reason = missing()
    if reason and os.environ.get("TFBENCH_CI"):
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)


WAIT_S = 60
DRAWN = "return window.tfbench && tfbench.state.drawn + tfbench.state.failed === tfbench.state.all"
AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then((found) => done(found.violations.map((one) => ({
  id: one.id, impact: one.impact, nodes: one.nodes.slice(0, 3).map((node) => node.html.slice(0, 300)) }))));
"""


@contextmanager
def opened() -> Iterator[WebDriver]:
    """Give a browser, and end it."""
    options = webdriver.ChromeOptions()
    chromium, driver = (shutil.which(program) for program in PROGRAMS)
    assert chromium is not None
    options.binary_location = chromium
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield browser
    finally:
        browser.quit()


def said(browser: WebDriver) -> list[str]:
    """Give what the console has said since the last time: warnings and errors."""
    return [str(entry["message"]) for entry in browser.get_log("browser") if entry["level"] in {"WARNING", "SEVERE"}]


def asked_for(browser: WebDriver) -> list[str]:
    """Give the address of each request since the last time, whether it was answered or not."""
    events = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]


def show_as(browser: WebDriver, *, width: int, scheme: str) -> None:
    """Show pages so many pixels wide, on `light` or `dark` ground."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})


def show(browser: WebDriver, path: Path, *, width: int = 1440, scheme: str = "light") -> None:
    """Open a page from its file and wait for its charts."""
    browser.get("about:blank")
    show_as(browser, width=width, scheme=scheme)
    said(browser)
    asked_for(browser)
    browser.get(path.as_uri())
    WebDriverWait(browser, WAIT_S).until(lambda it: it.execute_script(DRAWN))


def serious(browser: WebDriver) -> list[dict[str, Any]]:
    """Open all that is folded, and give what axe-core finds that keeps somebody from using the page."""
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    browser.execute_script((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    browser.set_script_timeout(WAIT_S)
    found = browser.execute_async_script(AXE)
    return [one for one in found if one["impact"] in {"serious", "critical"}]


def keep_whole(browser: WebDriver, name: str) -> Path:
    """Keep a screenshot of the whole page."""
    size = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], TALLEST), "scale": 1}
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    path = screenshot_folder() / f"{name}.png"
    path.write_bytes(base64.b64decode(shot["data"]))
    return path


def screenshot_folder() -> Path:
    """Give where screenshots go: `TFBENCH_SCREENSHOTS`, or build/screenshots."""
    folder = Path(os.environ.get("TFBENCH_SCREENSHOTS") or Path(__file__).parents[1] / "build" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
