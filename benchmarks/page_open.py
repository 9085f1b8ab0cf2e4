"""Time the page of a run: how long it takes to write, and to open in headless Chromium.

    python benchmarks/page_open.py results/latest

The clock of each turn starts with the navigation. `first chart` and `all charts` are marks
that the page itself sets.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import chromium

TURNS = 5
TIMES = """
const mark = (name) => performance.getEntriesByName(name)[0].startTime;
const [opened] = performance.getEntriesByType("navigation");
const [, seen] = performance.getEntriesByType("paint");
return [seen.startTime, opened.loadEventEnd, mark("first-chart"), mark("all-charts"), tfbench.state.all];
"""
DONE = "return performance.getEntriesByName('all-charts').length > 0"


def opened(browser: WebDriver, page: Path) -> list[float]:
    """Open the page once; give milliseconds to its first paint, load, first chart and last chart, and the charts."""
    browser.get("about:blank")
    browser.get(page.as_uri())
    WebDriverWait(browser, 60, poll_frequency=0.2).until(lambda it: it.execute_script(DONE))
    return [float(number) for number in browser.execute_script(TIMES)]


def lines(run: str) -> Iterator[str]:
    """Write the page of a run, open it, and tell both."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        command = [Path(sys.executable).with_name("tfbench"), "report", run, "--format", "html", "-o", page]
        took = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            took.append(time.perf_counter() - start)
        yield f"{page.stat().st_size / 1e6:.2f} MB, written in {median(took):.1f} s by a process of its own"
        with chromium.opened() as browser:
            turns = [opened(browser, page) for _ in range(TURNS)]
    for name, values in zip(
        ("first paint", "loaded", "first chart", "all charts"), zip(*turns, strict=True), strict=False
    ):
        yield f"{name}: median {median(values) / 1e3:.2f} s, slowest {max(values) / 1e3:.2f} s of {TURNS}"
    yield f"{turns[0][-1]:.0f} charts"


def main() -> int:
    """Print what was found."""
    parser = argparse.ArgumentParser(description="Time the page of a run.", allow_abbrev=False)
    parser.add_argument("run", help="run.json or its folder")
    for line in lines(parser.parse_args().run):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
