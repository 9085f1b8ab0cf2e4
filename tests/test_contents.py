"""What a page needs of a run, gathered once."""

from typing import Any

import pytest
from page_runs import everything, measurement
from tfbench.bench.case import Placement
from tfbench.reports import contents, frame, scaling_view, views


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fashion_mnist batch_size=32", "fashion-mnist-batch-size-32"),
        ("../../etc/passwd", "etc-passwd"),
        ("<script>", "script"),
        ("", "unnamed"),
        ("µ", "unnamed"),
        ("x" * 10_000, "x" * 48),
        (f"{'x' * 47} y", "x" * 47),
    ],
)
def test_any_text_becomes_a_name_of_a_file(text: str, name: str) -> None:
    assert contents.slug(text) == name


def test_names_that_were_there_before_get_numbers() -> None:
    assert contents.unique(["a", "a", "b", "a", "a-2"]) == ["a", "a-2", "b", "a-3", "a-2-2"]


def test_the_cases_of_a_workload_and_parameters_are_a_set(records: Any) -> None:
    found = contents.gather(everything(records), prefix="r-")
    assert [(one.title, one.slug, len(one.measurements)) for one in found.sets] == [
        ("toy n=8,kind=small", "r-toy-n-8-kind-small", 6),
        ("wide n=8,kind=small", "r-wide-n-8-kind-small", 6),
    ]
    assert found.sets[1].tags == {
        "workload": ("wide",),
        "mode": ("eager", "graph", "xla"),
        "device": ("cpu-threads-1", "cpu-threads-2"),
    }


def test_a_case_is_named_by_its_place_only_where_there_are_several(records: Any) -> None:
    toy, wide = contents.gather(everything(records)).sets
    assert list(toy.names.values())[:2] == ["by_hand eager", "by_hand graph"]
    assert list(wide.names.values())[2:4] == ["by_hand xla 1 thread", "by_hand eager 2 threads"]
    assert [row["name"] for row in wide.summary] == list(wide.names.values())
    assert [row["name"] for row in wide.rows["costs"]] == list(wide.names.values())


def test_an_implementation_is_named_by_what_others_differ_in(records: Any) -> None:
    def names(*cases: dict[str, Any]) -> list[str]:
        found = contents.gather(records.run(measurements=tuple(measurement(records, "xla", **case) for case in cases)))
        return [found.name(headline) for headline in found.headlines]

    assert names({}, {"workload": "other"}) == ["toy by_hand", "other by_hand"]
    assert names({"params": (("n", 1),)}, {"params": (("n", 2),)}) == ["toy by_hand n=1", "toy by_hand n=2"]
    assert names({}, {"placement": Placement(threads=1)}) == ["toy by_hand cpu", "toy by_hand cpu-threads-1"]


def test_the_rows_are_those_of_the_tables(records: Any) -> None:
    run = everything(records)
    found = contents.gather(run)
    assert found.rows["scaling"] == list(scaling_view.rows(run))
    assert set(found.rows) == set(found.notes) == {view.name for view in contents.VIEWS}
    assert found.summary.equals(frame.summary_frame([run]))
    for view in contents.VIEWS:
        assert found.notes[view.name] == tuple(view.notes(run))
        assert len(found.rows[view.name]) == len(list(view.shown(list(view.rows(run)))))
        assert isinstance(contents.view(view.name), views.View)


def test_a_row_about_two_modes_is_named_by_the_faster(records: Any) -> None:
    toy = contents.gather(everything(records)).sets[0]
    pairs = [(row["fast"], row["slow"], row["name"]) for row in toy.rows["break-even"]]
    assert pairs[:3] == [
        ("graph", "eager", "by_hand graph"),
        ("xla", "eager", "by_hand xla"),
        ("xla", "graph", "by_hand xla"),
    ]
