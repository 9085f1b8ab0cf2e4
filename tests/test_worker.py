"""Real workers: what goes wrong in one case costs that case, and nothing is left behind."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tfbench.bench import store
from tfbench.bench.process import MEMORY
from tfbench.bench.record import Failure, Run

pytestmark = pytest.mark.tensorflow
FAULTY = Path(__file__).with_name("faulty_workloads.py")
BOOTSTRAP = str(Path(__file__).parents[1] / "bench" / "bootstrap.py")


def tfbench(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    command = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


def is_worker(process: psutil.Process) -> bool:
    """Tell whether a process is one of this checkout's workers."""
    return BOOTSTRAP in process.cmdline()


def workers() -> list[int]:
    """Give the worker processes that this test run has started and that still live."""
    return [process.pid for process in psutil.Process(os.getpid()).children(recursive=True) if is_worker(process)]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Run]:
    """Run all faults at once, in eager mode."""
    folder = tmp_path_factory.mktemp("faulty")
    options = ["--mode", "eager", "--quick", "--budget", "0.2", "--workloads", str(FAULTY)]
    done = tfbench("run", "faulty", "healthy", *options, cwd=folder)
    return done, store.load(folder / "results")


@pytest.fixture(scope="module")
def failures(faulty: tuple[subprocess.CompletedProcess[str], Run]) -> dict[str, Failure]:
    """Give the failures by the fault's name."""
    return {failure.case.implementation: failure for failure in faulty[1].failures}


def test_only_the_faulty_cases_fail_and_all_others_are_measured(faulty) -> None:
    run = faulty[1]
    measured = {(m.case.workload, m.case.implementation) for m in run.measurements}
    assert measured == {("faulty", "fine"), ("faulty", "print"), ("healthy", "fine")}
    names = {failure.case.implementation for failure in run.failures}
    assert names == {"raise", "sigkill", "segfault", "exit", "wrong", "late", "retrace"}
    assert run.status == "complete"


def test_the_exit_code_is_1_and_no_worker_is_left(faulty) -> None:
    assert faulty[0].returncode == 1
    assert workers() == []


@pytest.mark.parametrize(
    ("name", "stage", "kind", "message"),
    [
        ("raise", "first call", "RuntimeError", "the first line of the reason"),
        ("sigkill", "first call", "killed", f"the worker was ended by SIGKILL{MEMORY}"),
        ("segfault", "first call", "killed", "the worker was ended by SIGSEGV"),
        ("exit", "first call", "SystemExit", "0"),
        ("wrong", "check", "WrongAnswerError", "call 1, output 0: 3, expected 2 (tolerance rtol=1e-06, atol=1e-06)"),
        ("late", "calibrate", "ValueError", "wrong after forty calls"),
    ],
)
def test_a_failure_names_stage_type_and_message(failures, name: str, stage: str, kind: str, message: str) -> None:
    failure = failures[name]
    assert (failure.stage, failure.type, failure.message) == (stage, kind, message)


def test_a_case_that_traces_in_every_round_is_a_failure_that_counts_them(failures) -> None:
    assert failures["retrace"].type == "unsteady"
    assert failures["retrace"].message.startswith("only 0 of ")


def test_a_measurement_tells_what_the_machine_did_and_what_a_call_takes_and_gives(faulty) -> None:
    found = {m.case.implementation: m for m in faulty[1].measurements if m.case.workload == "faulty"}["fine"]
    (done,) = found.invocations
    assert (found.shapes, len(found.content)) == ("float32[1] -> float32[1]", 16)
    assert (done.check.scaled_error, done.check.epsilon) == (0.0, 2.0**-23)
    assert done.conditions is not None
    assert done.conditions.load_1m >= 0.0
    assert 0.0 <= done.conditions.others_share <= 1.0
    assert 0.00001 < done.pace_s < 0.1  # 256 KiB in SHA-256


