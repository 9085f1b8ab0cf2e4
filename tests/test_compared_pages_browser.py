"""What a user sees in headless Chromium of the pages that compare: machines, sides, and a case over many runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import pytest
from page_runs import HARMFUL, PATH, SCRIPT, machines, series
from tfbench.reports import cli

LOOKS = ((360, "dark"), (1440, "light"), (360, "light"), (1440, "dark"))
RIGHTS = "return [...document.querySelectorAll('.chart svg')].map((svg) => svg.getBoundingClientRect().right)"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """Give one browser for the module."""
    chromium.require()
    with chromium.opened() as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(records: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write each page as a user does, of plain names and of such as mean harm; give their paths."""
    folder = tmp_path_factory.mktemp("pages")
    runs = [str(records.write(run, folder / "runs")) for run in machines(records)]
    plain = [str(series(records, folder / "series"))]
    harmful = [str(series(records, folder / f"harm-{i}", names=(text,) * 3)) for i, text in enumerate(HARMFUL)]
    bad = dict.fromkeys(("workload", "implementation", "unit"), SCRIPT + PATH)
    worse = [str(records.write(run, folder / "worse")) for run in machines(records, ("a", "b"), **bad)]
    asked = {
        "machines": ["compare", *runs, "--by", "machine"],
        "sides": ["compare", *runs, "--by", "run", "--gate", "5%"],
        "history": ["history", *plain],
        "harmful-machines": ["compare", *worse, "--by", "machine"],
        "harmful-history": ["history", *harmful],
    }
    for name, arguments in asked.items():
        code = 2 if name == "sides" else 0  # machines differ, and are never gated
        assert cli.main([*arguments, "--format", "html", "-o", str(folder / f"{name}.html")]) == code
    return {name: folder / f"{name}.html" for name in asked}


@pytest.mark.parametrize(
    ("name", "charts"),
    [("machines", 5), ("sides", 2), ("history", 2), ("harmful-machines", 5), ("harmful-history", 12)],
)
def test_a_page_opens_from_its_file_whole_on_a_phone_and_a_desk(
    chrome: Any, pages: dict[str, Path], name: str, charts: int
) -> None:
    for width, scheme in LOOKS[:1] if name.startswith("harmful") else LOOKS:
        chromium.show(chrome, pages[name], width=width, scheme=scheme)
        chromium.keep_whole(chrome, f"{name}-{width}-{scheme}")
        assert chromium.said(chrome) == []
        assert chromium.asked_for(chrome) == [pages[name].as_uri()]
        assert chrome.execute_script("return tfbench.state") == {"drawn": charts, "failed": 0, "all": charts}
        assert chrome.execute_script("return document.documentElement.scrollWidth") <= width
        assert max(chrome.execute_script(RIGHTS)) <= width
        assert chrome.execute_script("return [window.harmed, document.querySelectorAll('img').length]") == [None, 0]
        if (width, scheme) in LOOKS[:2]:
            found = chromium.serious(chrome)
            assert found == [], json.dumps(found, indent=1)
