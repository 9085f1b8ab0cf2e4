"""The command `tfbench doctor` prints lines and gives 1 for a problem."""

import argparse
import json
import subprocess
import sys
from io import StringIO

import pytest
from rich.console import Console
from tfbench.bench.doctor import Line
from tfbench.bench.errors import BadInputError
from tfbench.reports import doctor, doctor_lines

FINE = Line(topic="cores", level="ok", text="2 of 2 cores")
WARNED = Line(topic="load", level="warning", text="others take 15.0 % of the time", next_step="stop them")
BROKEN = Line(topic="tensorflow", level="problem", text="cannot be imported", next_step="pip install tfbench")


def parsed(*arguments: str) -> tuple[argparse.Namespace, list[str]]:
    """Parse a command line with this command alone."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    doctor.add(parser.add_subparsers())
    return parser.parse_known_args(["doctor", *arguments])


def command(lines, monkeypatch, *arguments: str) -> int:
    """Run the command, with these lines for the facts' judgement."""
    monkeypatch.setattr(doctor, "_gather", lambda seconds: seconds)
    monkeypatch.setattr("tfbench.bench.doctor.examine", lambda _: tuple(lines))
    namespace, rest = parsed(*arguments)
    return namespace.run(namespace, rest)


def test_lines_stand_in_columns_with_the_next_step_below(capsys, monkeypatch) -> None:
    assert command([FINE, WARNED], monkeypatch) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok       cores  2 of 2 cores",
        "warning  load   others take 15.0 % of the time",
        "                -> stop them",
        "0 problems, 1 warning",
    ]


def test_a_problem_is_exit_code_1(capsys, monkeypatch) -> None:
    assert command([BROKEN, FINE, WARNED, WARNED], monkeypatch) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 problem, 2 warnings"


def test_json_is_a_list_of_records(capsys, monkeypatch) -> None:
    assert command([FINE, BROKEN], monkeypatch, "--format", "json") == 1
    assert json.loads(capsys.readouterr().out) == [
        {"topic": "cores", "level": "ok", "text": "2 of 2 cores", "next_step": ""},
        {
            "topic": "tensorflow",
            "level": "problem",
            "text": "cannot be imported",
            "next_step": "pip install tfbench",
        },
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seconds", "0"], "--seconds 0: give a number above 0"),
        (["--seconds", "nan"], "--seconds nan: give a number above 0"),
        (["--seconds", "inf"], "--seconds inf: give a number above 0"),
        (["--seconds", "long"], "--seconds long: give a number above 0"),
        (["--secs", "1"], "unknown option '--secs': see --help"),
        (["sum_loop"], "unknown option 'sum_loop': see --help"),
    ],
)
def test_bad_input_is_refused(arguments: list[str], message: str) -> None:
    namespace, rest = parsed(*arguments)
    with pytest.raises(BadInputError) as caught:
        namespace.run(namespace, rest)
    assert str(caught.value) == message


def test_the_noise_is_measured_for_5_s_unless_told(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(doctor, "_gather", asked.append)
    monkeypatch.setattr("tfbench.bench.doctor.examine", lambda _: (FINE,))
    for arguments in ((), ("--seconds", "0.5")):
        namespace, rest = parsed(*arguments)
        assert namespace.run(namespace, rest) == 0
    assert asked == [5.0, 0.5]


def test_a_narrow_terminal_wraps_below_the_text_and_keeps_numbers_whole() -> None:
    line = Line(topic="load", level="warning", text="other programs have taken 15.0 % of it", next_step="stop them")
    assert doctor_lines.rows(line, topic_width=4, width=45) == [
        "warning  load  other programs have taken",
        "               15.0 % of it",
        "               -> stop them",
    ]


def test_a_terminal_shows_the_level_in_colour() -> None:
    shown = StringIO()
    doctor_lines.show([WARNED], Console(file=shown, force_terminal=True, width=80, color_system="standard"))
    assert shown.getvalue().startswith("\x1b[33mwarning\x1b[0m  load  others take")


@pytest.mark.tensorflow
def test_the_command_asks_a_real_child_and_imports_no_tensorflow_itself() -> None:
    code = """
import argparse, sys
from tfbench.reports import doctor
parser = argparse.ArgumentParser()
doctor.add(parser.add_subparsers())
arguments, rest = parser.parse_known_args(["doctor", "--seconds", "0.2", "--format", "json"])
code = arguments.run(arguments, rest)
print("FRAMEWORKS", sorted({"tensorflow", "keras"} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr.splitlines()[-1:] == ["FRAMEWORKS []"], done.stderr[-2000:]
    lines = {line["topic"]: line for line in json.loads(done.stdout)}
    assert done.returncode == int(any(line["level"] == "problem" for line in lines.values()))
    assert lines["tensorflow"]["level"] == "ok"
    assert "imported with Keras in" in lines["tensorflow"]["text"]
    assert "devices" in lines
