"""`tfbench compare` as it is called: exit codes, one clear line for bad input, and four formats."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import store
from tfbench.bench.case import Placement
from tfbench.bench.record import Run
from tfbench.reports import cli, compare_command, compare_tables, sides

CASE = "toy-by_hand-n=8,kind=small-eager-cpu"
STEADY, SLOWER, FASTER = (1.0, 1.01, 0.99), (1.2, 1.21, 1.19), (0.8, 0.81, 0.79)


@pytest.fixture
def saved(records: Any, tmp_path: Path) -> Any:
    """Give the function that writes a run of these times, or of these measurements, and gives its folder as text."""

    def save(name: str, times: Sequence[Any], **changes: Any) -> str:
        done = (records.timed(*times),) if times and isinstance(times[0], float) else tuple(times)
        run: Run = records.run(name=name, measurements=done, **changes)
        return str(records.write(run, tmp_path))

    return save


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]) -> Any:
    """Give the function that calls `tfbench compare` with bad input and gives its one line."""

    def call(*arguments: str) -> str:
        assert cli.main(["compare", *arguments]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        return line

    return call


@pytest.mark.parametrize(
    ("times", "options", "code"),
    [
        (STEADY, [], 0),
        (SLOWER, [], 0),
        (SLOWER, ["--gate", "5%"], 1),
        (SLOWER, ["--gate", "0.05"], 1),
        (SLOWER, ["--gate=10%"], 1),
        (SLOWER, ["--gate", "25%"], 0),
        (FASTER, ["--gate", "5%"], 0),
        (STEADY, ["--gate", "5%"], 0),
        ((1.2,), ["--gate", "5%"], 2),  # one process tells nothing of another: nothing was gated
    ],
)
def test_the_exit_code_is_1_only_for_a_regression(times: Any, options: list[str], code: int, saved: Any) -> None:
    assert cli.main(["compare", saved("a", STEADY), saved("b", times), *options]) == code


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--gate", "5%"], 1)])
def test_a_case_that_fails_now_breaks_the_gate(options: list[str], code: int, saved: Any, records: Any) -> None:
    eager, graph = (records.timed(*STEADY, mode=mode) for mode in ("eager", "graph"))
    paths = saved("a", [eager, graph]), saved("b", [eager], failures=(records.failure(),))
    assert cli.main(["compare", *paths, *options]) == code


@pytest.mark.parametrize(("options", "code"), [([], 2), (["--same-host"], 1)])
def test_other_hosts_are_gated_only_if_they_are_told_to_be_the_same(
    options: list[str], code: int, saved: Any, records: Any
) -> None:
    paths = saved("a", STEADY), saved("b", SLOWER, host=records.host(name="other"))
    assert cli.main(["compare", *paths, "--gate", "5%", *options]) == code


@pytest.mark.parametrize(("times", "code"), [(STEADY, 0), (SLOWER, 1)])
def test_a_page_is_written_whether_the_gate_holds_or_not(times: Any, code: int, saved: Any, tmp_path: Path) -> None:
    paths, out = (saved("a", STEADY), saved("b", times)), tmp_path / "page.html"
    assert cli.main(["compare", *paths, "--gate", "5%", "--format", "html", "-o", str(out)]) == code
    text = out.read_text(encoding="utf-8")
    assert f"<code>tfbench compare {paths[0]} {paths[1]} --gate 5% --format html</code>" in text


def test_the_gate_is_over_all_new_runs(saved: Any) -> None:
    paths = saved("a", STEADY), saved("b", STEADY), saved("c", SLOWER)
    assert cli.main(["compare", *paths, "--gate", "5%"]) == 1


def test_the_base_may_be_named(saved: Any) -> None:
    paths = saved("a", SLOWER), saved("b", STEADY)
    codes = [cli.main(["compare", *paths, "--gate", "5%", *base]) for base in ([], ["--base", "b"])]
    assert codes == [0, 1]


def test_one_run_is_compared_with_itself_by_mode(saved: Any, records: Any, capsys: Any) -> None:
    path = saved("a", [records.timed(4.0, 4.04, mode="eager"), records.timed(1.0, 1.0, mode="xla")])
    assert cli.main(["compare", path, "--by", "mode"]) == 0
    assert "xla against eager (by mode)" in capsys.readouterr().out


def test_a_run_that_the_writer_wrote_is_read(tmp_path: Path, records: Any, capsys: Any) -> None:
    for name in ("a", "b"):
        writer = store.Writer(tmp_path / name, records.run(name=name), machine_info={}, commit_info={})
        writer.add([records.timed(*STEADY)])
    paths = [str(tmp_path / "a" / store.FILE), str(tmp_path / store.LATEST)]
    assert cli.main(["compare", *paths]) == 0
    assert "b against a (by run)" in capsys.readouterr().out


@pytest.mark.parametrize("by", compare_command.BY)
def test_every_attribute_can_be_chosen(by: str, saved: Any, records: Any) -> None:
    other = {
        "mode": {"mode": "xla"},
        "implementation": {"implementation": "library"},
        "device": {"placement": Placement(device="gpu")},
        "replicas": {"placement": Placement(strategy="mirrored", replicas=2)},
        "interpreter": {"placement": Placement(interpreter="old")},
        "threads": {"placement": Placement(threads=1)},
    }
    software = (records.software(tensorflow="2.20.0"), records.software(tensorflow="2.20.0", interpreter="old"))
    host = records.host(name="other", git_commit="def")
    paths = (
        saved("a", [records.timed(*STEADY)], software=(records.software(),)),
        saved("b", [records.timed(*STEADY, **other.get(by, {}))], software=software, host=host),
    )
    assert cli.main(["compare", *paths, "--by", by]) == 0


def test_the_attributes_are_those_of_the_sides() -> None:
    assert set(compare_command.BY) == set(sides.ATTRIBUTES)


def said(capsys: Any, paths: Sequence[str], form: str) -> str:
    assert cli.main(["compare", *paths, "--gate", "5%", "--format", form]) == 1
    text: str = capsys.readouterr().out
    return text


@pytest.fixture
def pair(saved: Any, records: Any) -> tuple[str, str]:
    """Give the paths of two runs with a regression and a case whose code changed."""
    base = [records.timed(*STEADY, content="one", mode=mode) for mode in ("eager", "xla")]
    new = [records.timed(*SLOWER, content=content, mode=mode) for mode, content in (("eager", "one"), ("xla", "two"))]
    return saved("a", base), saved("b", new)


def test_the_text_has_a_row_for_each_case(pair: Any, capsys: Any) -> None:
    rows = [line.split("  ") for line in said(capsys, pair, "text").splitlines() if line.startswith("  toy")]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        [CASE, "1.00 s", "1.20 s", "0.833x [0.816, 0.851]", "slower REGRESSION"],
        [CASE.replace("eager", "xla"), "1.00 s", "1.20 s", "-", "not compared"],
    ]


def test_the_markdown_has_a_row_for_each_case(pair: Any, capsys: Any) -> None:
    rows = [line for line in said(capsys, pair, "markdown").splitlines() if line.startswith("| toy")]
    assert rows == [
        f"| {CASE} | 1.00 s | 1.20 s | 0.833x [0.816, 0.851] | slower REGRESSION |",
        f"| {CASE.replace('eager', 'xla')} | 1.00 s | 1.20 s | - | not compared |",
    ]


def test_the_csv_is_the_frame(pair: Any, capsys: Any) -> None:
    first, second = csv.DictReader(io.StringIO(said(capsys, pair, "csv")))
    assert list(first) == list(compare_tables.DTYPES)
    assert (first["case"], first["verdict"], first["regression"], first["reason"]) == (CASE, "slower", "True", "")
    assert float(first["speedup"]) == pytest.approx(1 / 1.2, rel=1e-3)
    assert (second["speedup"], second["verdict"], second["reason"]) == ("", "", "the workload's code changed")


def test_the_json_is_strict(pair: Any, capsys: Any) -> None:
    def refuse(text: str) -> None:
        raise ValueError(text)

    found = json.loads(said(capsys, pair, "json"), parse_constant=refuse)
    assert (found["base"], found["new"], found["gate"], found["regressions"]) == ("a", ["b"], 0.05, 1)
    assert [row["verdict"] for row in found["comparisons"]] == ["slower", None]
    assert [row["speedup"] for row in found["comparisons"]] == [pytest.approx(1 / 1.2, rel=1e-3), None]


def test_a_threshold_above_the_gate_is_refused(capsys: Any) -> None:
    assert cli.main(["compare", "a", "b", "--gate", "5%", "--threshold", "50%"]) == 2
    assert "--threshold 50% is above --gate 5%" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["5", "fast", "", "0", "0%", "100%", "-5%", "nan", "inf%", "5%%"])
@pytest.mark.parametrize("option", ["gate", "threshold"])
def test_a_bad_share_is_one_line(option: str, text: str, saved: Any, fails: Any) -> None:
    line = fails(saved("a", STEADY), saved("b", STEADY), f"--{option}={text}")
    assert line == f"tfbench: --{option} {text}: give a share such as 5% or 0.05"


def test_one_run_has_nothing_to_be_compared_with(saved: Any, fails: Any) -> None:
    line = fails(saved("a", STEADY))
    assert line == "tfbench: one run has no other to be compared with: name a second, or choose --by mode"


def test_a_run_that_is_not_there_is_one_line(saved: Any, fails: Any, tmp_path: Path) -> None:
    missing = tmp_path / "none"
    assert fails(saved("a", STEADY), str(missing)).startswith(f"tfbench: cannot read run {missing}: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--base", "c"], "--base c: there is no such run; choose from a, b"),
        (["--by", "mode"], "nothing to compare by mode: there is only 'eager'"),
        (["--bas", "a"], "unknown option '--bas': see --help"),
    ],
)
def test_what_cannot_be_compared_is_one_line(options: list[str], message: str, saved: Any, fails: Any) -> None:
    assert fails(saved("a", STEADY), saved("b", STEADY), *options).startswith(f"tfbench: {message}")


def test_the_same_run_twice_is_one_line(saved: Any, fails: Any) -> None:
    path = saved("a", STEADY)
    assert fails(path, path).startswith("tfbench: the run a is named twice")


@pytest.mark.parametrize("options", [[], ["x", "y", "--by", "weather"], ["x", "y", "--format", "xml"]])
def test_what_the_parser_refuses_is_exit_code_2(options: list[str], capsys: Any) -> None:
    assert cli.main(["compare", *options]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_help_shows_examples_as_they_are_typed(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        cli.main(["compare", "--help"])
    text = capsys.readouterr().out
    assert "exit code: 0 nothing worse than the gate, 1 a regression, 2 unusable input or nothing to gate." in text
    assert "%%" not in text
