"""Every fenced block of README.md and docs/ is what it says: code runs, commands are known, data can be read."""

import contextlib
import doctest
import io
import json
import re
import subprocess
import sys
import tomllib
from argparse import Namespace
from pathlib import Path
from typing import Any

import blocks
import pytest
import yaml
from blocks import ROOT, Block
from tfbench.bench.case import Placement
from tfbench.bench.errors import BadInputError
from tfbench.reports import cli

BLOCKS = blocks.all_blocks()
OUTPUT = "text"
LANGUAGES = {OUTPUT, "sh", "console", "python", "yaml", "json", "toml"}
# What commands may start with, beside those that are looked at closer.
PROGRAMS = {"cd", "export", "git", "pip", "python", "sbatch", "source", "srun", "tensorboard"}
RUNS = ("before", "after", "latest", "laptop", "server", "tf220", "tf221")  # as the pages name them
MACHINES = ("laptop", "server")
CHEAP = {"list", "report", "compare", "schema"}  # these are run
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


def of(*languages: str) -> Any:
    """Parametrize a test with the blocks in these languages."""
    chosen = [block for block in BLOCKS if block.language in languages]
    return pytest.mark.parametrize("block", chosen, ids=[block.where for block in chosen])


def save_files(page: str, folder: Path) -> None:
    """Write the blocks of a page that are files, what its `tfbench new` writes, and the examples."""
    (folder / "examples").symlink_to(ROOT / "examples")
    for block in BLOCKS:
        if block.page != page:
            continue
        for words in blocks.commands(block.text) if block.language == "sh" else ():
            if words[:2] == ["tfbench", "new"]:
                assert cli.main(["new", str(folder / words[2]), *words[3:]]) == 0
        if block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


@pytest.fixture
def make_folder(records, tmp_path):
    """Give the function that makes a folder with runs and the files of a page, named as the pages name them."""

    def make(page: str) -> Path:
        folder = tmp_path / re.sub(r"\W", "_", page)
        seconds = {"eager": 8.0, "graph": 2.0, "xla": 1.0}
        sides = [("cpu", ""), ("gpu", ""), *(("cpu", label) for label in ("old", "new", "base", "head"))]
        of_case = {"workload": "sum_loop", "implementation": "tensor_loop", "params": (("n", 10000),)}
        done = tuple(
            records.timed(
                s,
                s * 1.01,
                **of_case,
                mode=mode,
                placement=Placement(device=device, interpreter=label),
                baseline=("tensor_loop", "eager"),
            )
            for device, label in sides
            for mode, s in seconds.items()
        )
        for name in RUNS:
            run = records.run(
                name=name,
                measurements=done,
                host=records.host(git_commit=name, name=name if name in MACHINES else "box"),
                options={"workload": "sum_loop"},
            )
            records.write(run, folder / "results")
        save_files(page, folder)
        return folder

    return make


def test_every_block_says_what_it_is() -> None:
    assert [f"{block.where}: {block.language!r}" for block in BLOCKS if block.language not in LANGUAGES] == []


@of(OUTPUT)
def test_a_block_of_output_holds_no_command(block: Block) -> None:
    names = "tfbench (?:run|list|report|compare)|pytest |make |pip "
    assert re.findall(rf"^(?:{names}).*", block.text, re.MULTILINE) == []


def check_commands(text: str, config: pytest.Config) -> None:
    """Check the commands of a shell text in the folder of its page; the cheap ones are run."""
    for words in blocks.commands(text):
        program, arguments = Path(words[0]).name, words[1:]
        said = " ".join(words)
        if program == "tfbench":
            check_tfbench(arguments)
        elif program == "pytest":
            check_pytest(arguments, config)
        elif program == "make":
            wrong = [word for word in arguments if word not in TARGETS and "=" not in word]
            assert wrong == [], said
        else:
            assert program in PROGRAMS, said
            wrong = set(re.findall(r"tfbench\[(\w+)\]", said)) - set(EXTRAS)
            assert wrong == set(), said


def check_tfbench(arguments: list[str]) -> None:
    try:
        parsed, rest = cli.make_parser().parse_known_args(arguments)
    except (SystemExit, BadInputError):
        pytest.fail(f"tfbench {' '.join(arguments)}: not a command, or an option without its value")
    said = f"tfbench {' '.join(arguments)}"
    if parsed.command == "run":
        workloads, theirs = cli._split(rest)
        assert [word for word in theirs if word.startswith("--") and not word.startswith("--benchmark")] == [], said
        choose(parsed, workloads)
    elif parsed.command in CHEAP and getattr(parsed, "table", "") != "ops-diff":  # which needs two traces
        assert cli.main(arguments) == 0, said
    elif parsed.command not in CHEAP:
        assert rest == [], said


def choose(parsed: Namespace, workloads: list[str]) -> None:
    """Read the options of a run, and choose its cases, as `tfbench list` does."""
    parsed.json = False
    try:
        assert cli.list_cases(parsed, workloads) == 0
    except BadInputError as error:
        pytest.fail(str(error))


