"""The end of a session: the run's tables, and its event files."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tfbench.bench import store
from tfbench.reports import dashboard, terminal

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
    assert [path.name for path in folder.iterdir()] == [store.FILE]
