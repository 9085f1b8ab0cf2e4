"""Machines side by side as text, Markdown, frame and JSON, and on the command line; this machine against itself."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench.case import Placement
from tfbench.reports import cli, hardware, hardware_frame, hardware_tables

ROOT = Path(__file__).parents[1]
STEADY, TWICE = (1.0, 1.01, 0.99), (0.5, 0.505, 0.495)


@pytest.fixture
def runs(records: Any) -> list[Any]:
    """Give runs of a CPU and of a GPU with another TensorFlow: two modes, two batch sizes; energy on the CPU."""
    told = records.conditions(energy_j=200.0, energy_s=4.0, energy_source="package-0")

    def run(name: str, device: str, scale: float, conditions: Any, tensorflow: str) -> Any:
        done = []
        for size in (32, 128):
            for mode, times in (("eager", STEADY), ("xla", TWICE)):
                call_s = [seconds * (size / 32 if device == "cpu" else 1.0) * scale for seconds in times]
                invocations = tuple(
                    records.invocation((seconds,), index=i, iterations=1, conditions=conditions)
                    for i, seconds in enumerate(call_s, start=1)
                )
                case = records.case(mode=mode, params=(("batch_size", size),), placement=Placement(device=device))
                fields = {"work_per_call": size, "unit": "examples", "device": "Tesla T4"}
                done.append(records.measurement(case=case, invocations=invocations, **fields))
        return records.run(
            name=name,
            host=records.host(name=name),
            software=(records.software(tensorflow=tensorflow),),
            measurements=tuple(done),
        )

    return [run("cpu", "cpu", 1.0, told, "2.21.0"), run("gpu", "gpu", 2.0, None, "2.20.0")]


@pytest.fixture
def paths(runs: list[Any], records: Any, tmp_path: Path) -> list[str]:
    return [str(records.write(run, tmp_path)) for run in runs]


def grids(runs: list[Any], **more: Any) -> dict[str, hardware_tables.Grid]:
    return {grid.title: grid for grid in hardware_tables.grids(hardware.make(runs, **more))}


def test_the_header_says_what_the_machines_are_and_that_their_tensorflow_differs(runs: list[Any]) -> None:
    assert hardware_tables.header(hardware.make(runs, prices={"gpu": 0.5})) == [
        "cpu/2-cores: toy processor, 2 of 4 cores, 8 GiB; TensorFlow 2.21.0; cpu",
        "gpu/gpu: toy processor, 2 of 4 cores, 8 GiB, Tesla T4; TensorFlow 2.20.0; gpu; 0.5 USD an hour",
        "different TensorFlow versions: 2.21.0 on cpu/2-cores, 2.20.0 on gpu/gpu: not only the machines differ",
    ]


def test_the_same_tensorflow_is_not_remarked_on(runs: list[Any], with_fields: Any) -> None:
    same = [runs[0], with_fields(runs[1], software=runs[0].software)]
    assert len(hardware_tables.header(hardware.make(same))) == 2


def test_each_machine_is_a_column(runs: list[Any]) -> None:
    found = grids(runs)
    time = found["Time of a call, and how many times faster than on cpu/2-cores"]
    assert time.headers == ("case", "cpu/2-cores", "gpu/gpu")
    assert time.rows[0][:2] == ("toy-by_hand-batch_size=32-eager", "1.00 s")
    assert time.rows[0][2].startswith("2.00 s, 0.500x [0.489, 0.511] ")
    assert time.rows[0][2].endswith(" slower")
    assert time.values[0] == (None, 1.0, 2.0)
    rate = found["Work a second, and of each core or accelerator"]
    assert rate.rows[0] == ("toy-by_hand-batch_size=32-eager", "32.0 examples, 16.0 a core", "16.0 examples")


def test_modes_batch_sizes_prices_and_energy_have_tables(runs: list[Any]) -> None:
    found = grids(runs, prices={"gpu": 3.6})
    fastest = found["The fastest mode on each machine, and how many times faster than the next"]
    assert [row[0] for row in fastest.rows] == ["toy-by_hand-batch_size=32", "toy-by_hand-batch_size=128"]
    assert all(cell.startswith("xla: 2.0") and cell.endswith("than eager") for row in fastest.rows for cell in row[1:])
    sizes = found["Batch sizes at which a machine is faster than cpu/2-cores"]
    assert (sizes.headers, sizes.names) == (("cases", "mode", "gpu/gpu"), 2)
    assert [row[1] for row in sizes.rows] == ["eager", "fastest", "xla"]
    assert all(row[2].startswith("from 64 [") for row in sizes.rows)
    # A million examples take a million sixteenths of a second, at a thousandth of a dollar each second.
    assert found["Dollars for a million units of work"].rows[0][1:] == ("-", "$62.5")
    energy = found["Energy for a million units of work, and units for a joule"]
    assert energy.rows[0][1:] == ("1.56 MJ, 0.640 examples/J", "-")


def test_without_prices_and_energy_their_tables_are_left_out(runs: list[Any], records: Any) -> None:
    plain = [records.run(name=n, host=records.host(name=n), measurements=(records.timed(*STEADY),)) for n in "ab"]
    assert list(grids(plain)) == [
        "Time of a call, and how many times faster than on a/2-cores",
        "Work a second, and of each core or accelerator",
    ]


def test_what_the_tables_do_not_say_stands_below(runs: list[Any], records: Any) -> None:
    lines = hardware_tables.notes(hardware.make(runs))
    assert lines == [
        "batch sizes between those measured: by lines through the logarithms of time and size; < and > lie outside",
        "fastest: on each machine the fastest mode of the size",
        "energy: mean power of package-0 while a worker timed all its modes, times the time of the case",
    ]
    other = records.run(
        name="b", host=records.host(name="b"), measurements=(records.timed(1.0, content="two"),), status="interrupted"
    )
    first = records.run(name="a", measurements=(records.timed(1.0, content="one"),))
    assert hardware_tables.notes(hardware.make([first, other])) == [
        "toy-by_hand-n=8,kind=small-eager: not compared on b/2-cores: the workload's code changed",
        "warning: b did not finish: it has what was measured until then",
    ]
    one = records.run(name="b", host=records.host(name="b"), measurements=(records.timed(1.0, content="one"),))
    assert hardware_tables.notes(hardware.make([first, one]))[0].startswith("(*) one invocation on a side")


def test_the_text_and_the_markdown_hold_the_same_cells(runs: list[Any]) -> None:
    found = hardware.make(runs, prices={"cpu": 1.0})
    console = Console(width=250, record=True)
    hardware_tables.show(found, console)
    text, markdown = " ".join(console.export_text().split()), hardware_tables.markdown(found)  # a title may be wrapped
    for grid in hardware_tables.grids(found):
        assert grid.title in text
        assert f"**{grid.title}**" in markdown
        for row in grid.rows:
            assert "| " + " | ".join(row) + " |" in markdown
            assert all(cell in text for cell in row)
    for line in (*hardware_tables.header(found), *hardware_tables.notes(found)):
        assert line in text
        assert f"- {line}\n" in markdown


def test_a_bar_in_a_name_does_not_break_the_markdown(records: Any) -> None:
    plain = [
        records.run(name=n, host=records.host(name=f"{n}|x"), measurements=(records.timed(*STEADY),)) for n in "ab"
    ]
    assert "| case | a\\|x/2-cores | b\\|x/2-cores |" in hardware_tables.markdown(hardware.make(plain))


def test_the_frame_has_a_row_for_each_case_on_each_machine(runs: list[Any]) -> None:
    frame = hardware_frame.to_frame(hardware.make(runs, prices={"gpu": 3.6}))
    assert {str(name): str(dtype) for name, dtype in frame.dtypes.items()} == hardware_frame.DTYPES
    assert len(frame) == 8
    first, second = frame.iloc[0], frame.iloc[1]
    assert (first["machine"], first["watts"], first["energy_source"]) == ("cpu/2-cores", 50.0, "package-0")
    assert (second["machine"], second["device_name"], second["runs"]) == ("gpu/gpu", "Tesla T4", "gpu")
    assert (second["speedup"], second["usd_per_million"]) == (pytest.approx(0.5), pytest.approx(62.5))
    assert first[["speedup", "verdict", "usd_per_million"]].isna().all()


def test_the_json_is_strict_and_holds_all(runs: list[Any]) -> None:
    found = json.loads(json.dumps(hardware_frame.to_json(hardware.make(runs, prices={"gpu": 3.6})), allow_nan=False))
    assert (found["against"], len(found["cases"]), len(found["fastest"])) == ("cpu/2-cores", 8, 4)
    assert [one["name"] for one in found["machines"]] == ["cpu/2-cores", "gpu/gpu"]
    assert [one["usd_per_hour"] for one in found["machines"]] == [None, 3.6]
    assert {one["mode"]: round(one["size"]) for one in found["batch_sizes"]} == {"eager": 64, "xla": 64, "fastest": 64}
    assert any(line.startswith("different TensorFlow versions") for line in found["notes"])


def said(capsys: Any, *arguments: str) -> str:
    assert cli.main(["compare", *arguments]) == 0
    text: str = capsys.readouterr().out
    return text


def test_runs_of_different_machines_are_compared_by_machine_unless_told_otherwise(
    paths: list[str], capsys: Any
) -> None:
    assert "Time of a call, and how many times faster than on cpu/2-cores" in said(capsys, *paths)
    assert "faster than on gpu/gpu" in said(capsys, *paths, "--against", "gpu")
    assert "gpu against cpu (by device)" in said(capsys, *paths, "--by", "device")


def test_the_formats_of_the_command(paths: list[str], capsys: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(said(capsys, *paths, "--format", "csv"))))
    assert list(rows[0]) == list(hardware_frame.DTYPES)
    assert len(json.loads(said(capsys, *paths, "--format", "json", "--price", "cpu=0.1"))["cases"]) == 8
    assert said(capsys, *paths, "--format", "markdown").startswith("- cpu/2-cores: toy processor")


@pytest.mark.parametrize("options", [[], ["--by", "device"]], ids=["machines", "sides"])
def test_a_page_goes_where_it_is_said(options: list[str], paths: list[str], capsys: Any, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert said(capsys, *paths, *options, "--format", "html", "-o", str(out)) == f"{out}\n"
    assert '<script type="application/json" id="page-data">' in out.read_text(encoding="utf-8")
    assert said(capsys, *paths, *options, "--format", "svg", "--output", str(tmp_path / "charts")).endswith(
        f" in {tmp_path / 'charts'}\n"
    )
    assert next((tmp_path / "charts").glob("*.svg")).read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ["--format", "html"],
            "a comparison has no folder of its own: say where it goes with --output PATH",
        ),
        (
            ["--format", "csv", "-o", "x"],
            "--output is for --format html, svg and png: redirect the others with >",
        ),
        (["--price", "cpu"], "--price cpu: write it as host=dollars an hour, such as vm=0.096"),
        (["--price", "cpu=-1"], "--price cpu=-1: write it as host=dollars an hour, such as vm=0.096"),
        (["--price", "cpu=nan"], "--price cpu=nan: write it as host=dollars an hour, such as vm=0.096"),
        (["--price", "=1"], "--price =1: write it as host=dollars an hour, such as vm=0.096"),
        (["--price", "x=1"], "--price x: there is no such machine; choose from cpu/2-cores, gpu/gpu"),
        (["--against", "x"], "--against x: there is no such machine; choose from cpu/2-cores, gpu/gpu"),
        (["--against", "cpu", "--gate", "5%"], "machines are compared without --gate: leave one of them out"),
        (["--against", "cpu", "--by", "mode"], "machines are compared without --by mode: leave one of them out"),
        (["--by", "machine", "--same-host"], "machines are compared without --same-host: leave one of them out"),
    ],
)
def test_bad_input_is_one_line(options: list[str], line: str, paths: list[str], capsys: Any) -> None:
    assert cli.main(["compare", *paths, *options]) == 2
    assert capsys.readouterr().err == f"tfbench: {line}\n"


@pytest.mark.tensorflow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core cannot be set against two")
def test_this_machine_pinned_to_one_core_is_another_machine_than_with_two(tmp_path: Path, capsys: Any) -> None:
    cores = sorted(os.sched_getaffinity(0))[:2]
    entry = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", "run", "healthy"]
    options = ["--quick", "--budget", "0.2", "--mode", "eager", "--workloads", str(ROOT / "tests/faulty_workloads.py")]
    for count in (1, 2):
        pinned = ["taskset", "-c", ",".join(map(str, cores[:count]))]
        command = [*pinned, *entry, *options, "--out", str(tmp_path / str(count))]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(said(capsys, *(str(tmp_path / name) for name in "12"), "--format", "json"))
    assert [one["name"].rpartition("/")[2] for one in found["machines"]] == ["1-core", "2-cores"]
    assert [(row["count"], row["each"]) for row in found["cases"]] == [(1, "core"), (2, "core")]
    assert all(row["median_s"] > 0 and row["throughput"] > 0 for row in found["cases"])
    assert found["cases"][1]["speedup"] > 0
