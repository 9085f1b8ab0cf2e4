"""Run examples/ through the Keras route: in quick form to see that they run, in full to write docs/examples.md."""

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tfbench.bench import store
from tfbench.bench.record import Run
from tfbench.reports import tables

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
PAGE = HERE.parent / "docs" / "examples.md"
IMAGES = ("mobilenet_v2", "resnet50")
NAMES = (*IMAGES, "transformer_encoder")
# A training step of these networks takes XLA a minute to compile on two cores, and three more for the graph.
QUICK = ("--quick", "--timing-only", "--budget", "1", "--batch-size", "4", "--implementation", "inference")

# Three invocations of one batch size: all of it takes the better part of an hour on two cores.
FULL = ("--timing-only", "--batch-size", "8", "--invocations", "3")


def measure(name: str, out: Path, *, full: bool) -> Run:
    """Measure an example as a user would, with the command line.

    Raises:
        RuntimeError: a case failed.
    """
    command = [Path(sys.executable).with_name("tfbench"), "run", "--keras", f"{EXAMPLES / name}.py:build"]
    command += ["--timeout", "1200", "--out", out, *(FULL if full else QUICK)]
    if name in IMAGES:
        command += ["--input-shape", "224,224,3" if full else "96,96,3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return store.load(out)


def page(runs: dict[str, Run]) -> str:
    """Write the tables, with date and machine."""
    head = (
        "# Models that were not written for this suite\n\n"
        f"From `make examples ARGS=--full`, {datetime.now(UTC):%Y-%m-%d}. Random weights and input, inference and a\n"
        "training step of batch 8, each answer compared with the model's own eager run from the same weights.\n"
    )
    return "\n".join([head, *(f"## {name}\n\n{tables.markdown(one)}" for name, one in runs.items())])


def main() -> int:
    """Measure all examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="measure in full and write docs/examples.md; an hour on 2 cores"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(NAMES)}")
    arguments = parser.parse_args()
    runs: dict[str, Run] = {}
    for name in arguments.names or NAMES:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            runs[name] = measure(name, Path(folder), full=arguments.full)
        print(tables.markdown(runs[name]))
        print(f"{name}: {time.monotonic() - start:.0f} s\n", flush=True)
    if arguments.full and not arguments.names:
        PAGE.write_text(page(runs), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
