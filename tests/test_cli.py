"""The command line and the pytest front: bad input is one clear line, and nothing is written."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tfbench.bench import flags, schema
from tfbench.reports import cli

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in {"TFBENCH_FASHION_MNIST", "PYTEST_ADDOPTS"}}


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder of its own."""
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False, env={**ENVIRONMENT, **environment}
    )


def tfbench(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    return run(
        sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", *arguments, cwd=cwd, **environment
    )


BAD_OPTIONS = [
    (["sum_lop"], "unknown workload 'sum_lop': did you mean 'sum_loop'?"),
    (["--implementation", "python_lop"], "unknown implementation 'python_lop': did you mean 'python_loop'?"),
    (["--mode", "jit"], "unknown mode 'jit': choose from eager, graph, xla"),
    (["--mode", "graf"], "unknown mode 'graf': did you mean 'graph'?"),
    (["--param", "batchsize=3"], "unknown parameter 'batchsize': did you mean 'batch_size'?"),
    (["--param", "n"], "--param n: write it as name=value, such as n=1000"),
    (["sum_loop", "--param", "n=x"], "sum_loop: parameter n: 'x' is not a whole number of at least 1"),
    (["--param", "shape=5"], "layer_norm: parameter shape: '5' is not a shape of two or more axes, such as 256x512"),
    (
        ["--param", "n=70000"],
        "sum_loop: parameter n: 70000 is too large: the sum 2449965000 overflows int32; the largest n is 65536",
    ),
    (["--device", "npu"], "unknown device 'npu': choose from auto, cpu, gpu, tpu"),
    (["--invocations", "0"], "--invocations 0: give a whole number of at least 1"),
    (["--invocations", "two"], "--invocations two: give a whole number of at least 1"),
    (["--budget", "-1"], "--budget -1: give a number above 0"),
    (["--budget", "nan"], "--budget nan: give a number above 0"),
    (["--timeout", "0"], "--timeout 0: give a number above 0"),
    (["--replicas", "0"], "--replicas 0: give a whole number of at least 1"),
    (["sum_loop", "--replicas", "2"], "--replicas: none of the chosen workloads is distributed; choose one that is"),
    (["sum_loop", "--implementation", "keras"], "unknown implementation 'keras': "),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_OPTIONS)
def test_a_bad_option_of_run_is_one_line_and_exit_code_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = tfbench("run", *arguments, cwd=tmp_path)
    lines = [line for line in done.stderr.splitlines() if line]
    assert done.returncode == 2
    assert len(lines) == 1
    assert lines[0].startswith(f"ERROR: {message}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("arguments", "message"), BAD_OPTIONS)
def test_a_bad_option_of_list_says_the_same(arguments, message, capsys) -> None:
    assert cli.main(["list", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"tfbench: {message}")


def test_under_pytest_a_bad_option_is_pytests_exit_code_4(tmp_path: Path) -> None:
    plugins = ["-p", "tfbench.bench.plugin", "-p", "no:cacheprovider"]
    done = run(sys.executable, "-m", "pytest", *plugins, "--benchmark", "--tf-mode", "jit", cwd=tmp_path)
    assert done.returncode == 4
    assert done.stderr.strip() == "ERROR: unknown mode 'jit': choose from eager, graph, xla"


def test_an_option_that_nobody_knows_is_exit_code_2(tmp_path: Path) -> None:
    done = tfbench("run", "--invocation", "3", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "tfbench: unknown option --invocation: did you mean --invocations?\n"


def damaged(folder: Path, name: str, change) -> Path:
    """Change the unpacked content of one of the folder's files."""
    path = folder / f"{name}.gz"
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()))))
    return folder


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("train-images-idx3-ubyte", lambda data: data[:-1], "it is truncated or damaged"),
        ("train-labels-idx1-ubyte", lambda _: b"something else", "is not an idx file of unsigned bytes"),
        ("train-labels-idx1-ubyte", lambda data: data[:4] + (39).to_bytes(4, "big") + data[8:-1], "40 images, but"),
    ],
)
def test_a_damaged_data_folder_is_refused(images_folder: Path, name, change, message, tmp_path) -> None:
    folder = damaged(images_folder, name, change)
    work = tmp_path / "work"
    work.mkdir()
    done = tfbench("run", "fashion_mnist", "--fashion-mnist", str(folder), cwd=work)
    lines = [line for line in done.stderr.splitlines() if line]
    assert (done.returncode, len(lines)) == (2, 1)
    assert message in lines[0]
    assert not (work / "results").exists()


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_data_folder_without_the_files_is_refused(how: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    extra = ["--fashion-mnist", str(empty)] if how == "option" else []
    environment = {"TFBENCH_FASHION_MNIST": str(empty)} if how == "environment" else {}
    done = tfbench("run", "fashion_mnist", *extra, cwd=tmp_path, **environment)
    assert done.returncode == 2
    assert f"Fashion-MNIST folder {empty} has no train-images-idx3-ubyte.gz" in done.stderr


def test_an_output_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = tfbench("run", "sum_loop", "--out", "file/results", cwd=tmp_path)
    assert done.returncode == 2
    assert "output folder file/results cannot be written" in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read run"),
        ('{"benchmarks": [', "is not JSON, or cut off"),
        ('{"benchmarks": []}', "was not written by tfbench"),
        ("[]", "was not written by tfbench"),
        ('{"benchmarks": [], "tfbench": {"schema": 999}}', "has schema 999, not one of"),
        ('{"benchmarks": [], "tfbench": {"schema": 1}}', "is damaged: run: missing field 'name'"),
    ],
)
def test_a_run_that_cannot_be_read_is_refused(content: str | None, message: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content)
    assert cli.main(["report", str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_the_help_names_every_command(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    assert stopped.value.code == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    commands = [words[0] for words in lines[lines.index(["COMMAND"]) + 1 :] if words]
    assert commands[:7] == ["run", "list", "report", "compare", "import", "history", "doctor"]


@pytest.fixture
def report(records, tmp_path: Path, capsys):
    """Give the function that reports a run with options, and gives the rows of its JSON by implementation and mode."""
    times = {("by_hand", "eager"): 8.0, ("by_hand", "xla"): 2.0, ("library", "eager"): 4.0, ("library", "xla"): 1.0}
    done = (records.timed(s, s, implementation=i, mode=mode) for (i, mode), s in times.items())
    path = str(records.write(records.run(measurements=tuple(done)), tmp_path))

    def call(*options: str) -> dict[tuple[str, str], dict[str, Any]]:
        assert cli.main(["report", path, "--format", "json", *options]) == 0
        return {(row["implementation"], row["mode"]): row for row in json.loads(capsys.readouterr().out)}

    return call


@pytest.mark.parametrize(
    ("options", "ratios"),
    [
        ([], [1.0, 4.0, 2.0, 8.0]),
        (["--baseline", "by_hand/eager"], [1.0, 4.0, 2.0, 8.0]),
        (["--baseline", "library/xla"], [1 / 8, 1 / 2, 1 / 4, 1.0]),
        (["--baseline", "eager"], [1.0, 4.0, 1.0, 4.0]),
        (["--baseline=xla"], [1 / 4, 1.0, 1 / 4, 1.0]),
    ],
)
def test_a_report_may_have_another_baseline(options: list[str], ratios: list[float | None], report) -> None:
    found = [row["speedup"] for row in report(*options).values()]
    assert found == [ratio if ratio is None else pytest.approx(ratio) for ratio in ratios]


def test_another_baseline_is_each_implementations_own_or_one_for_all(report) -> None:
    own, one = (report("--baseline", text)["library", "xla"]["baseline"] for text in ("eager", "by_hand/eager"))
    assert own == "toy-library-n=8,kind=small-eager-cpu"
    assert one == "toy-by_hand-n=8,kind=small-eager-cpu"


@pytest.mark.parametrize("text", ["jit", "by_hand", "by_hand/", "eager/by_hand", "by_hand/jit"])
def test_a_baseline_without_a_mode_is_refused(text: str, records, tmp_path: Path, capsys) -> None:
    path = str(records.write(records.full_run(), tmp_path))
    assert cli.main(["report", path, "--baseline", text]) == 2
    line = f"tfbench: --baseline {text}: write a mode (eager, graph, xla), or implementation/mode\n"
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize("baseline", ["by_hnad/eager", "graph", "by_hand/graph"])
def test_a_baseline_that_was_not_measured_is_refused(baseline: str, records, tmp_path: Path, capsys) -> None:
    path = str(records.write(records.full_run(), tmp_path))
    assert cli.main(["report", path, "--baseline", baseline]) == 2
    assert f"--baseline {baseline}: was not measured in 20261101T000000Z-box, which has by_hand/eager" in (
        capsys.readouterr().err
    )


def test_a_run_that_measures_nothing_says_so_and_is_no_success(tmp_path: Path) -> None:
    chosen = ["sum_loop", "--implementation", "python_loop", "--param", "n=10000", "--mode", "graph,xla"]
    done = tfbench("run", *chosen, "--quick", cwd=tmp_path)
    assert done.returncode == 1
    assert "tfbench: nothing was measured: every case was skipped, for the reasons above" in done.stdout
    assert "Python's range is unrolled" in done.stdout
    run_file = json.loads((tmp_path / "results/latest/run.json").read_text())
    assert len(run_file["tfbench"]["skips"]) == 2


def test_list_prints_the_cases_and_why_some_would_be_skipped(capsys) -> None:
    assert cli.main(["list", "sum_loop", "--implementation", "python_loop", "--device", "cpu"]) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "sum_loop-python_loop-n=10000-eager-cpu"
    assert second.startswith("sum_loop-python_loop-n=10000-graph-cpu  (skipped: Python's range is unrolled")
    assert third.startswith("sum_loop-python_loop-n=10000-xla-cpu  (skipped: ")


def test_list_says_what_cannot_be_replicated(capsys) -> None:
    assert cli.main(["list", "distributed", "--implementation", "whole_step", "--device", "cpu"]) == 0
    one, two = capsys.readouterr().out.splitlines()
    assert one == "distributed-whole_step-batch_size=256,scaling=weak-xla-cpu-mirrored-1"
    assert "-mirrored-2  (skipped: TensorFlow cannot compile a step of several replicas as a whole" in two


def test_an_interrupted_command_ends_in_one_line(tmp_path: Path, capsys) -> None:
    path = tmp_path / "slow.py"
    path.write_text("raise KeyboardInterrupt", encoding="utf-8")  # as Ctrl-C while it imports TensorFlow
    assert cli.main(["list", "--workloads", str(path)]) == 2
    assert capsys.readouterr().err == "tfbench: interrupted\n"


@pytest.mark.parametrize("word", ["--quik", "--quik=1"])
def test_an_option_that_is_nearly_ours_is_not_given_to_pytest(word: str, capsys) -> None:
    assert cli.main(["run", "sum_loop", word]) == 2
    assert capsys.readouterr().err == "tfbench: unknown option --quik: did you mean --quick?\n"


def test_list_prints_records_for_machines(capsys) -> None:
    assert cli.main(["list", "layer_norm", "--mode", "xla", "--device", "cpu", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["implementation"] for row in rows] == ["custom", "keras"]
    assert rows[0]["params"] == [["shape", "256x512"], ["gradients", "no"]]


@pytest.mark.parametrize("option", flags.OPTIONS, ids=lambda option: option.name)
def test_every_option_of_a_run_reaches_pytest(option: flags.Option) -> None:
    given = [f"--{option.name}", "value"] if option.metavar else [f"--{option.name}"]
    parsed, rest = cli.make_parser().parse_known_args(["run", *given, "-k", "eager"])
    found = cli.pytest_arguments(parsed, rest)
    flag = f"--{option.name}" if option.shared else f"--tf-{option.name}"
    assert (f"{flag}=value" if option.metavar else flag) in found
    assert found[-2:] == ["-k", "eager"]


@pytest.mark.tensorflow
def test_the_suite_under_pytest_gives_the_same_numbers_to_pytest_benchmark_as_to_run_json(tmp_path: Path) -> None:
    plugins = ["-p", "tfbench.bench.plugin", "-p", "tfbench.reports.terminal", "-p", "no:cacheprovider"]
    chosen = ["--tf-workload", "sum_loop", "--tf-implementation", "vectorized", "--tf-quick", "-k", "graph or xla"]
    done = run(
        sys.executable, "-m", "pytest", *plugins, "--benchmark", *chosen, "--benchmark-json=theirs.json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = json.loads((tmp_path / "theirs.json").read_text())["benchmarks"]
    content = json.loads((tmp_path / "results" / "latest" / "run.json").read_text())
    jsonschema.validate(content, schema.document())
    ours = content["benchmarks"]
    assert [row["name"] for row in ours] == [
        "test_workload[sum_loop-vectorized-n=10000-graph-cpu]",
        "test_workload[sum_loop-vectorized-n=10000-xla-cpu]",
    ]
    for key in ("name", "group", "param", "params", "stats", "extra_info"):
        assert [row[key] for row in ours] == [row[key] for row in theirs]
    assert "the baseline was not measured: tfbench report --baseline graph" in done.stdout.split("sum_loop n=10000")[-1]


@pytest.mark.tensorflow
def test_with_benchmark_disable_answers_are_checked_and_nothing_is_written(tmp_path: Path) -> None:
    done = tfbench("run", "sum_loop", "--implementation", "vectorized", "--benchmark-disable", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    assert not (tmp_path / "results").exists()


def test_the_cases_of_a_cluster_are_listed_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = {"cluster": {"worker": ["a:1000", "b:1000"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))
    options = ["--mode", "xla", "--implementation", "data_parallel", "--replicas", "2", "--device", "cpu"]
    assert cli.main(["list", "distributed", *options]) == 0
    case = "distributed-data_parallel-batch_size=256,scaling=weak-xla-cpu-multi_worker-2"
    assert capsys.readouterr().out.splitlines() == [case]


def test_a_damaged_tf_config_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", "{")
    assert cli.main(["list"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tfbench: TF_CONFIG cannot be read: ")
