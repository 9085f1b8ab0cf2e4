"""What a user sees of the page in headless Chromium: charts, filters, tables, on a phone and a desk, light and dark."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import pytest
from chromium import WAIT_S, show
from page_runs import HARMFUL, INVOCATIONS, MODES, ROUNDS, SCRIPT, TEMPLATE, everything, harmful, write
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from tfbench.bench import store
from tfbench.reports import palette, run_page
from tfbench.reports.page import DataTable, Figure, Page

SIZES = (360, 1440)
GROUNDS = {"light": palette.LIGHT, "dark": palette.DARK}
# The layer of a chart that has a mark for each of its rows: a line for each where there are curves, and for each round
# of an invocation in the chart of the rounds.
LAYERS = {
    "verdicts": 0,
    "speedups": 2,
    "rounds": 0,
    "ledger": 0,
    "totals": 0,
    "retracing": 0,
    "parts": 0,
    "ops": 0,
    "drift": 0,
    "scaling": 3,
    "per-core": 1,
    "roofline": 2,
}
MARKS = """
const group = document.querySelectorAll(`#${arguments[0]} g[class*="layer_${arguments[1]}_"][class*="role-mark"] path`);
return [...group].map((path) => [path.getAttribute("d") || "", getComputedStyle(path).fill]);
"""
TABLE = "#section-2 > section:first-of-type > .items > .wide:first-child table"  # the first workload's summary
VISIBLE = "return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility()).length"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """Give one browser for the module."""
    chromium.require()
    with chromium.opened() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(records: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a run with everything, and its page beside it."""
    place = write(records, everything(records), tmp_path_factory.mktemp("page"))
    run_page.write(store.load(place), place)
    return place


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    """Give the page as it was made."""
    return run_page.make([store.load(folder)])


def kind(figure: Figure) -> str:
    return next(name for name in LAYERS if figure.name.startswith(name))


def marks(browser: Any, figure: Figure) -> list[str]:
    """Give the colour of each mark of a chart that stands for data."""
    return [fill for shape, fill in browser.execute_script(MARKS, figure.name, LAYERS[kind(figure)]) if shape]


def expected(figure: Figure) -> int:
    """Count the marks that a chart's rows ask for."""
    rows = next(iter(figure.data.values()))
    return sum(len(row["s"]) for row in rows) if kind(figure) == "rounds" else len(rows)


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


def choose(browser: Any, name: str, value: str) -> None:
    """Tick or untick a value of a filter, as a user does."""
    for label in browser.find_elements(By.CSS_SELECTOR, f'#filters label:has(input[name="{name}"])'):
        if label.text.strip() == value:
            label.click()
            return
    raise AssertionError(f"no {value} to choose in {name}")


@pytest.mark.parametrize("scheme", GROUNDS)
@pytest.mark.parametrize("width", SIZES)
def test_the_page_opens_from_its_file_whole_and_asks_nothing_of_the_network(
    chrome: Any, folder: Path, page: Page, width: int, scheme: str
) -> None:
    path = folder / run_page.FILE
    show(chrome, path, width=width, scheme=scheme)
    chromium.keep_whole(chrome, f"page-{width}-{scheme}")
    assert chromium.said(chrome) == []
    assert chromium.asked_for(chrome) == [path.as_uri()]
    assert chrome.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert chrome.execute_script("return tfbench.state") == {"drawn": 19, "failed": 0, "all": 19}
    assert len(page.figures) == 19
    assert {figure.name: len(marks(chrome, figure)) for figure in page.figures} == {
        figure.name: expected(figure) for figure in page.figures
    }
    assert chrome.execute_script("return document.documentElement.scrollWidth") <= width
    (rounds,) = (figure for figure in page.figures if figure.name.startswith("rounds-toy"))
    assert len(marks(chrome, rounds)) == 2 * len(MODES) * INVOCATIONS * ROUNDS
    assert set(marks(chrome, rounds)) == {rgb(GROUNDS[scheme][mode]) for mode in MODES}


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light"), (1440, "dark")])
def test_axe_finds_nothing_serious(chrome: Any, folder: Path, width: int, scheme: str) -> None:
    show(chrome, folder / run_page.FILE, width=width, scheme=scheme)
    found = chromium.serious(chrome)
    assert found == [], json.dumps(found, indent=1)


def test_no_chart_is_wider_than_a_phone(chrome: Any, folder: Path, page: Page) -> None:
    show(chrome, folder / run_page.FILE, width=360)
    wide = "return [...document.querySelectorAll('.chart svg')].map((svg) => svg.getBoundingClientRect().right)"
    rights = chrome.execute_script(wide)
    assert len(rights) == len(page.figures)
    assert max(rights) <= 360


def test_a_mode_that_is_not_chosen_is_gone_from_charts_and_tables(chrome: Any, folder: Path, page: Page) -> None:
    show(chrome, folder / run_page.FILE)
    rounds, speedups = (
        next(f for f in page.figures if f.name.startswith(name)) for name in ("rounds-toy", "speedups-toy")
    )
    assert chrome.execute_script(VISIBLE, f"{TABLE} tbody tr") == 6
    choose(chrome, "mode", "eager")
    WebDriverWait(chrome, WAIT_S).until(lambda _: len(marks(chrome, rounds)) == 4 * INVOCATIONS * ROUNDS)
    WebDriverWait(chrome, WAIT_S).until(lambda _: len(marks(chrome, speedups)) == 4)
    assert set(marks(chrome, rounds)) == {rgb(palette.LIGHT[mode]) for mode in ("graph", "xla")}
    assert chrome.execute_script(VISIBLE, f"{TABLE} tbody tr") == 4
    told = chrome.find_element(By.ID, "hidden-by")
    assert told.get_attribute("role") == "status"
    assert told.text.startswith("Left out: ")
    choose(chrome, "mode", "graph")
    choose(chrome, "mode", "xla")
    assert chrome.execute_script(VISIBLE, "figure") == 1  # that of the verdicts compares the modes
    for mode in MODES:
        choose(chrome, "mode", mode)
    WebDriverWait(chrome, WAIT_S).until(lambda _: len(marks(chrome, rounds)) == expected(rounds))
    assert told.text == ""
    assert chromium.said(chrome) == []


