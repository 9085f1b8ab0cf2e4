"""Worker processes are listened to and ended, whatever they do. Real children, without TensorFlow."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tfbench.bench import process
from tfbench.bench.case import Case
from tfbench.bench.process import MEMORY, Worker, WorkerError, command
from tfbench.bench.protocol import Request

REQUEST = Request(cases=(Case(workload="w", implementation="i", params=(), mode="eager"),))
HELLO = """
import json, os, sys, signal, subprocess, time
request, out = int(sys.argv[1]), int(sys.argv[2])
os.read(request, 65536)
def say(**message): os.write(out, json.dumps(message).encode() + b"\\n")
"""


def child(code: str) -> Worker:
    """Start a child that runs this code after reading its request."""
    return Worker(REQUEST, start=[sys.executable, "-c", HELLO + code])


def gone(group: int) -> bool:
    """Tell whether the process group empties within a second (a killed process takes a moment to be reaped)."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        listing = subprocess.run(["ps", "-o", "stat=", "-g", str(group)], capture_output=True, text=True, check=False)
        if all(line.startswith("Z") for line in listing.stdout.split()):
            return True
        time.sleep(0.01)
    return False


def listen(worker: Worker, timeout_s: float = 30.0) -> list[str]:
    """Give what the worker says, by name."""
    return [message["say"] for message in worker.messages(timeout_s=timeout_s)]


def test_messages_come_in_order_until_the_worker_ends() -> None:
    with child("say(say='stage'); say(say='end')") as worker:
        assert listen(worker) == ["stage", "end"]


def test_what_is_printed_to_stdout_is_no_message() -> None:
    with child("print('rubbish'); print('{\"say\": \"end\"}', flush=True); say(say='end')") as worker:
        assert listen(worker) == ["end"]


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed", f"the worker was ended by SIGKILL{MEMORY}"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "killed", "the worker was ended by SIGSEGV"),
        ("sys.exit(3)", "killed", "the worker ended with exit code 3"),
        ("say(say='stage')", "protocol", "the worker ended before it was done"),
        ("os.write(out, b'rubbish\\n')", "protocol", "the worker said b'rubbish'"),
        ("os.write(out, b'[1]\\n')", "protocol", "the worker said b'[1]'"),
    ],
)
def test_a_bad_end_is_an_error_that_says_how_it_ended(code: str, kind: str, message: str) -> None:
    with child(code) as worker, pytest.raises(WorkerError) as caught:
        listen(worker)
    assert (caught.value.kind, str(caught.value)) == (kind, message)


@pytest.mark.parametrize("code", ["signal.pause()", "os.kill(os.getpid(), signal.SIGSTOP)"])
def test_a_worker_that_hangs_or_is_stopped_times_out_and_is_gone(code: str) -> None:
    with child(code) as worker, pytest.raises(WorkerError, match=r"was silent for 0\.5 s") as caught:
        listen(worker, timeout_s=0.5)
    assert caught.value.kind == "timeout"
    assert gone(worker.pid)


def test_the_last_twenty_lines_of_stderr_come_with_the_error() -> None:
    code = "\nfor i in range(30): print(f'line {i}', file=sys.stderr)\nsys.exit(1)"
    with child(code) as worker, pytest.raises(WorkerError) as caught:
        listen(worker)
    assert caught.value.stderr == tuple(f"line {i}" for i in range(10, 30))


def test_the_compile_log_that_tfbench_asks_for_is_left_out_of_stderr() -> None:
    log = "I0 device_compilation_profiler.cc:113] Compiled f 1 times, compile time: 5 us, cumulative: 5 us"
    code = f"print({log!r}, file=sys.stderr)\nprint('mine', file=sys.stderr)\nsys.exit(1)"
    with child(code) as worker, pytest.raises(WorkerError) as caught:
        listen(worker)
    assert caught.value.stderr == ("mine",)


def test_processes_that_a_worker_started_end_with_it() -> None:
    code = "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']); say(say='end')"
    with child(code) as worker:
        assert listen(worker) == ["end"]
    assert gone(worker.pid)


def test_a_worker_ends_itself_once_its_parent_is_gone() -> None:
    parent = f"""
import sys, os, signal
sys.path[:0] = {sys.path!r}
from tfbench.bench import worker
read, write = os.pipe()
if os.fork() == 0:
    os.close(write); os.setpgid(0, 0)
    worker._die_with_parent(read)
    signal.pause()
os.close(read)
import time; time.sleep(0.2)
print(os.popen('ps -o pid= --ppid ' + str(os.getpid())).read().split()[0], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert gone(int(done.stdout))


def test_a_process_that_a_workload_leaves_behind_does_not_hold_the_end_up() -> None:
    code = "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'], pass_fds=(out,)); say(say='end')"
    with child(code) as worker:
        assert listen(worker, timeout_s=5.0) == ["end"]
    assert gone(worker.pid)


def test_a_worker_is_started_from_this_checkout_without_importing_from_the_users_folder() -> None:
    assert command("/venv/python") == ["/venv/python", "-P", str(Path(process.__file__).with_name("bootstrap.py"))]


def test_a_worker_runs_in_the_python_asked_for(tmp_path: Path) -> None:
    python = tmp_path / "python"
    # Its arguments: -P, the script, the descriptor of the request and that of the answers.
    python.write_text(
        '#!/bin/sh\necho "{\\"say\\": \\"end\\", \\"given\\": \\"$1 $2\\"}" >/dev/fd/$4\n', encoding="utf-8"
    )
    python.chmod(0o755)
    with Worker(REQUEST, python=str(python)) as worker:
        (said,) = worker.messages(timeout_s=30.0)
    assert said["given"] == " ".join(command(str(python))[1:])
