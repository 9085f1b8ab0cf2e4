"""Headless Chromium for the tests that look at pages, and why a machine has none."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver

PROGRAMS = ("chromium", "chromedriver")
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


@contextmanager
def opened() -> Iterator[WebDriver]:
    """Give a browser, and end it."""
    options = webdriver.ChromeOptions()
    chromium, driver = (shutil.which(program) for program in PROGRAMS)
    assert chromium is not None
    options.binary_location = chromium
    for option in OPTIONS:
        options.add_argument(option)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield browser
    finally:
        browser.quit()


def screenshot_folder(tmp_path: Path) -> Path:
    """Give where screenshots go: `TFBENCH_SCREENSHOTS`, or the test's own folder."""
    folder = Path(os.environ.get("TFBENCH_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