def test_a_workload_that_is_not_chosen_is_gone_with_its_section_and_verdicts(chrome: Any, folder: Path) -> None:
    show(chrome, folder / run_page.FILE)
    choose(chrome, "workload", "wide")
    shown = [one.text for one in chrome.find_elements(By.CSS_SELECTOR, "h2") if one.is_displayed()]
    assert shown == ["Verdicts", "toy n=8,kind=small", "Roofline", "Failures and skips", "Profiles", "Measured on"]
    names = [one.text for one in chrome.find_elements(By.CSS_SELECTOR, ".group-name") if one.is_displayed()]
    assert names == ["toy n=8,kind=small"]
    assert "wide" not in chrome.find_element(By.TAG_NAME, "nav").text


def test_a_chart_that_was_hidden_while_the_window_changed_is_whole_again(chrome: Any, folder: Path) -> None:
    show(chrome, folder / run_page.FILE)
    choose(chrome, "workload", "toy")
    chromium.show_as(chrome, width=1000, scheme="light")
    choose(chrome, "workload", "toy")
    width = "return document.querySelector('[id^=speedups-toy] svg').getBoundingClientRect().width"
    WebDriverWait(chrome, WAIT_S).until(lambda it: it.execute_script(width) > 300)


def column(browser: Any, number: int) -> list[str]:
    cells = browser.find_elements(By.CSS_SELECTOR, f"{TABLE} tbody td:nth-child({number})")
    return [cell.text for cell in cells]


def test_tables_sort_by_value_with_the_pointer_and_the_keyboard(chrome: Any, folder: Path, page: Page) -> None:
    show(chrome, folder / run_page.FILE)
    heads = chrome.find_elements(By.CSS_SELECTOR, f"{TABLE} thead th")
    number = [head.text.split()[0] for head in heads].index("median")
    before = column(chrome, number + 1)
    button = heads[number].find_element(By.TAG_NAME, "button")
    button.click()
    rising = column(chrome, number + 1)
    assert heads[number].get_attribute("aria-sort") == "ascending"
    table = page.sections[1].sections[0].items[0]
    assert isinstance(table, DataTable)
    values = {line.cells[number].text: float(line.cells[number].value or 0) for line in table.lines}
    assert before == list(values) != rising
    assert rising == sorted(values, key=values.__getitem__)
    button.send_keys(Keys.ENTER)
    assert column(chrome, number + 1) == rising[::-1]
    assert heads[number].get_attribute("aria-sort") == "descending"
    heads[0].find_element(By.TAG_NAME, "button").send_keys(Keys.SPACE)
    assert column(chrome, 1) == ["by_hand"] * 3 + ["library"] * 3
    assert heads[number].get_attribute("aria-sort") is None


def test_the_keyboard_reaches_the_content_first_then_sections_and_filters(chrome: Any, folder: Path) -> None:
    show(chrome, folder / run_page.FILE)
    reached = []
    for _ in range(3):
        chrome.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(chrome.switch_to.active_element.text)
    assert reached == ["Skip to the content", "Verdicts", "toy n=8,kind=small"]
    box = chrome.find_element(By.CSS_SELECTOR, '#filters input[name="mode"]')
    box.send_keys(Keys.SPACE)
    assert chrome.find_element(By.ID, "hidden-by").text.startswith("Left out")


def test_on_paper_the_page_is_light_and_without_what_cannot_be_clicked(chrome: Any, folder: Path) -> None:
    show(chrome, folder / run_page.FILE, scheme="dark")
    media = {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    ground = chrome.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == rgb(palette.LIGHT["ground"])
    assert chrome.execute_script(VISIBLE, ".side, summary") == 0
    chromium.keep_whole(chrome, "page-print")
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_names_that_mean_harm_are_texts(chrome: Any, records: Any, tmp_path: Path) -> None:
    place = write(records, harmful(records), tmp_path, names=(SCRIPT, TEMPLATE))
    before = set(tmp_path.rglob("*"))
    path = run_page.write(store.load(place), place)
    assert set(tmp_path.rglob("*")) - before == {path}
    show(chrome, path, width=360)
    chromium.keep_whole(chrome, "page-harmful")
    assert chromium.said(chrome) == []
    assert chromium.asked_for(chrome) == [path.as_uri()]
    assert chrome.execute_script("return [window.harmed, document.querySelectorAll('img').length]") == [None, 0]
    assert chrome.execute_script("return tfbench.state.failed") == 0
    assert chrome.execute_script("return document.documentElement.scrollWidth") <= 360
    body = chrome.find_element(By.TAG_NAME, "body").text
    assert all(
        text in body for text in (SCRIPT, TEMPLATE.strip(), "../../../etc/passwd", r"\x1b[31mred\x1b]0;title\x07\n")
    )
    choose(chrome, "workload", HARMFUL[0])
    assert chrome.execute_script("return window.harmed") is None
    assert chromium.said(chrome) == []
