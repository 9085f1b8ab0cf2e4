"""The command `tfbench tensorboard`: a run's profiles, trials and rounds in the browser, from this machine only."""

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from tfbench.bench import files, store
from tfbench.bench.errors import BadInputError

HOST = "127.0.0.1"
START_S = 60.0
GRACE_S = 5.0
POLL_S = 0.1
LAST_PORT = 65535
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Viewing needs no accelerator: TensorBoard, which imports TensorFlow, must not take its memory.
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
ADDRESS = re.compile(r"^TensorBoard \S+ at (http://\S+?)/? \(", re.MULTILINE)
DESCRIPTION = f"""Open a run in TensorBoard: its cases as trials under HParams, their round times under Time Series, and
what was traced under Profile. It serves {HOST} only, until Ctrl-C."""


class ServerError(Exception):
    """Say in one line why there is no TensorBoard."""


class Server:
    """TensorBoard as a child process in a group of its own. Use as a context manager: it never outlives it."""

    def __init__(self, folder: Path, *, port: int) -> None:
        """Start it over a run's folder; port 0 is any free one."""
        # TensorBoard leaves files behind when it is killed: they go with this folder.
        self._scratch = tempfile.TemporaryDirectory(prefix="tfbench-tensorboard-", ignore_cleanup_errors=True)
        self._log = Path(self._scratch.name) / "stderr"
        # Not its separate data server: that would be a second process and a second port, and is no faster here.
        options = ["--logdir", str(folder), "--host", HOST, "--port", str(port), "--load_fast", "false"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, on a folder that exists
                [sys.executable, "-P", "-m", "tensorboard.main", *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, **QUIET, "TMPDIR": self._scratch.name},
                process_group=0,
            )

    def __enter__(self) -> Self:
        """Give the server itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it with all that it started."""
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_S)
        self._scratch.cleanup()

    def address(self, *, timeout_s: float = START_S) -> str:
        """Wait until it says its address.

        Raises:
            ServerError: it ended, or did not say it in time.
        """
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise ServerError(f"TensorBoard ended: {self._last_line()}")
            if found := ADDRESS.search(self._text()):
                return found[1]
            time.sleep(POLL_S)
        raise ServerError(f"TensorBoard gave no address for {timeout_s:g} s: {self._last_line()}")

    def wait(self) -> None:
        """Wait as long as it runs.

        Raises:
            ServerError: it ended by itself.
        """
        self._process.wait()
        raise ServerError(f"TensorBoard ended: {self._last_line()}")

    def _text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _last_line(self) -> str:
        lines = [line.strip() for line in self._text().splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and the terminal's end leave the block quietly; a second one cannot disturb the ending."""
    taken = [number for number in ENDINGS if signal.getsignal(number) is not signal.SIG_IGN]

    def end(*_: object) -> None:
        for number in taken:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in taken}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _prepare(path: Path) -> Path:
    """Write what TensorBoard needs, where it is missing, and give the run's folder."""
    # Not at the top: pandas takes longer to import than the other commands do.
    from tfbench.reports import dashboard

    run = store.load(path)
    if not run.measurements:
        raise BadInputError(f"{store.find(path)} has no measured case: there is nothing to open")
    folder = store.find(path).parent.resolve()  # `latest` may move on
    if not dashboard.is_current(folder):
        try:
            dashboard.write(run, folder)
        except OSError as error:
            print(f"tfbench: trials and rounds could not be written: {error}", file=sys.stderr)
    return folder


def _announce(folder: Path, address: str) -> None:
    """Print where to look, at once: whoever started this may wait for it."""
    if any((folder / files.PROFILES).glob("*/plugins/profile/*/*.xplane.pb")):
        print(f"profiles  {address}/#profile")
    else:
        print("profiles  none in this run: tfbench run --profile makes them")
    print(f"trials    {address}/#hparams")
    print(f"rounds    {address}/#timeseries")
    print(f"run       {folder}\nCtrl-C ends TensorBoard", flush=True)


def tensorboard(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Serve a run until a signal ends it: 0; 1 if TensorBoard does not start, or ends by itself."""
    if rest:
        raise BadInputError(f"unknown option {rest[0]!r}: see --help")
    if not 0 <= arguments.port <= LAST_PORT:
        raise BadInputError(f"--port {arguments.port}: not a port, which is 0 (any free one) to {LAST_PORT}")
    with _ended_by_signals():
        folder = _prepare(Path(arguments.run_path))
        try:
            with Server(folder, port=arguments.port) as server:
                _announce(folder, server.address())
                server.wait()
        except ServerError as error:
            print(f"tfbench: {error}", file=sys.stderr)
            return 1
    return 0


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "tensorboard",
        usage="tfbench tensorboard [RUN] [--port N]",
        help="open a run in TensorBoard: profiles, trials, rounds",
        description=DESCRIPTION,
        allow_abbrev=False,
    )
    parser.add_argument(
        "run_path", nargs="?", default="results", metavar="RUN", help="run.json or its folder (default: results/latest)"
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="serve on this port (default: any free one)")
    parser.set_defaults(run=tensorboard)