def check_pytest(arguments: list[str], config: pytest.Config) -> None:
    """Check the options against those of this session, which has the plugin; run the file that the page has."""
    parsed, unknown = config._parser.parse_known_and_unknown_args(arguments)
    assert unknown == []
    choose(parsed, [])
    if any(word.endswith(".py") and Path(word).exists() for word in arguments):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout


@of("sh")
def test_the_commands_of_a_page_are_known(block, make_folder, monkeypatch, pytestconfig) -> None:
    monkeypatch.chdir(make_folder(block.page))
    check_commands(block.text, pytestconfig)


@pytest.mark.parametrize(
    "command",
    [
        "tfbench rum sum_loop",
        "tfbench run sum_lop",
        "tfbench run sum_loop --param n=x",
        "tfbench run --invocation 3",
        "tfbench list --modes xla",
        "tfbench report --table cost",
        "tfbench report results/none",
        "tfbench compare results/before results/after --gate nothing",
        "tfbench doctor results",
        "pytest bench --tf-mod xla",
        "pytest bench --tf-mode jit",
        "make everything",
        "pip install tfbench[cudda]",
        "tfbnech list",
        "srun -n 2 tfbench run distribute",
        "A=1 tfbench list && make testt",
    ],
)
def test_a_wrong_command_is_found(command, make_folder, monkeypatch, pytestconfig) -> None:
    monkeypatch.chdir(make_folder("none"))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check_commands(command, pytestconfig)


@of("console")
def test_what_a_command_prints_is_what_the_page_says(block, make_folder, monkeypatch) -> None:
    monkeypatch.chdir(make_folder(block.page))
    for part in block.text.split("$ ")[1:]:
        command, _, expected = part.partition("\n")
        ((program, *arguments),) = blocks.commands(command)
        assert program == "tfbench"
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert cli.main(arguments) == 0
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert doctest.OutputChecker().check_output(expected, said.getvalue(), flags), said.getvalue()


@of("yaml")
def test_the_commands_of_a_workflow_are_known(block, make_folder, monkeypatch, pytestconfig) -> None:
    workflow = yaml.safe_load(block.text)
    monkeypatch.chdir(make_folder(block.page))
    assert {"name", True, "jobs"} <= set(workflow)  # YAML 1.1 reads `on` as true
    for job in workflow["jobs"].values():
        assert job["runs-on"]
        assert [step for step in job["steps"] if ("uses" in step) == ("run" in step)] == []
        for step in job["steps"]:
            check_commands(step.get("run", ""), pytestconfig)


READERS = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}


@of(*READERS)
def test_data_can_be_read(block: Block) -> None:
    assert READERS[block.language](block.text)


@pytest.mark.tensorflow
def test_the_python_blocks_run(make_folder) -> None:
    pages = []
    for page in dict.fromkeys(block.page for block in BLOCKS):
        mine = [block for block in BLOCKS if block.page == page and block.language == "python"]
        told = [{"where": block.where, "line": block.line, "text": block.text} for block in mine if not block.title]
        pages.append({"folder": str(make_folder(page)), "blocks": told})
    pages = [page for page in pages if page["blocks"]]
    assert wrong_of(pages) == []


def wrong_of(pages: list[dict[str, Any]]) -> list[str]:
    """Run pages in one process, since TensorFlow takes seconds to start."""
    command = [sys.executable, str(ROOT / "tests" / "block_runner.py")]
    done = subprocess.run(command, input=json.dumps(pages), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_a_python_block_that_is_wrong_is_found(tmp_path: Path) -> None:
    texts = ["x = 1\nprint(x)", ">>> x + 1\n2", ">>> x + 1\n3", "y", "open('f', 'w').write(str(x))"]
    told = [{"where": f"page:{i}", "line": i, "text": text} for i, text in enumerate(texts)]
    first, second = wrong_of([{"folder": str(tmp_path), "blocks": told}])
    assert first.startswith("page:2\n")
    assert "Expected:\n    3\nGot:\n    2" in first
    assert second.startswith("page:3\n")
    assert "NameError: name 'y' is not defined" in second
    assert (tmp_path / "f").read_text() == "1"


def test_titled_python_blocks_are_valid_python() -> None:
    for block in BLOCKS:
        if block.language == "python" and block.title:
            compile(block.text, block.where, "exec")


def test_a_fence_in_an_indented_block_is_refused() -> None:
    with pytest.raises(ValueError, match="a fence in an indented block"):
        list(blocks.read("A\n\n    ```sh\n    make test\n    ```\n", "page.md"))


def test_blocks_are_read_with_line_language_and_title() -> None:
    (block,) = blocks.read('A\n\n- B\n\n  ```python title="a.py"\n  x = 1\n  ```\n', "page.md")
    assert block == Block(page="page.md", line=6, language="python", title="a.py", text="x = 1\n")


def test_the_shell_reader_is_right_about_its_example() -> None:
    assert doctest.testmod(blocks) == (0, 1)
