"""What a page is made of."""

from typing import Any

from tfbench.reports.page import DataTable, Figure, Line, Notes, Page, Section, Verdict, Verdicts


def figure(name: str, **changes: Any) -> Figure:
    return Figure(**{"name": name, "title": "", "caption": "", "spec": {}, "data": {}, **changes})


def page(*sections: Section, filters: tuple[str, ...] = ()) -> Page:
    return Page(title="t", subtitle=(), command="c", filters=filters, sections=sections)


def test_a_page_finds_the_figures_of_all_its_parts_in_order() -> None:
    inner = Section(heading="b", items=(figure("2"), Notes(texts=("n",))))
    outer = Section(heading="a", items=(figure("1"),), sections=(inner,))
    assert [one.name for one in page(outer, Section(heading="c", items=(figure("3"),))).figures] == ["1", "2", "3"]


def test_rows_that_figures_share_are_in_the_page_once() -> None:
    rows, other = [{"s": 1}], [{"s": 2}]
    items = (figure("1", data={"rounds": rows}), figure("2", data={"rounds": rows, "ends": other}))
    assert page(Section(heading="a", items=items)).data == {"rounds": rows, "ends": other}


def test_filters_have_the_values_of_all_tags_and_those_with_one_value_are_none() -> None:
    line = Line(cells=(), tags={"mode": ("xla",), "unknown": ("x",)})
    table = DataTable(caption="", headings=(), lines=(line,), tags={"mode": ("eager",)})
    verdicts = Verdicts(verdicts=(Verdict(group=("w",), name="n", words=(), tags={"device": ("gpu",)}),))
    drawn = figure(
        "1",
        tags={"device": ("cpu",)},
        table=DataTable(caption="", headings=(), lines=(Line(cells=(), tags={"mode": ("graph",)}),)),
    )
    section = Section(heading="a", items=(table, drawn, verdicts), tags={"workload": ("w",)})
    assert page(section, filters=("workload", "mode", "device")).choices == {
        "mode": ["eager", "xla", "graph"],
        "device": ["cpu", "gpu"],
    }


def test_verdicts_of_a_group_stand_together_and_read_as_sentences() -> None:
    made = [
        Verdict(group=(g,), name=n, words=(("use ", ""), ("xla", "xla")))
        for g, n in (("a", "1"), ("a", "2"), ("b", "3"))
    ]
    assert [[one.name for one in group] for group in Verdicts(verdicts=tuple(made)).groups] == [["1", "2"], ["3"]]
    assert made[0].text == "use xla"
