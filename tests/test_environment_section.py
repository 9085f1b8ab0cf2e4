"""The last sections: what a run was measured on, what failed, and what is not there."""

from pathlib import Path
from typing import Any

from page_runs import everything, write
from tfbench.bench import files, store
from tfbench.reports import contents, environment_section
from tfbench.reports.page import DataTable, Notes, Section


def sections(run: Any) -> dict[str, Section]:
    return {section.heading: section for section in environment_section.make(contents.gather(run))}


def texts(table: Any) -> list[list[str]]:
    assert isinstance(table, DataTable)
    return [[cell.text for cell in line.cells] for line in table.lines]


def test_failures_and_skips_have_their_reasons_and_last_words(records: Any) -> None:
    section = sections(everything(records))["Failures and skips"]
    assert texts(section.items[0]) == [
        ["wide-library-n=8,kind=small-graph-cpu", "failed", "build, invocation 2: OSError: no disk"],
        ["wide-library-n=8,kind=small-xla-cpu", "skipped", "too large"],
    ]
    words = section.items[1]
    assert isinstance(words, Notes)
    assert (words.title, words.texts, words.code) == (
        "Last words of wide-library-n=8,kind=small-graph-cpu",
        ("one", "two"),
        True,
    )


def test_the_environment_and_the_command_are_told(records: Any) -> None:
    run = everything(records)
    section = sections(run)["Measured on"]
    facts = dict(texts(section.items[0]))
    assert facts["processor"] == "toy processor, 2 of 4 cores"
    assert facts["memory"] == "8.0 GiB"
    assert facts["commit"] == "abc+dirty"
    assert facts["TensorFlow"] == "2.21.0, Keras 3.15.1, NumPy 2.4.6, Python 3.11.9"
    assert facts["threads"] == "intra-op: as TensorFlow chooses, inter-op: 2"
    command = section.items[1]
    assert isinstance(command, Notes)
    assert (command.texts, command.code) == ((run.command,), True)


def test_each_interpreter_has_its_software(records: Any) -> None:
    old = records.software(interpreter="old", tensorflow="2.20.0", traces_counted=False, xla_flags="--x")
    facts = dict(texts(sections(records.run(software=(records.software(), old)))["Measured on"].items[0]))
    assert facts["TensorFlow (old)"].startswith("2.20.0, ")
    assert facts["XLA_FLAGS (old)"] == "--x"
    assert facts["traces (old)"].startswith("could not be counted")


def test_profiles_link_to_their_folders_and_say_how_to_open_them(records: Any, tmp_path: Path) -> None:
    run = store.load(write(records, everything(records), tmp_path))
    section = sections(run)["Profiles"]
    assert section.text[0].startswith(f"tfbench tensorboard {tmp_path / 'run'} opens them")
    assert "not from a mail" in section.text[0]
    table = section.items[0]
    assert isinstance(table, DataTable)
    for line, profile in zip(table.lines, run.profiles, strict=True):
        assert line.cells[0].text == profile.case_id
        link = line.cells[0].link
        assert (tmp_path / "run" / link).is_dir()
        assert link == f"profiles/{files.case_folder(profile.case_id)}/"


def test_a_link_never_leads_out_of_the_run_whatever_a_case_is_called(records: Any, with_fields: Any) -> None:
    run = everything(records)
    profiles = tuple(with_fields(p, case_id=f'../../{i}"javascript:x') for i, p in enumerate(run.profiles))
    table = sections(with_fields(run, profiles=profiles))["Profiles"].items[0]
    assert isinstance(table, DataTable)
    for line in table.lines:
        name = line.cells[0].link.removeprefix("profiles/").removesuffix("/")
        assert files.case_folder(name) == name
        assert not {"/", ":", '"'} & set(name)


def test_a_folder_with_spaces_is_quoted(records: Any, with_fields: Any) -> None:
    run = with_fields(everything(records), folder=Path("my runs; rm -rf x"))
    assert environment_section.place(run) == "'my runs; rm -rf x'"


def test_what_is_not_there_says_what_to_run(records: Any, with_fields: Any) -> None:
    assert "Not in this run" not in sections(everything(records))
    bare = records.run(
        measurements=(records.measurement(),), ledger_notes=("no ledger of x",), profile_notes=("no trace of y",)
    )
    notes = sections(bare)["Not in this run"].items[0]
    assert isinstance(notes, Notes)
    assert notes.texts == (
        environment_section.RETRACING,
        "no ledger of x",
        environment_section.ROOFLINE,
        environment_section.SCALING,
        environment_section.PROFILES,
        "no trace of y",
    )
    assert all("tfbench run" in text for text in notes.texts if text[0].isupper())
