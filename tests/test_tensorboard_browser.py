"""What a user sees in TensorBoard, in headless Chromium: trials, sessions, and the trace of each case."""

import gzip
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode
from urllib.request import urlopen

import chromium
import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from tfbench.bench import store
from tfbench.reports import frame

TFBENCH = [sys.executable, "-c", "from tfbench.reports import cli; cli.entry()"]
CHOICE = ("sum_loop", "--param", "n=10", "--implementation", "vectorized", "--mode", "graph,xla")
RUN = ("run", *CHOICE, "--quick", "--profile", "--out", "results")
CASES = ("sum_loop-vectorized-n=10-graph-cpu", "sum_loop-vectorized-n=10-xla-cpu")
# No cheap operation of a long loop: TensorFlow leaves those out of traces after some 90 runs.
OPERATIONS = {CASES[0]: {"Range", "Sum"}, CASES[1]: {"CpuExecutable::ExecuteAsyncOnStream", "copy"}}
WAIT_S = 40
ZOOM_S = 4  # the viewer zooms to the events a moment after it has drawn them; for the screenshot only
TITLES = """
const view = document.querySelector("tr-ui-timeline-view");
if (!view || !view.model) return [];
return [...view.model.getDescendantEvents()].map((event) => event.title);
"""
CELLS = """
const found = [];
const look = (node) => {
  if (node.tagName == "VAADIN-GRID-CELL-CONTENT") found.push(node.innerText.trim());
  [...node.children, ...(node.shadowRoot ? node.shadowRoot.children : [])].forEach(look);
};
look(document.body);
return found;
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Measure and trace two cases."""
    chromium.require()
    place = tmp_path_factory.mktemp("browser")
    done = subprocess.run([*TFBENCH, *RUN], cwd=place, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "results"


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[dict[str, str]]:
    """Start `tfbench tensorboard`; give what it prints, by the first word of each line."""
    with subprocess.Popen([*TFBENCH, "tensorboard", folder], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().split(maxsplit=1) for _ in range(4)]
            yield {word: rest.strip() for word, rest in lines}
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def sessions(folder: Path) -> dict[str, str]:
    """Give TensorBoard's name of each case's trace."""
    traces = (folder / "latest").resolve().glob("profiles/*/plugins/profile/*")
    return {path.parts[-4]: f"profiles/{path.parts[-4]}/{path.name}" for path in traces}


def wait(browser: Any, condition: Any) -> Any:
    """Give what the condition gives as soon as it is something; meanwhile the page may change under it."""
    return WebDriverWait(browser, WAIT_S, ignored_exceptions=[IndexError, WebDriverException]).until(
        lambda _: condition()
    )


def choose(browser: Any, selector: int, text: str) -> list[str]:
    """Choose an option of one of the profile page's selectors, behind its menu if need be; give all options."""

    def options() -> list[Any]:
        found = browser.find_elements(By.CSS_SELECTOR, "mat-option")
        if not found:
            selectors = browser.find_elements(By.CSS_SELECTOR, "mat-select")
            if not selectors[selector].is_displayed():
                browser.find_element(By.CSS_SELECTOR, ".sidenav-toggle-button").click()
            selectors[selector].click()
        return list(found)

    found = wait(browser, options)
    texts = [option.get_attribute("textContent").strip() for option in found]  # `text` is empty where it is cut off
    browser.execute_script("arguments[0].click()", found[texts.index(text)])
    wait(browser, lambda: not browser.find_elements(By.CSS_SELECTOR, "mat-option"))
    return texts


def titles(browser: Any, case: str) -> list[str]:
    """Give the titles of all events that the trace viewer draws of a case."""

    def shown() -> list[str]:
        frame = browser.find_element(By.CSS_SELECTOR, "iframe")
        if case not in unquote(unquote(frame.get_attribute("src"))):
            return []
        browser.switch_to.frame(frame)
        try:
            return list(browser.execute_script(TITLES))
        finally:
            browser.switch_to.parent_frame()

    return list(wait(browser, shown))


def data(served: Mapping[str, str], route: str, **query: str) -> Any:
    """Ask the profile plugin."""
    base = served["profiles"].partition("#")[0]
    with urlopen(f"{base}data/plugin/profile/{route}?{urlencode(query)}") as answer:
        content = answer.read()
    return json.loads(gzip.decompress(content) if answer.headers["Content-Encoding"] == "gzip" else content)


@pytest.mark.tensorflow
def test_the_profile_page_lists_the_cases_and_draws_their_steps_and_operations(
    browser: Any, served: Mapping[str, str], sessions: Mapping[str, str]
) -> None:
    assert set(sessions) == set(CASES)
    browser.get(served["profiles"])
    wait(browser, lambda: browser.switch_to.frame(browser.find_element(By.CSS_SELECTOR, "iframe")) or True)
    choose(browser, 1, "Trace Viewer")
    for case in CASES:
        listed = choose(browser, 0, sessions[case])
        assert sorted(listed) == sorted(sessions.values())
        drawn = titles(browser, case)
        steps = [title for title in drawn if re.search(r"step \d+$", title)]
        assert len(steps) == len(set(steps)) > 1
        assert OPERATIONS[case] <= set(drawn)
        time.sleep(ZOOM_S)
        browser.save_screenshot(chromium.screenshot_folder() / f"profile-{case}.png")


@pytest.mark.tensorflow
def test_the_plugin_has_the_operations_that_its_tables_would_draw(
    served: Mapping[str, str], sessions: Mapping[str, str]
) -> None:
    """The tables themselves draw with a script from the network."""
    hosts = data(served, "hosts", run=sessions[CASES[0]], tag="framework_op_stats")
    stats = data(served, "data", run=sessions[CASES[0]], tag="framework_op_stats", host=hosts[0]["hostname"])
    table = stats[0] if isinstance(stats, list) else stats
    column = [name["id"] for name in table["cols"]].index("type")
    assert OPERATIONS[CASES[0]] <= {row["c"][column]["v"] for row in table["rows"]}


@pytest.mark.tensorflow
def test_the_hparams_page_shows_the_trials_with_the_numbers_of_the_table(
    browser: Any, folder: Path, served: Mapping[str, str]
) -> None:
    browser.get(served["trials"])
    wait(browser, lambda: CASES[1] in browser.execute_script(CELLS))
    cells = browser.execute_script(CELLS)
    browser.save_screenshot(chromium.screenshot_folder() / "hparams.png")
    heads = cells[: cells.index("elements/s") + 1]
    assert heads[:5] == ["Trial ID", "Show Metrics", "mode", "device", "implementation"]
    rows = {row["case"]: row for row in frame.summary_frame([store.load(folder)]).to_dict("records")}
    for case in CASES:
        row = dict(zip(heads, cells[cells.index(case) :], strict=False))
        assert row["mode"] == rows[case]["mode"]
        assert float(row["median (ms)"]) == pytest.approx(rows[case]["median_s"] * 1e3, rel=1e-4)


@pytest.mark.tensorflow
def test_the_time_series_page_shows_the_rounds(browser: Any, served: Mapping[str, str]) -> None:
    browser.get(served["rounds"])
    wait(browser, lambda: "/invocation_1" in browser.find_element(By.TAG_NAME, "body").text)
    browser.save_screenshot(chromium.screenshot_folder() / "timeseries.png")


def test_without_chromium_a_user_skips_and_ci_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TFBENCH_CI", raising=False)
    reason = "no chromium and no chromedriver: install Debian's chromium and chromium-driver"
    with pytest.raises(pytest.skip.Exception, match=reason):
        chromium.require()
    monkeypatch.setenv("TFBENCH_CI", "1")
    with pytest.raises(pytest.fail.Exception, match=reason):
        chromium.require()
