"""Tables of `tfbench report --table`: as text, Markdown and frame."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from tfbench.reports import breakeven_view, cli, views
from tfbench.reports.views import Column, View

VIEW = View(
    name="toy",
    title="A toy",
    columns=(
        Column(name="word", dtype="string", header="word"),
        Column(name="hidden", dtype="float64"),
        Column(name="twice", dtype="Int64", header="two|2", write=lambda row: f"{2 * row['twice']}!", right=True),
    ),
    rows=lambda run: [{"word": None, "hidden": 0.5, "twice": 1}, {"word": run.name, "hidden": 1.5, "twice": None}][:1],
    notes=lambda run: [f"about {run.name}"],
)


def shown(view: View, run: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    views.show(view, run, console)
    return [line.strip() for line in console.file.getvalue().splitlines() if line.strip()]


def test_only_columns_with_a_header_are_printed(records: Any) -> None:
    title, header, _, row, note = shown(VIEW, records.run(name="r"))
    assert (title, header.split(), row.split(), note) == ("A toy", ["word", "two|2"], ["-", "2!"], "about r")


def test_what_is_the_same_in_all_rows_is_said_once(records: Any) -> None:
    columns = (
        Column(name="workload", dtype="string", header="workload"),
        Column(name="params", dtype="string", header="params"),
        Column(name="mode", dtype="string", header="mode"),
        Column(name="where", dtype="string", header="where"),
        Column(name="verdict", dtype="string", header="verdict"),
    )
    rows = [
        {"workload": "toy", "params": "", "mode": mode, "where": None, "verdict": "slower"} for mode in ("graph", "xla")
    ]
    lines = shown(View(name="toy", title="A toy", columns=columns, rows=lambda _run: rows), records.run())
    assert lines[:2] == ["A toy", "in all rows: workload toy"]
    assert [line.split() for line in (lines[2], *lines[4:])] == [
        ["mode", "where", "verdict"],
        ["graph", "-", "slower"],
        ["xla", "-", "slower"],
    ]


def test_markdown_escapes_pipes(records: Any) -> None:
    assert views.markdown(VIEW, records.run(name="r")).splitlines() == [
        "**A toy**",
        "",
        "| word | two\\|2 |",
        "| --- | --- |",
        "| - | 2! |",
        "",
        "- about r",
    ]


def test_the_frame_has_all_columns_and_the_run(records: Any) -> None:
    frame = views.to_frame(VIEW, [records.run(name="a"), records.run(name="b")])
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "run": "string",
        "word": "string",
        "hidden": "float64",
        "twice": "Int64",
    }
    assert list(frame["run"]) == ["a", "b"]


def test_a_run_without_rows_says_so(records: Any) -> None:
    empty = View(name="toy", title="A toy", columns=VIEW.columns, rows=lambda _run: [])
    assert shown(empty, records.run(name="r")) == ["A toy: the run r has nothing for it"]


def test_a_quick_run_says_so_where_it_left_out_what_the_table_needs(records: Any) -> None:
    quick = records.run(name="r", options={"quick": ""})
    empty = View(name="toy", title="A toy", columns=VIEW.columns, rows=lambda _run: [])
    assert shown(empty, quick) == ["A toy: the run r has nothing for it"]
    (said,) = (line for line in shown(replace(empty, needs_more=True), quick))
    assert said.startswith("A toy: the run r has nothing for it (with --quick")
    told = shown(replace(empty, needs_more=True, nothing="it is new"), records.run(name="r"))
    assert told == ["A toy: the run r has nothing for it (it is new)"]


@pytest.fixture
def run(records: Any) -> Any:
    """Give a run in which graph pays back after 4 calls, and XLA never."""
    times = {"eager": (2.0, 3.0), "graph": (10.0, 1.0), "xla": (10.0, 9.0)}
    return records.run(
        measurements=tuple(
            records.measurement(
                case=records.case(mode=mode),
                invocations=tuple(
                    records.invocation((steady,), index=i, iterations=1, ledger=records.ledger(first_call_s=first))
                    for i in (1, 2)
                ),
            )
            for mode, (first, steady) in times.items()
        )
    )


def test_break_even_by_hand(run: Any) -> None:
    assert [[row["fast"], row["slow"], breakeven_view.calls_text(row)] for row in breakeven_view.rows(run)] == [
        ["graph", "eager", "5 [5, 5]"],
        ["xla", "eager", "never"],
        ["xla", "graph", "never"],
    ]
    (note,) = breakeven_view.notes(run)
    name, _, advice = note.partition(": ")
    assert name == "toy by_hand n=8,kind=small (cpu)"
    assert advice == "eager for 1 call, graph for 100 calls, graph for 10,000 calls, graph for 1,000,000 calls"


@pytest.mark.parametrize("form", ["text", "markdown", "csv", "json"])
def test_the_command_prints_it_in_every_format(form: str, run: Any, records: Any, tmp_path: Any, capsys: Any) -> None:
    path = str(records.write(run, tmp_path))
    assert cli.main(["report", path, "--table", "break-even", "--format", form]) == 0
    assert "never" in capsys.readouterr().out
