"""The end of a session: the run's tables, its page, and its event files."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tfbench.bench import store
from tfbench.reports import dashboard, page_html, run_page, terminal

CONFIG: Any = SimpleNamespace(pluginmanager=SimpleNamespace(getplugin=lambda _: None))


def test_the_event_files_of_a_run_are_written_at_its_end(records: Any, tmp_path: Path) -> None:
    folder = records.write(records.full_run(), tmp_path)
    terminal.pytest_tfbench_show_run(CONFIG, folder / store.FILE)
    assert dashboard.is_current(folder)


def test_a_full_disk_costs_the_event_files_only(
    records: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dashboard, "write", full)
    folder = records.write(records.full_run(), tmp_path)
    terminal.pytest_tfbench_show_run(CONFIG, folder / store.FILE)
    shown = capsys.readouterr()
    assert shown.err == "tfbench: nothing for TensorBoard: [Errno 28] No space left on device\n"
    assert str(folder / store.FILE) in shown.out.replace("\n", "")


def test_a_run_of_only_failures_has_no_event_files(records: Any, tmp_path: Path) -> None:
    folder = records.write(records.run(failures=(records.failure(),)), tmp_path)
    terminal.pytest_tfbench_show_run(CONFIG, folder / store.FILE)
    assert sorted(path.name for path in folder.iterdir()) == [run_page.FILE, store.FILE]


def test_the_page_of_a_run_is_written_at_its_end_and_its_path_is_the_last_line(
    records: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = records.write(records.full_run(), tmp_path)
    terminal.pytest_tfbench_show_run(CONFIG, folder / store.FILE)
    assert capsys.readouterr().out.splitlines()[-1] == f"page: {folder / run_page.FILE}"
    assert "toy processor" in (folder / run_page.FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("no chart of it")])
def test_whatever_goes_wrong_with_the_page_is_one_line(
    records: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(_: object) -> str:
        raise error

    monkeypatch.setattr(page_html, "render", fail)
    folder = records.write(records.full_run(), tmp_path)
    terminal.pytest_tfbench_show_run(CONFIG, folder / store.FILE)
    shown = capsys.readouterr()
    assert shown.err == f"tfbench: no page: {type(error).__name__}: {error}\n"
    assert str(folder / store.FILE) in shown.out.replace("\n", "")
