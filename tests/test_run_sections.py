"""The sections about workloads: which figures stand in which part, and whose figures they are."""

from typing import Any

import altair as alt
import pytest
from page_runs import INVOCATIONS, ROUNDS, everything, measurement, write
from tfbench.bench import store
from tfbench.reports import contents, data_tables, frame, run_sections, tables
from tfbench.reports.page import DataTable, Figure, Notes, Section


@pytest.fixture(scope="module")
def found(records: Any, tmp_path_factory: pytest.TempPathFactory) -> contents.Contents:
    """Give what a page needs of a run with everything, read from its folder."""
    folder = tmp_path_factory.mktemp("sections")
    return contents.gather(store.load(write(records, everything(records), folder)))


@pytest.fixture(scope="module")
def sections(found: Any) -> list[Section]:
    """Give the sections of its two workloads."""
    return list(run_sections.make(found))


def figures(section: Section) -> list[Figure]:
    return [item for part in section.walk() for item in part.items if isinstance(item, Figure)]


def test_each_workload_has_its_parts_and_what_has_no_data_is_left_out(sections: Any) -> None:
    parts = {one.heading: [part.heading for part in one.sections] for one in sections}
    fast, first, steady = "How fast", "The first call, and when it has paid back", "Steadiness"
    assert parts == {
        "toy n=8,kind=small": [fast, first, "Retracing", "Inside a step", steady],
        "wide n=8,kind=small": [fast, first, "Scaling", steady],
    }


def test_the_figures_of_a_page_have_names_of_their_own(sections: Any) -> None:
    names = [figure.name for section in sections for figure in figures(section)]
    assert len(names) == len(set(names))
    toy = "toy-n-8-kind-small"
    assert names[: names.index(f"drift-{toy}") + 1] == [
        *(f"speedups-{toy}", f"rounds-{toy}", f"ledger-{toy}", f"totals-{toy}-1", f"totals-{toy}-2"),
        *(f"retracing-{toy}", f"parts-{toy}", f"ops-{toy}-1", f"drift-{toy}"),
    ]
    assert {f"scaling-wide-n-8-kind-small-{i}" for i in (1,)} | {"per-core-wide-n-8-kind-small-1"} <= set(names)


def test_every_chart_is_valid_vega_lite(found: Any, sections: Any) -> None:
    drawn = [figure for section in (*sections, run_sections.roofline(found)) for figure in figures(section)]
    assert len(drawn) > 15
    for figure in drawn:
        alt.LayerChart.from_dict(dict(figure.spec))  # raises what its schema does not allow
        named = [layer.get("data", figure.spec.get("data", {})).get("name") for layer in figure.spec["layer"]]
        assert set(named) - {None} <= set(figure.data)
        assert {param["name"] for param in figure.spec["params"]} == {f"keep_{name}" for name in figure.filters}


def test_the_table_of_a_set_is_that_of_the_terminal_with_its_notes(found: Any, sections: Any) -> None:
    speed = sections[0].sections[0]
    table, notes = speed.items[:2]
    assert isinstance(table, DataTable)
    assert isinstance(notes, Notes)
    summary = frame.summary_frame([found.run])
    mine = summary[(summary["workload"] == "toy") & (summary["status"] == "measured")]
    printed = tables.comparison_table(mine)
    cells = [[str(cell) for cell in column.cells] for column in printed.columns]
    assert [[line.cells[i].text for line in table.lines] for i in range(len(cells))] == cells
    assert list(notes.texts) == tables.notes(mine)
    assert "by_hand graph: busy machine: load 3.0 on 2 cores" in notes.texts


def test_every_figure_has_a_table_with_the_same_rows(sections: Any) -> None:
    for section in sections:
        for figure in figures(section):
            assert figure.table is not None
            assert figure.table.lines


def test_every_round_of_the_set_is_drawn(sections: Any) -> None:
    toy = sections[0]
    (rounds,) = (figure for figure in figures(toy) if figure.name.startswith("rounds-"))
    (rows,) = rounds.data.values()
    assert len(rows) == 6 * INVOCATIONS
    assert sum(len(row["s"]) for row in rows) == 6 * INVOCATIONS * ROUNDS
    assert "Drawn are" not in rounds.caption


def test_what_is_left_out_of_many_rounds_is_told(records: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = contents.gather(records.run(measurements=(measurement(records, "xla", count=60),)))
    one = found.sets[0]
    monkeypatch.setattr(run_sections.charts_rounds, "MOST_ROUNDS", 90)
    section = run_sections.steadiness(one, 30)
    (figure,) = figures(section)
    (rows,) = figure.data.values()
    drawn = sum(len(row["s"]) for row in rows)
    assert drawn < 180
    assert f"Drawn are {drawn} of 180 rounds, the longest among them." in figure.caption


def test_notes_stand_with_their_own_workload(sections: Any) -> None:
    toy, _ = sections
    retracing = next(part for part in toy.sections if part.heading == "Retracing")
    notes = retracing.items[-1]
    assert isinstance(notes, Notes)
    assert notes.texts == ("toy lengths (graph, xla): argument x: shape [32] became [24]. Fix: pad it",)
    folded = retracing.items[1]
    assert isinstance(folded, DataTable)
    assert folded.folded
    assert len(folded.lines) == 12  # two modes, two variants, three calls


def test_operations_are_captioned_with_what_they_take_in_all(sections: Any) -> None:
    toy = sections[0]
    (figure,) = (figure for figure in figures(toy) if figure.name.startswith("ops-"))
    # 4 of 8 ms in two operations a step, in each of the modes.
    share = "50 % of 8.00 ms in 2 operations"
    assert figure.caption == f"In operations: eager {share}; graph {share}; xla {share}."


def test_the_roofline_has_the_modules_that_xla_compiled(found: Any) -> None:
    section = run_sections.roofline(found)
    (figure,) = figures(section)
    points = figure.data["roofline-points"]
    names = ["toy by_hand", "toy library", "wide by_hand", "wide by_hand"]
    assert sorted(point["name"] for point in points) == names
    assert {point["intensity"] for point in points} == {0.5}


def test_without_modules_there_is_no_roofline(records: Any) -> None:
    assert run_sections.roofline(contents.gather(records.run(measurements=(records.measurement(),)))).items == ()


def test_what_all_is_about_can_be_chosen_by(sections: Any) -> None:
    toy, wide = sections
    assert (toy.tags["workload"], wide.tags["workload"]) == (("toy",), ("wide",))
    for section in (toy, wide):
        for figure in figures(section):
            assert set(data_tables.TAGGED) >= set(figure.filters)
            assert figure.tags["workload"] == section.tags["workload"]
