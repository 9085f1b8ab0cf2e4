"""When the machine goes wrong: a full or read-only disk, a clock set back, two runs at once, memory that runs out.

All for real, with the command line in processes of its own; most workers are toys (toy_workloads.py).
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import toy_workloads
from tfbench.bench import store
from tfbench.bench.process import MEMORY

CODE = "from tfbench.reports.cli import entry; entry()"
ENTRY = (sys.executable, "-c", CODE)
FAULTY = Path(__file__).with_name("faulty_workloads.py")
LEAKING = ("run", "leaking", "--mode", "eager", "--quick", "--budget", "0.2", "--workloads", str(FAULTY))
CGROUP = Path("/sys/fs/cgroup/memory")


@pytest.fixture
def toy(tmp_path: Path) -> tuple[str, ...]:
    """Give the options that run the toys, three comparison sets of two cases."""
    python = toy_workloads.write_python(tmp_path)
    return ("--workloads", toy_workloads.__file__, "--python", f"toy={python}", "--mode", "eager,xla", "--quick")


def start(*arguments: str, cwd: Path, **more: Any) -> subprocess.Popen[str]:
    """Start the command line."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen([*ENTRY, *arguments], cwd=cwd, text=True, **pipes, **more)


def tfbench(*arguments: str, cwd: Path, **more: Any) -> tuple[int, str, list[str]]:
    """Run the command line; give exit code, output and the lines of stderr that are no progress."""
    process = start(*arguments, cwd=cwd, **more)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, problems(err)


def problems(err: str) -> list[str]:
    """Give the lines of stderr that are no progress."""
    return [line for line in err.splitlines() if line and ", about " not in line and ": goes on with " not in line]


def wait_for(process: subprocess.Popen[str], beginning: str) -> None:
    """Read its stderr up to the line that tells of this comparison set: those before it are finished."""
    assert process.stderr is not None
    assert any(line.startswith(f"tfbench: {beginning}") for line in process.stderr), "it ended before"


def sets_of(run: Any) -> list[str]:
    """Name the comparison sets that were measured, in order."""
    return list(dict.fromkeys(m.case.comparison_set for m in run.measurements))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 1 MB; where that is not allowed the test is skipped, saying so."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tfbench-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False) if shutil.which("mount") else None
    if done is None or done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip() if done else 'there is no mount'}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_ends_the_run_with_one_line_keeps_what_is_finished_and_it_can_be_resumed(
    small_disk: Path, toy: Sequence[str], tmp_path: Path
) -> None:
    process = start("run", "first_toy", "second_toy", "--full", "--out", "disk", *toy, cwd=tmp_path)
    wait_for(process, "first_toy n=2")
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)
    out, err = process.communicate(timeout=120)
    run = store.load(small_disk)
    line = f"disk/{run.name}/run.json cannot be written: No space left on device; what it held before stays: "
    assert process.returncode == 2
    assert f"tfbench: {line}put that right, then go on with tfbench run --resume disk/{run.name}" in out
    assert "Traceback" not in out + err
    assert (sets_of(run), run.status) == (["first_toy n=1"], "running")
    assert list((small_disk / run.name).glob(".*.partial")) == []
    (small_disk / "filler").unlink()
    code, _, said = tfbench("run", "--resume", f"disk/{run.name}", cwd=tmp_path)
    whole = store.load(small_disk)
    assert (code, said) == (0, [])
    assert (whole.status, len(whole.resumed)) == ("complete", 1)
    assert sets_of(whole) == ["first_toy n=1", "first_toy n=2", "second_toy n=1"]
    assert whole.measurements[:2] == run.measurements


