"""`tfbench tensorboard`: a real TensorBoard on this machine's own address only, ended with nothing left."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest
from tfbench.bench.errors import BadRunError
from tfbench.reports import cli, dashboard, tensorboard_command

# Where nohup started the tests, hangups are ignored in all of them.
HEED = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)"
START = [sys.executable, "-c", f"{HEED}; from tfbench.reports import cli; cli.entry()", "tensorboard"]
Started = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def folder(records: Any, tmp_path: Path) -> Path:
    """Give the folder of a run that has no event files yet."""
    written: Path = records.write(records.full_run(), tmp_path / "results")
    return written


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Started]:
    """Start the command; give its process and all that it printed until it says how to end it."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str | Path) -> tuple[subprocess.Popen[str], str]:
        (tmp_path / "tmp").mkdir(exist_ok=True)
        environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
        pipe = subprocess.PIPE
        process = subprocess.Popen([*START, *arguments], stdout=pipe, stderr=pipe, text=True, env=environment)
        started.append(process)
        lines: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        return process, "".join(lines)

    yield begin
    for process in started:
        process.terminate()
        process.communicate(timeout=20)


def address(printed: str) -> str:
    (found,) = re.findall(r"^trials +(http://127\.0\.0\.1:\d+)/#hparams$", printed, re.MULTILINE)
    return str(found)


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    parent = psutil.Process(process.pid)
    return [parent, *parent.children(recursive=True)]


@pytest.mark.tensorflow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_serves_this_machine_only_until_a_signal_ends_all_of_it(
    folder: Path, start: Started, tmp_path: Path, ending: signal.Signals
) -> None:
    process, printed = start(folder)
    with urlopen(f"{address(printed)}/data/runs") as answer:
        assert answer.status == 200
    members = family(process)
    listening = {c.laddr.ip for p in members for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert (len(members), listening) == (2, {"127.0.0.1"})
    process.send_signal(ending)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert [member for member in members if member.is_running()] == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.tensorflow
def test_it_writes_what_is_missing_and_says_how_to_get_profiles(folder: Path, start: Started) -> None:
    process, printed = start(folder)
    assert dashboard.is_current(folder)
    served = address(printed)
    assert printed.splitlines() == [
        "profiles  none in this run: tfbench run --profile makes them",
        f"trials    {served}/#hparams",
        f"rounds    {served}/#timeseries",
        f"run       {folder}",
        "Ctrl-C ends TensorBoard",
    ]
    deadline = time.monotonic() + 20  # it loads a moment after it answers
    found = b""
    while b"eager" not in found and time.monotonic() < deadline:
        with urlopen(f"{served}/data/runs") as answer:
            found = answer.read()
        time.sleep(0.2)
    assert b'"profiles/toy-by_hand-n=8,kind=small-eager-cpu"' in found
    assert process.poll() is None


@pytest.mark.tensorflow
def test_a_port_in_use_is_one_line_and_exit_code_1(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*START, str(folder), "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("tfbench: TensorBoard ended: ")
    assert str(port) in line


def test_a_run_with_profiles_names_their_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = folder / "profiles" / "case" / "plugins" / "profile" / "2026_11_01" / "box.xplane.pb"
    trace.parent.mkdir(parents=True)
    trace.touch()
    tensorboard_command._announce(folder, "http://127.0.0.1:1")
    assert capsys.readouterr().out.splitlines()[0] == "profiles  http://127.0.0.1:1/#profile"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import sys; sys.exit('one\\nno such thing\\n\\n')", "TensorBoard ended: no such thing"),
        ("pass", "TensorBoard ended: it said nothing"),
        ("import time; time.sleep(60)", "TensorBoard gave no address for 0.5 s: it said nothing"),
    ],
)
def test_a_server_without_an_address_is_one_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
    message: str,
) -> None:
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda _, **details: real([sys.executable, "-c", program], **details))
    waits = tensorboard_command.Server.address
    monkeypatch.setattr(
        tensorboard_command.Server, "address", lambda it: waits(it, timeout_s=0.5 if "sleep" in program else 60.0)
    )
    assert cli.main(["tensorboard", str(folder)]) == 1
    assert capsys.readouterr().err == f"tfbench: {message}\n"


def test_a_server_that_ends_later_is_one_line_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    says = "TensorBoard 2.21.0 at http://127.0.0.1:1/ (Press CTRL+C to quit)"
    program = f"import sys, time; print({says!r}, file=sys.stderr, flush=True); time.sleep(0.5); sys.exit('no memory')"
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda _, **details: real([sys.executable, "-c", program], **details))
    assert cli.main(["tensorboard", str(folder)]) == 1
    shown = capsys.readouterr()
    assert "trials    http://127.0.0.1:1/#hparams" in shown.out
    assert shown.err == "tfbench: TensorBoard ended: no memory\n"


def test_event_files_that_cannot_be_written_are_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dashboard, "write", full)
    assert tensorboard_command._prepare(folder) == folder
    assert capsys.readouterr().err == (
        "tfbench: trials and rounds could not be written: [Errno 28] No space left on device\n"
    )


def test_latest_is_the_folder_that_it_points_to(folder: Path) -> None:
    (folder.parent / "latest").symlink_to(folder.name)
    assert tensorboard_command._prepare(folder.parent) == folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "cannot read run nowhere"),
        (["--port", "65536"], "--port 65536: not a port"),
        (["--port", "-1"], "--port -1: not a port"),
        (["--color"], "unknown option '--color'"),
    ],
)
def test_unusable_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["tensorboard", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_run_without_measurements_has_nothing_to_open(
    records: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = records.write(records.run(failures=(records.failure(),)), tmp_path)
    assert cli.main(["tensorboard", str(folder)]) == 2
    assert "has no measured case: there is nothing to open" in capsys.readouterr().err


def test_a_damaged_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadRunError, match="was not written by tfbench"):
        tensorboard_command._prepare(tmp_path)
