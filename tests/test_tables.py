"""Tables for people: on a console and as Markdown."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench.case import Placement
from tfbench.bench.record import Run
from tfbench.reports import tables

PATH = Path("/results/[red]one[/]/run.json")


@pytest.fixture
def shown() -> Any:
    """Give the function that prints a run and gives its lines."""

    def show(run: Run) -> list[str]:
        out = io.StringIO()
        tables.show(run, PATH, Console(file=out, width=200))
        return out.getvalue().splitlines()

    return show


@pytest.fixture
def pair(records: Any) -> Any:
    """Give the factory of a run with a baseline of 1 ms and an XLA case of 0.25 ms."""

    def make(**changes: Any) -> Run:
        fast = {"trace_s": 0.5, "compile_s": 0.25, "first_run_s": 0.25}
        eager = {"trace_s": 0.0, "compile_s": 0.0, "first_run_s": 0.002}
        of = records.invocation
        done = {
            "eager": of((0.001,) * 5, iterations=1, ledger=records.ledger(**eager)),
            "xla": of((0.00025,) * 5, iterations=1, ledger=records.ledger(**fast)),
        }
        placement = changes.pop("placement", Placement())
        named = {name: changes.pop(name) for name in ("workload", "implementation", "params") if name in changes}
        baseline = (named.get("implementation", "by_hand"), "eager")
        measurements = tuple(
            records.measurement(
                case=records.case(mode=mode, placement=placement, **named),
                invocations=(invocation,),
                baseline=baseline,
                **changes,
            )
            for mode, invocation in done.items()
        )
        found: Run = records.run(measurements=measurements)
        return found

    return make


def words(line: str) -> list[str]:
    return [word.strip() for word in line.split("  ") if word.strip()]


def test_a_table_by_hand(shown: Any, pair: Any) -> None:
    lines = [words(line) for line in shown(pair()) if line.strip() and "\u2500" not in line]
    assert lines[:4] == [
        ["toy n=8,kind=small"],
        ["implementation", "mode", "median", "IQR", "speed-up", "first call", "trace", "XLA compile", "elements/s"],
        ["by_hand", "eager", "1.00 ms", "0", "baseline", "2.00 ms", "0", "0", "8.00k"],
        ["by_hand", "xla", "250 \u00b5s", "0", "4.00x", "1.00 s", "500 ms", "250 ms", "32.0k"],
    ]


def test_below_the_tables_stands_what_they_were_measured_on(shown: Any, pair: Any, with_fields: Any) -> None:
    run = with_fields(pair(), data_note="synthetic images", status="interrupted")
    assert shown(run)[-4:] == [
        "box: toy processor, 2 of 4 cores, load 0.5 at the start",
        "warning: synthetic images",
        "warning: this run did not finish (status interrupted); the cases above are what was measured",
        "run: /results/[red]one[/]/run.json",
    ]


def test_the_software_stands_below_the_tables(shown: Any, records: Any) -> None:
    lines = shown(records.run(software=records.software()))
    assert "TensorFlow 2.21.0, Keras 3.15.1, Python 3.11.9, oneDNN on" in lines


def test_without_its_baseline_a_case_has_no_speed_up(shown: Any, records: Any) -> None:
    run = records.run(measurements=(records.measurement(case=records.case(mode="xla")),))
    (line,) = [line for line in shown(run) if line.strip().startswith("by_hand")]
    assert words(line)[4] == "-"


def test_each_comparison_set_has_a_table_of_its_own(shown: Any, records: Any) -> None:
    run = records.run(measurements=tuple(records.measurement(case=records.case(params=(("n", n),))) for n in (8, 16)))
    titles = [line.strip() for line in shown(run) if line.strip().startswith("toy n=")]
    assert titles == ["toy n=8", "toy n=16"]


def test_only_several_places_get_a_column(shown: Any, records: Any) -> None:
    placements = (Placement(strategy="mirrored", replicas=1), Placement(strategy="mirrored", replicas=2))
    run = records.run(measurements=tuple(records.measurement(case=records.case(placement=p)) for p in placements))
    rows = [words(line) for line in shown(run) if line.strip().startswith("by_hand")]
    assert [row[2] for row in rows] == ["cpu x1", "cpu x2"]


def test_a_warning_stands_under_the_table_with_its_cases(shown: Any, pair: Any, with_fields: Any) -> None:
    run = pair(data="synthetic")
    eager, xla = run.measurements
    torn = with_fields(xla, invocations=(with_fields(xla.invocations[0], complete=False),))
    lines = [line for line in shown(with_fields(run, measurements=(eager, torn))) if ": " in line]
    assert lines[:2] == ["  all: data: synthetic", "  by_hand xla: interrupted"]


def test_failures_and_skips_are_listed_by_reason(shown: Any, records: Any) -> None:
    skips = tuple(records.skip(case=records.case(mode=mode)) for mode in ("eager", "xla"))
    lines = [line for line in shown(records.run(failures=(records.failure(),), skips=skips)) if line]
    assert lines[:4] == [
        "Failures",
        "  toy-by_hand-n=8,kind=small-graph-cpu: build: OSError: no disk",
        "Skips",
        "  toy-by_hand-n=8,kind=small-eager-cpu, toy-by_hand-n=8,kind=small-xla-cpu: too large",
    ]


def test_an_empty_run_says_what_it_ran_on(shown: Any, records: Any) -> None:
    assert next(line for line in shown(records.run()) if line).startswith("box: ")


MARKUP = "[red]hot[/red]"


@pytest.mark.parametrize(
    "changes",
    [
        {"workload": MARKUP},
        {"implementation": MARKUP},
        {"params": (("kind", MARKUP),)},
        {"unit": MARKUP},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_markup_in_a_name_is_printed_as_text(changes: dict[str, Any], shown: Any, pair: Any) -> None:
    assert MARKUP in "\n".join(shown(pair(**changes)))


@pytest.mark.parametrize("text", [MARKUP, "[/]", "[link=x]", "a\\", "[bold]\\"])
def test_markup_in_reasons_and_cases_is_printed_as_text(text: str, shown: Any, records: Any) -> None:
    run = records.run(
        failures=(records.failure(case=records.case(workload=text, mode="graph"), message=text),),
        skips=(records.skip(reason=text),),
        host=records.host(name=text),
        data_note=text,
    )
    lines = shown(run)
    wanted = [
        f"  {text}-by_hand-n=8,kind=small-graph-cpu: build: OSError: {text}",
        f"  toy-by_hand-n=8,kind=small-xla-cpu: {text}",
        f"{text}: toy processor, 2 of 4 cores, load 0.5 at the start",
        f"warning: {text}",
    ]
    assert [line for line in wanted if line in lines] == wanted


def test_long_lines_are_not_broken(shown: Any, records: Any) -> None:
    reason = "word " * 100 + "end"
    assert f"  toy-by_hand-n=8,kind=small-xla-cpu: {reason}" in shown(records.run(skips=(records.skip(reason=reason),)))


def test_a_console_is_never_too_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert tables.make_console().width == tables.MIN_WIDTH
    monkeypatch.setenv("COLUMNS", "300")
    assert tables.make_console().width == 300


def test_markdown_by_hand(pair: Any) -> None:
    assert tables.markdown(pair()).splitlines() == [
        "**toy n=8,kind=small**",
        "",
        "| implementation | mode | median | IQR | speed-up | first call | trace | XLA compile | elements/s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| by_hand | eager | 1.00 ms | 0 | baseline | 2.00 ms | 0 | 0 | 8.00k |",
        "| by_hand | xla | 250 \u00b5s | 0 | 4.00x | 1.00 s | 500 ms | 250 ms | 32.0k |",
        "",
        "box: toy processor, 2 of 4 cores, load 0.5 at the start",
    ]


def test_markdown_lists_warnings_failures_and_skips(pair: Any, records: Any, with_fields: Any) -> None:
    run = with_fields(pair(data="synthetic"), failures=(records.failure(),), skips=(records.skip(),))
    lines = [line for line in tables.markdown(run).splitlines() if line.startswith("- ")]
    assert lines == [
        "- all: data: synthetic",
        "- failed: toy-by_hand-n=8,kind=small-graph-cpu: build: OSError: no disk",
        "- skipped: toy-by_hand-n=8,kind=small-xla-cpu: too large",
    ]


@pytest.mark.parametrize("changes", [{"implementation": "a|b"}, {"unit": "a|b"}])
def test_pipes_are_escaped_in_markdown(changes: dict[str, Any], pair: Any) -> None:
    rows = [line for line in tables.markdown(pair(**changes)).splitlines() if line.startswith("|")]
    assert any("a\\|b" in row for row in rows)
    assert [row.replace("\\|", "").count("|") for row in rows] == [10] * 4


def test_brackets_are_read_as_text_in_markdown(pair: Any) -> None:
    text = tables.markdown(pair(implementation="a[red]b", unit="c[red]d"))
    assert "| a\\[red]b | eager |" in text or "| a[red]b | eager |" in text
    assert "c[red]d/s" in text.replace("\\[", "[")
