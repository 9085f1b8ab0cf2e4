"""A page as one file: what is in it, what it may do, and that no text of a run becomes part of it."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from page_runs import HARMFUL, SCRIPT, TEMPLATE, everything, harmful, write
from tfbench.bench import store
from tfbench.reports import page_html, run_page
from tfbench.reports.page import Cell, DataTable, Figure, Heading, Line, Notes, Page, Section, Verdict, Verdicts

SPEC = {"layer": [{"mark": "point", "encoding": {}}], "data": {"name": "rows"}, "width": "container", "height": 10}


class Tags(HTMLParser):
    """Collect the tags of a page with their attributes, and the texts of its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.found.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        """Keep the text of a script."""
        if self.inside:
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        """Leave a script."""
        self.inside = False


def parsed(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    return tags


def make(*items: Any, filters: tuple[str, ...] = (), **changes: Any) -> Page:
    fields = {
        "title": "t",
        "subtitle": (),
        "command": "c",
        "filters": filters,
        "sections": (Section(heading="h", items=items),),
    }
    return Page(**{**fields, **changes})


@pytest.fixture(scope="module")
def whole(records: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the page of a run with everything."""
    folder = write(records, everything(records), tmp_path_factory.mktemp("whole"))
    return page_html.render(run_page.make([store.load(folder)]))


def test_only_the_scripts_of_the_page_itself_may_run_and_nothing_may_be_fetched(whole: str) -> None:
    tags = parsed(whole)
    (policy,) = (a["content"] for tag, a in tags.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    assert "connect-src" not in parts
    assert "unsafe" not in parts["script-src"]
    texts = [
        text
        for text, (_, a) in zip(tags.scripts, [f for f in tags.found if f[0] == "script"], strict=True)
        if "type" not in a
    ]
    digests = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts]
    assert parts["script-src"].split() == digests


def test_nothing_in_the_page_leads_out_of_it(whole: str) -> None:
    tags = parsed(whole)
    assert not [tag for tag, _ in tags.found if tag in {"link", "img", "iframe", "object", "embed", "base"}]
    assert not [a for _, a in tags.found if "src" in a or any(name.startswith("on") for name in a)]
    links = [a["href"] for _, a in tags.found if "href" in a]
    assert links
    assert all(link is not None and re.match(r"#|profiles/[^:]*/$", link) for link in links)


def test_the_page_has_its_language_width_and_title(whole: str) -> None:
    tags = parsed(whole)
    assert ("html", {"lang": "en"}) in tags.found
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in tags.found
    assert "<title>box, 1 November 2026, 00:00 UTC · tfbench</title>" in whole


def test_every_chart_has_a_caption_a_text_for_who_cannot_see_it_and_its_data(whole: str) -> None:
    tags = parsed(whole)
    charts = [a for tag, a in tags.found if a.get("class") == "chart"]
    assert len(charts) == whole.count("<figure") == whole.count("<figcaption") > 15
    assert all(a["role"] == "img" and a["aria-label"] for a in charts)
    assert whole.count("<summary>Data") == len(charts)


def test_rows_are_in_the_page_once_and_charts_only_name_them(whole: str) -> None:
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', whole)[1])  # type: ignore[index]
    drift, rounds = (
        next(f for f in data["figures"] if f["name"].startswith(name)) for name in ("drift-toy", "rounds-toy")
    )
    for figure in (drift, rounds):
        assert figure["spec"]["data"][0] == {"name": "rounds-toy-n-8-kind-small"}
    assert len(data["rows"]["rounds-toy-n-8-kind-small"]) == 18


def test_cells_know_what_they_are_sorted_by() -> None:
    cells = (
        Cell(text="1.5 ms", value=0.0015),
        Cell(text="-"),
        Cell(text="xla", value="xla"),
        Cell(text="a", value="b"),
    )
    heads = tuple(Heading(text=text, right=text == "1") for text in "1234")
    shown = page_html.render(make(DataTable(caption="c", headings=heads, lines=(Line(cells=cells),))))
    row = re.search(r"<tbody>\s*(.*?)\s*</tbody>", shown, re.DOTALL)
    assert row is not None
    assert re.findall(r"<td[^>]*>", row[1]) == [
        '<td class="right" data-number="0.0015">',
        "<td data-none>",
        "<td>",
        '<td data-text="b">',
    ]
    assert '<span class="mode xla">xla</span>' in row[1]


def test_bars_links_and_folds() -> None:
    line = Line(cells=(Cell(text="25 %", value=0.25, share=0.25), Cell(text="x", link="profiles/x/")))
    table = DataTable(caption="more", headings=(Heading(text="a"), Heading(text="b")), lines=(line,), folded=True)
    shown = page_html.render(make(table))
    assert '<meter min="0" max="1" value="0.25" aria-hidden="true"></meter>25 %' in shown
    assert '<a href="profiles/x/">x</a>' in shown
    assert "<details><summary>more</summary>" in shown


def test_what_can_be_chosen_by_is_told_in_numbers() -> None:
    lines = tuple(Line(cells=(), tags={"mode": (mode,), "other": ("x",)}) for mode in ("eager", "xla"))
    shown = page_html.render(make(DataTable(caption="", headings=(), lines=lines), filters=("mode",)))
    assert re.findall(r'<tr data-tags="([^"]*)"', shown) == ["{&#34;mode&#34;:[0]}", "{&#34;mode&#34;:[1]}"]
    assert 'name="mode" value="1"><span class="mode xla">xla</span>' in shown


def test_a_page_without_filters_has_no_form() -> None:
    assert "<form" not in page_html.render(make(Notes(texts=("n",))))


def test_verdicts_have_their_modes_in_colour_and_unknown_ones_in_grey() -> None:
    words = (("use ", ""), ("xla", "xla"), (" or ", ""), ("new", "new"))
    shown = page_html.render(
        make(Verdicts(verdicts=(Verdict(group=("w", "p"), name="n", words=words, reasons=("r",)),)))
    )
    assert 'use <b class="mode xla">xla</b> or <b class="mode other">new</b></dd>' in shown


def test_sections_in_sections_have_lower_headings() -> None:
    inner = Section(heading="i", sections=(Section(heading="j"),))
    shown = page_html.render(make(sections=(Section(heading="h", sections=(inner,)),)))
    assert [tag for tag, _ in parsed(shown).found if re.fullmatch(r"h\d", tag)] == ["h1", "h2", "h3", "h4"]


def test_a_number_that_is_none_is_refused() -> None:
    figure = Figure(name="f", title="", caption="", spec=SPEC, data={"rows": [{"s": float("nan")}]})
    with pytest.raises(ValueError, match="not JSON compliant"):
        page_html.render(make(figure))


@pytest.mark.parametrize("text", HARMFUL, ids=["script", "image", "template", "path", "escape", "long"])
def test_a_text_is_a_text_wherever_it_stands(text: str) -> None:
    table = DataTable(
        caption=text,
        headings=(Heading(text=text),),
        lines=(Line(cells=(Cell(text=text, value=text),), tags={"workload": (text,)}),),
    )
    figure = Figure(name="f", title=text, caption=text, spec=SPEC, data={"rows": [{"name": text}]}, table=table)
    items = (
        *(table, figure, Notes(texts=(text,), title=text), Notes(texts=(text,), title=text, code=True)),
        Verdicts(verdicts=(Verdict(group=(text,), name=text, words=((text, ""), (text, text)), reasons=(text,)),)),
    )
    other = Section(heading=text, text=(text,), tags={"workload": ("plain",)})
    page = make(filters=("workload",), title=text, subtitle=(text,), command=text, footer=(text,))
    harmless = make(filters=("workload",), subtitle=("w",), footer=("w",))
    shown, plain = (
        parsed(page_html.render(Page(**{name: getattr(one, name) for name in Page.__slots__} | {"sections": sections})))
        for one, sections in (
            (page, (Section(heading=text, items=items), other)),
            (harmless, (Section(heading="h", items=_plain()), Section(heading="h", text=("t",), tags=other.tags))),
        )
    )
    assert [tag for tag, _ in shown.found] == [tag for tag, _ in plain.found]
    assert shown.scripts[1:] == plain.scripts[1:]


def _plain() -> tuple[Any, ...]:
    """Give the same items with a plain word for each text."""
    word = "w"
    line = Line(cells=(Cell(text=word, value=word),), tags={"workload": (word,)})
    table = DataTable(caption=word, headings=(Heading(text=word),), lines=(line,))
    figure = Figure(name="f", title=word, caption=word, spec=SPEC, data={"rows": [{"name": word}]}, table=table)
    verdict = Verdict(group=(word,), name=word, words=((word, ""), (word, word)), reasons=(word,))
    return (
        table,
        figure,
        Notes(texts=(word,), title=word),
        Notes(texts=(word,), title=word, code=True),
        Verdicts(verdicts=(verdict,)),
    )


def test_a_run_that_means_harm_leaves_no_trace_but_its_texts(records: Any, tmp_path: Path) -> None:
    folder = write(records, harmful(records), tmp_path, names=(SCRIPT, TEMPLATE))
    before = set(tmp_path.rglob("*"))
    path = run_page.write(store.load(folder), folder)
    assert set(tmp_path.rglob("*")) - before == {path}
    text = path.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "{{ 7 * 7 }}" in text
    tags = parsed(text)
    assert [tag for tag, _ in tags.found].count("script") == 3
    assert not [tag for tag, a in tags.found if tag == "img" or "onerror" in a]
