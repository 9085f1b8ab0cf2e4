"""The site of docs/: it needs nothing from the network, tells every option and record, and can be searched and read."""

import functools
import html.parser
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import blocks
import pytest
from blocks import ROOT
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from tfbench.bench import flags, retraces, schema
from tfbench.reports import cli

WIDTHS = (1440, 360)
PAGES = sorted(str(page.relative_to(ROOT / "docs").with_suffix(".html")) for page in blocks.PAGES[1:])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Build the site, links checked."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


class Loads(html.parser.HTMLParser):
    """Collect what a page loads by itself, links that a reader may click left out."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element in."""
        values = [value or "" for name, value in attrs if name in {"src", "srcset", "href", "data", "poster"}]
        self.addresses += values if tag != "a" else []


def text_of(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def test_every_page_is_built(site: Path) -> None:
    built = {str(path.relative_to(site)) for path in site.rglob("*.html")}
    assert built == {*PAGES, "404.html"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_nothing_from_the_network(page: str, site: Path) -> None:
    loads = Loads()
    loads.feed((site / page).read_text(encoding="utf-8"))
    assert any(address.endswith(".js") for address in loads.addresses)
    assert [address for address in loads.addresses if re.match(r"(https?:)?//", address)] == []


def test_style_sheets_load_nothing_from_the_network(site: Path) -> None:
    sheets = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert sheets
    assert [found for sheet in sheets for found in re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", sheet)] == []


def test_the_command_line_page_tells_every_command_and_option(site: Path) -> None:
    text = text_of(site / "reference" / "cli.html")
    (commands,) = (action.choices for action in cli.make_parser()._actions if action.choices)
    assert list(commands)[:2] == ["run", "list"]
    for name, parser in commands.items():
        assert f"tfbench {name}" in text
        options = {option for action in parser._actions for option in action.option_strings} - {"-h", "--help"}
        assert [option for option in options if option not in text] == []
    for option in flags.OPTIONS:
        words = f"--{option.name} {option.metavar}".strip()
        assert words in text
        assert (words if option.shared else f"--tf-{option.name} {option.metavar}".strip()) in text
        assert option.help.replace("%%", "%") in text
    assert f"{retraces.OPTION} N" in text


def test_the_page_of_run_json_tells_every_record_and_field(site: Path) -> None:
    text = text_of(site / "reference" / "run-json.html")
    document = schema.document()
    assert json.loads((site / "reference" / "run.schema.json").read_text(encoding="utf-8")) == document
    for name, record in document["$defs"].items():
        assert name in text
        for field, told in record["properties"].items():
            assert field in text
            assert told.get("description", "").replace("`", "") in text


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the site on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def fits(browser, width: int) -> bool:
    return browser.execute_script("return document.documentElement.scrollWidth <= arguments[0]", width)


def test_pages_fit_wide_and_narrow_windows_and_ask_no_other_host(browser, address: str) -> None:
    for page in PAGES:
        browser.get(address + page)
        for width in WIDTHS:
            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            # The theme's script gives wide tables a scroll bar of their own, a moment after the page is there.
            WebDriverWait(browser, 10).until(functools.partial(fits, width=width), page)
        loaded = browser.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
        assert [name for name in loaded if not name.startswith(address)] == []


def test_colours_follow_the_system(browser, address: str) -> None:
    brightness = []
    for scheme in ("light", "dark"):
        told = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": told})
        browser.get(f"{address}index.html")
        colour = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        brightness.append(sum(map(int, re.findall(r"\d+", colour)[:3])))
    assert brightness[0] == 3 * 255
    assert brightness[1] < 200


@pytest.mark.parametrize("how", ["served", "from its folder"])
def test_the_search_finds_pages(how: str, browser, address: str, site: Path) -> None:
    browser.get(f"{address}index.html" if how == "served" else (site / "index.html").as_uri())
    box = browser.find_element(By.CSS_SELECTOR, "input.md-search__input")
    box.click()
    box.send_keys("retrace")
    WebDriverWait(browser, 20).until(lambda b: b.find_elements(By.CSS_SELECTOR, ".md-search-result__item"))
    found = [element.text for element in browser.find_elements(By.CSS_SELECTOR, ".md-search-result__item h1")]
    assert "Find a retrace" in found