def test_the_software_is_that_of_the_suites_own_python(faulty) -> None:
    (software,) = faulty[1].software
    assert (software.interpreter, software.python) == ("", platform.python_version())
    assert 0.0 < software.timer_s < 0.001


def test_two_interpreters_are_measured_side_by_side_and_until_they_are_precise(tmp_path: Path) -> None:
    options = ["--mode", "eager", "--quick", "--budget", "0.2", "--workloads", str(FAULTY)]
    options += ["--python", f"one={sys.executable}", "--python", f"two={sys.executable}", "--precision", "99%"]
    done = tfbench("run", "healthy", *options, "--max-invocations", "2", cwd=tmp_path)
    run = store.load(tmp_path / "results")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [m.case.placement.label for m in run.measurements] == ["cpu-one", "cpu-two"]
    assert sorted(software.interpreter for software in run.software) == ["one", "two"]
    assert [[i.index for i in m.invocations] for m in run.measurements] == [[1, 2], [1, 2]]
    assert [m.precision and m.precision.wanted for m in run.measurements] == [None, 0.99]


def test_a_failure_shows_the_end_of_the_workers_stderr(failures) -> None:
    assert failures["sigkill"].stderr[-1] == "about to be killed"
    assert any("the first line of the reason" in line for line in failures["raise"].stderr)
    assert all(len(failure.stderr) <= 20 for failure in failures.values())


def test_an_interruption_keeps_what_was_measured_and_ends_the_workers(tmp_path: Path) -> None:
    options = ["--mode", "eager", "--budget", "100", "--quick", "--workloads", str(FAULTY)]
    command = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()"]
    command += ["run", "healthy", "sum_loop", "--implementation", "fine,python_loop", *options]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        # sum_loop is measured first; once the next worker starts, it is finished.
        if line.startswith("tfbench: healthy"):
            process.send_signal(2)
            break
    output, _ = process.communicate(timeout=60)
    run = store.load(tmp_path / "results")
    assert process.returncode == 2
    assert run.status == "interrupted"
    assert [m.case.workload for m in run.measurements] == ["sum_loop"]
    assert "this run did not finish" in output
    assert workers() == []


def test_a_killed_parent_leaves_a_valid_run_with_the_finished_cases_and_no_worker(tmp_path: Path) -> None:
    options = ["--mode", "eager", "--quick", "--budget", "0.2", "--workloads", str(FAULTY)]
    command = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()"]
    command += ["run", "healthy", "sum_loop", "--implementation", "fine,vectorized", *options]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("tfbench: healthy"):
            break
    left: list[psutil.Process] = []
    while not left:  # the line comes just before the worker
        assert process.poll() is None, "the parent ended before its worker was seen"
        left = [child for child in psutil.Process(process.pid).children() if is_worker(child)]
    process.kill()
    process.communicate()
    gone, alive = psutil.wait_procs(left, timeout=20)
    assert (len(gone), alive) == (1, [])
    assert list(scratch.iterdir()) == []
    run = store.load(tmp_path / "results")
    assert [m.case.workload for m in run.measurements] == ["sum_loop"]
    assert run.status == "running"


def test_a_device_that_is_not_there_is_a_skip_with_the_reason(tmp_path: Path) -> None:
    done = tfbench("run", "sum_loop", "--device", "gpu", "--quick", "--implementation", "vectorized", cwd=tmp_path)
    run = store.load(tmp_path / "results")
    assert (done.returncode, "tfbench: nothing was measured" in done.stdout) == (1, True)
    assert {skip.reason for skip in run.skips} == {
        "1 GPU asked for, TensorFlow sees 0: check the driver, and install tfbench[cuda]"
    }
    assert (len(run.skips), run.measurements, run.failures) == (3, (), ())


def test_pytest_benchmark_reads_the_run(faulty, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(store.to_json(faulty[1], {}, {})))
    command = [sys.executable, "-m", "pytest_benchmark", "compare", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "faulty-fine-eager-cpu" in done.stdout
