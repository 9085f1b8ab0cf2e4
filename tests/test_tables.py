"""Tables for people: on a console and as Markdown."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench.case import Placement
from tfbench.bench.record import Run
from tfbench.reports import frame, tables, verdict, views

PATH = Path("/results/[red]one[/]/run.json")
COLUMNS = ["implementation", "mode", "median", "IQR", "speed-up", "verdict", "first call", "trace", "XLA compile"]
RING = Placement(strategy="multi_worker", replicas=2, communication="ring")
WIDE = Placement(device="gpu", strategy="mirrored", replicas=2)
STEP = 2**0.01
MORE = "tfbench run --resume RUN measures the others"


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
        [*COLUMNS, "elements/s"],
        ["by_hand", "eager", "1.00 ms", "0", "baseline", "2.00 ms", "0", "0", "8.00k"],
        ["by_hand", "xla", "250 \u00b5s", "0", "4.00x*", "undecided", "1.00 s", "500 ms", "250 ms", "32.0k"],
    ]


def test_below_the_tables_stands_what_they_were_measured_on(shown: Any, pair: Any, with_fields: Any) -> None:
    run = with_fields(pair(), data_note="synthetic images", status="interrupted")
    assert shown(run)[-4:] == [
        "box: toy processor, 2 of 4 cores, load 0.5 at the start",
        "warning: synthetic images",
        "warning: this run did not finish (status interrupted); the cases above are what was measured; " + MORE,
        "run: /results/[red]one[/]/run.json",
    ]


def test_the_software_stands_below_the_tables(shown: Any, records: Any) -> None:
    lines = shown(records.run(software=(records.software(),)))
    assert "TensorFlow 2.21.0, Keras 3.15.1, Python 3.11.9, oneDNN on" in lines


def test_the_software_of_each_interpreter_stands_below_the_tables(records: Any) -> None:
    old = records.software(interpreter="old", tensorflow="2.20.0", onednn=False, traces_counted=False)
    assert tables.footer(records.run(software=(records.software(), old)))[1:] == [
        "TensorFlow 2.21.0, Keras 3.15.1, Python 3.11.9, oneDNN on",
        "old: TensorFlow 2.20.0, Keras 3.15.1, Python 3.11.9, oneDNN off",
        "warning: traces could not be counted in this TensorFlow: rounds that traced anew are kept",
    ]


def test_a_verdict_stands_beside_each_speed_up(shown: Any, records: Any) -> None:
    times = {"eager": (1.0, 1.01, 0.99), "graph": (1.3, 1.29, 1.31), "xla": (0.5, 0.51, 0.49)}
    run = records.run(measurements=tuple(records.timed(*t, mode=mode) for mode, t in times.items()))
    rows = [words(line) for line in shown(run) if line.strip().startswith("by_hand")]
    assert [row[4] for row in rows] == ["baseline", "0.77x [0.74, 0.80]", "2.00x [1.95, 2.05]"]
    assert [row[5] for row in rows[1:]] == ["slower", "faster"]


def test_a_comparison_that_needs_more_invocations_says_how_many_and_what_that_means(shown: Any, records: Any) -> None:
    eager, xla = records.timed(1.0, 1.3, mode="eager"), records.timed(1.0, 1.0, mode="xla")
    run = records.run(measurements=(eager, xla))
    more = int(frame.summary_frame([run]).iloc[1]["more_invocations"])
    assert words(next(line for line in shown(run) if " xla " in line))[5] == f"undecided (+{more})"
    assert f"  {verdict.LEGEND}" in shown(run)


def test_a_speed_up_from_one_process_has_a_star_and_a_note(shown: Any, records: Any) -> None:
    eager, xla = records.timed((2.0,) * 6, mode="eager"), records.timed((1.0, 1.0, 1.0, 0.5, 0.5, 0.5), mode="xla")
    lines = shown(records.run(measurements=(eager, xla)))
    # The median of log-ratios 1, 1, 1, 2, 2, 2 powers, between the smallest and the largest.
    assert "2.8x [2.0, 4.0]*" in "\n".join(lines)
    assert f"  {views.ONE_PROCESS}" in lines


def test_means_over_the_workloads_stand_below_the_tables(shown: Any, records: Any) -> None:
    # Gains of 2 powers +- 0.01 and of 0 +- 0.01, each of one degree of freedom: the mean is 1 +- sqrt(2) * 0.01 / 2 of
    # two, so 2^(1 +- 4.302653 * 0.007071). Graph is in one workload only.
    times = {"v": (4 * STEP, 4 / STEP), "w": (STEP, 1 / STEP)}
    done = [records.timed(*t, workload=name, mode="eager") for name, t in times.items()]
    done += [records.timed(1.0, 1.0, workload=name, mode="xla") for name in times]
    done += [records.timed(1.0, 1.0, workload="v", mode="graph")]
    run = records.run(measurements=tuple(done))
    line = "geometric mean over 2 workloads, xla over eager: 2.00x [1.96, 2.04]"
    assert tables.means(run) == [line]
    assert line in shown(run)
    assert line in tables.markdown(run).splitlines()


def test_the_mean_compares_each_implementation_with_itself(records: Any) -> None:
    done = [
        records.timed(*times, workload=workload, implementation=implementation, mode=mode)
        for workload in "vw"
        for implementation, mode, times in (
            ("by_hand", "eager", (4 * STEP, 4 / STEP)),
            ("by_hand", "xla", (1.0, 1.0)),
            ("library", "xla", (99.0, 99.0)),  # without its eager
        )
    ]
    # Both gain 2 powers +- 0.01.
    (line,) = tables.means(records.run(measurements=tuple(done)))
    assert line == "geometric mean over 2 workloads, xla over eager: 4.00x [3.92, 4.09]"


def of_interpreters(records: Any, default: str, old: str) -> Run:
    """Make a run of two interpreters from the modes that each measured."""
    sides = [(mode, "") for mode in default.split()] + [(mode, "old") for mode in old.split()]
    done = (records.timed(1.0, 1.0, mode=mode, placement=Placement(interpreter=label)) for mode, label in sides)
    return records.run(measurements=tuple(done))


def test_interpreters_are_compared_below_their_tables(shown: Any, records: Any) -> None:
    lines = [words(line) for line in shown(of_interpreters(records, "eager xla", "eager xla"))]
    assert ["old against default (by interpreter)"] in lines
    assert [(row[0], row[3:]) for row in lines if row and row[0].startswith("toy-by_hand")] == [
        (f"toy-by_hand-n=8,kind=small-{mode}-cpu", ["1.00x", "same"]) for mode in ("eager", "xla")
    ]


def test_interpreters_without_a_common_case_are_shown_all_the_same(shown: Any, records: Any) -> None:
    lines = shown(of_interpreters(records, "eager", "xla"))
    assert len([line for line in lines if line.strip().startswith("by_hand")]) == 2
    assert lines[-1].startswith("run: ")


def test_without_its_baseline_a_case_has_no_speed_up(shown: Any, records: Any) -> None:
    run = records.run(measurements=(records.measurement(case=records.case(mode="xla")),))
    (line,) = [line for line in shown(run) if line.strip().startswith("by_hand")]
    assert words(line)[4] == "-"


def test_each_comparison_set_has_a_table_of_its_own(shown: Any, records: Any) -> None:
    run = records.run(measurements=tuple(records.measurement(case=records.case(params=(("n", n),))) for n in (8, 16)))
    titles = [line.strip() for line in shown(run) if line.strip().startswith("toy n=")]
    assert titles == ["toy n=8", "toy n=16"]


@pytest.mark.parametrize(
    ("places", "where"),
    [
        ((Placement(device="gpu", strategy="mirrored"), WIDE), ["x1", "x2"]),
        ((Placement(device="gpu"), Placement(), WIDE), ["gpu x1", "cpu x1", "gpu x2"]),
        ((Placement(interpreter="old"), Placement(interpreter="new")), ["old", "new"]),
        ((Placement(threads=1), Placement()), ["1 thread", "all threads"]),
        ((RING, replace(RING, communication="", bytes_per_pack=9)), ["ring pack 0", "auto pack 9"]),
        (
            (RING, replace(RING, communication="", strategy="mirrored")),
            ["multi_worker 1 thread ring", "mirrored all threads auto"],
        ),
        ((Placement(device="gpu"),), ["2.00 s"]),  # the next column
    ],
)
def test_only_several_places_get_a_column(
    places: tuple[Placement, ...], where: list[str], shown: Any, records: Any
) -> None:
    run = records.run(measurements=tuple(records.timed((2.0, 2.0), placement=place) for place in places))
    rows = [words(line) for line in shown(run) if line.strip().startswith("by_hand")]
    assert [row[2] for row in rows[: len(places)]] == where


def test_a_warning_stands_under_the_table_with_its_cases(shown: Any, pair: Any, with_fields: Any) -> None:
    run = pair(data="synthetic")
    eager, xla = run.measurements
    torn = with_fields(xla, invocations=(with_fields(xla.invocations[0], complete=False),))
    lines = [line for line in shown(with_fields(run, measurements=(eager, torn))) if ": " in line]
    assert lines[1:3] == ["  all: data: synthetic", "  by_hand xla: interrupted"]


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
    assert tables.make_console().width == tables.WIDTH


def test_markdown_by_hand(pair: Any) -> None:
    assert tables.markdown(pair()).splitlines() == [
        "**toy n=8,kind=small**",
        "",
        "| implementation | mode | median | IQR | speed-up | verdict | first call | trace | XLA compile | elements/s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| by_hand | eager | 1.00 ms | 0 | baseline |  | 2.00 ms | 0 | 0 | 8.00k |",
        "| by_hand | xla | 250 \u00b5s | 0 | 4.00x* | undecided | 1.00 s | 500 ms | 250 ms | 32.0k |",
        "",
        f"- {views.ONE_PROCESS}",
        "",
        "box: toy processor, 2 of 4 cores, load 0.5 at the start",
    ]


def test_markdown_lists_warnings_failures_and_skips(pair: Any, records: Any, with_fields: Any) -> None:
    run = with_fields(pair(data="synthetic"), failures=(records.failure(),), skips=(records.skip(),))
    lines = [line for line in tables.markdown(run).splitlines() if line.startswith("- ")]
    assert lines == [
        f"- {views.ONE_PROCESS}",
        "- all: data: synthetic",
        "- failed: toy-by_hand-n=8,kind=small-graph-cpu: build: OSError: no disk",
        "- skipped: toy-by_hand-n=8,kind=small-xla-cpu: too large",
    ]


@pytest.mark.parametrize("changes", [{"implementation": "a|b"}, {"unit": "a|b"}])
def test_pipes_are_escaped_in_markdown(changes: dict[str, Any], pair: Any) -> None:
    rows = [line for line in tables.markdown(pair(**changes)).splitlines() if line.startswith("|")]
    assert any("a\\|b" in row for row in rows)
    assert [row.replace("\\|", "").count("|") for row in rows] == [11] * 4


def test_brackets_are_read_as_text_in_markdown(pair: Any) -> None:
    text = tables.markdown(pair(implementation="a[red]b", unit="c[red]d"))
    assert "| a\\[red]b | eager |" in text or "| a[red]b | eager |" in text
    assert "c[red]d/s" in text.replace("\\[", "[")


def test_a_table_without_its_baseline_says_what_to_compare_with(shown: Any, records: Any) -> None:
    found = [records.measurement(case=records.case(mode=mode)) for mode in ("graph", "xla")]
    line = "  the baseline was not measured: tfbench report --baseline graph compares with graph mode instead"
    assert line in shown(records.run(measurements=tuple(found)))
    assert line not in shown(records.run(measurements=tuple(found[:1])))