def test_a_read_only_folder_is_refused_before_anything_runs(
    small_disk: Path, toy: Sequence[str], tmp_path: Path, records: Any
) -> None:
    written = records.write(records.run(options={}, status="interrupted"), small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code, out, said = tfbench("run", "first_toy", "--out", "disk", *toy, cwd=tmp_path)
    assert (code, out.count("\n")) == (2, 2)  # pytest's own "no tests ran"
    line = "output folder disk cannot be written: Read-only file system; choose another with --out"
    assert said == [f"ERROR: {line}"]
    with pytest.raises(store.StorageError, match=r"run\.json cannot be written: Read-only file system; .*--resume"):
        store.Writer(written, records.run(), machine_info={}, commit_info={})


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
static long calls;
static long back(void) { return 60 * __sync_fetch_and_add(&calls, 1); }
int clock_gettime(clockid_t id, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, now);
    if (id == CLOCK_REALTIME) now->tv_sec -= back();
    return code;
}
int gettimeofday(struct timeval *now, void *zone) {
    int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int code = real(now, zone);
    now->tv_sec -= back();
    return code;
}
time_t time(time_t *now) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (now) *now = found.tv_sec;
    return found.tv_sec;
}
"""


@pytest.mark.tensorflow
def test_with_a_clock_that_runs_backwards_all_durations_are_right(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler to make a clock that runs backwards with")
    (tmp_path / "clock.c").write_text(CLOCK, encoding="utf-8")
    library = tmp_path / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "clock.c", "-ldl"], check=True)
    back = {**os.environ, "LD_PRELOAD": str(library)}
    shown = "import time; print(time.time() > time.time())"
    assert subprocess.run([sys.executable, "-c", shown], env=back, capture_output=True, check=True).stdout == b"True\n"
    options = ["sum_loop", "--implementation", "vectorized", "--mode", "graph", "--quick", "--budget", "0.2"]
    before = time.monotonic()
    code, _, said = tfbench("run", *options, cwd=tmp_path, env=back)
    took_s = time.monotonic() - before
    assert (code, said) == (0, [])
    (measured,) = store.load(tmp_path / "results").measurements
    (invocation,) = measured.invocations
    assert all(0.0 < seconds < took_s for seconds in invocation.round_s)
    assert 0.0 < invocation.ledger.first_call_s < took_s
    assert 0.0 <= invocation.ledger.build_s < took_s


def test_two_runs_into_one_folder_at_once_do_not_mix(toy: Sequence[str], tmp_path: Path) -> None:
    both = [start("run", name, "--full", *toy, cwd=tmp_path) for name in ("first_toy", "second_toy")]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    folders = [path for path in (tmp_path / "results").iterdir() if not path.is_symlink()]
    runs = sorted((store.load(folder) for folder in folders), key=sets_of)
    assert [sets_of(run) for run in runs] == [["first_toy n=1", "first_toy n=2"], ["second_toy n=1"]]
    assert [run.status for run in runs] == ["complete", "complete"]
    assert store.load(tmp_path / "results") in runs


def test_a_run_that_is_being_measured_cannot_be_resumed_by_another(toy: Sequence[str], tmp_path: Path) -> None:
    process = start("run", "first_toy", "--full", *toy, cwd=tmp_path)
    wait_for(process, "first_toy n=2")
    process.send_signal(signal.SIGSTOP)
    code, _, said = tfbench("run", "--resume", "results", cwd=tmp_path)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=120)
    assert code == 2
    assert len(said) == 1
    assert said[0].endswith(" is being measured into by another process: wait for its end")
    run = store.load(tmp_path / "results")
    assert (process.returncode, run.status) == (0, "complete")
    assert set(run.planned) == {m.case.id for m in run.measurements}


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(toy: Sequence[str], tmp_path: Path) -> None:
    heeding = [sys.executable, "-c", f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {CODE}"]
    pipe = subprocess.PIPE
    command = [*heeding, "run", "first_toy", "--full", *toy]
    process = subprocess.Popen(command, cwd=tmp_path, text=True, stdout=pipe, stderr=pipe)
    wait_for(process, "first_toy n=2")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    run = store.load(tmp_path / "results")
    assert (process.returncode, run.status, sets_of(run)[:1]) == (2, "interrupted", ["first_toy n=1"])
    assert problems(err) == []
    assert "Exit: tfbench: interrupted" in out
    assert "tfbench run --resume RUN measures the others" in out
    assert not [word for word in ("Traceback", "Warning", "nothing was measured") if word in out]


def test_what_failed_is_measured_again_with_all_it_is_compared_with_and_nothing_else(
    toy: Sequence[str], tmp_path: Path
) -> None:
    (tmp_path / "fail").touch()
    code, _, said = tfbench("run", "first_toy", "second_toy", *toy, cwd=tmp_path)
    broken = store.load(tmp_path / "results")
    assert (code, said, len(broken.failures), len(broken.measurements)) == (1, [], 2, 2)
    (tmp_path / "fail").unlink()
    code, out, said = tfbench("run", "--resume", "results", "-k", "second_toy and xla", cwd=tmp_path)
    half = store.load(tmp_path / "results")
    assert (code, said) == (0, [])
    assert "1 passed" in out
    assert [failure.case.workload for failure in half.failures] == ["first_toy"]
    assert half.measurements[0] == broken.measurements[0]
    names = [f"second_toy-by_hand-n=1-{mode}-cpu-toy" for mode in ("eager", "xla")]
    assert [m.case.id for m in half.measurements[1:]] == names
    assert half.measurements[1] != broken.measurements[1]
    code, out, said = tfbench("run", "--resume", "results", cwd=tmp_path)
    whole = store.load(tmp_path / "results")
    assert (code, said, whole.failures, len(whole.measurements)) == (0, [], (), 4)
    assert "resumed " in out
    assert whole.measurements[:2] == half.measurements[1:]
    before = (tmp_path / "results" / "latest" / "run.json").read_text(encoding="utf-8")
    code, out, said = tfbench("run", "--resume", "results", cwd=tmp_path)
    assert (code, said) == (0, [f"tfbench: nothing is missing or failed in {whole.name}"])
    assert "4 passed" in out
    assert (tmp_path / "results" / "latest" / "run.json").read_text(encoding="utf-8") == before


@pytest.mark.tensorflow
def test_a_worker_whose_memory_runs_out_costs_only_its_case(tmp_path: Path) -> None:
    # The system kills it where a control group can be made; where not, it is refused memory.
    group = CGROUP / f"tfbench-test-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        limit = "ulimit -v 7000000"
        with contextlib.suppress(OSError):
            group.mkdir()
            stack.callback(group.rmdir)
            (group / "memory.limit_in_bytes").write_text(str(2 * 10**9), encoding="utf-8")
            limit = f"echo $$ > {group}/cgroup.procs"
        limited = ["sh", "-c", f'{limit}; exec "$@"', "sh", *ENTRY, *LEAKING]
        done = subprocess.run(limited, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False)
    run = store.load(tmp_path / "results")
    assert done.returncode == 1, done.stderr
    assert [m.case.implementation for m in run.measurements] == ["fine"]
    (failure,) = run.failures
    assert (failure.case.implementation, failure.stage) == ("leak", "first call")
    killed = f"the worker was ended by SIGKILL{MEMORY}"
    assert (failure.type, failure.message) == ("killed", killed) if "cgroup" in limit else failure.type == "MemoryError"
