"""The script that draws the charts: bundled once, kept for later."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import vl_convert
from tfbench.reports import vega


@pytest.fixture
def bundled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[int]]:
    """Count how often it is bundled, with a cache folder of the test's own."""
    times: list[int] = []

    def bundle(_: None) -> str:
        times.append(1)
        return "vegaEmbed = µ"

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    vega.script.cache_clear()
    yield times
    vega.script.cache_clear()


def test_it_is_bundled_once_and_kept(bundled: list[int], tmp_path: Path) -> None:
    for _ in range(2):
        assert vega.script() == "vegaEmbed = µ"
        vega.script.cache_clear()  # as in another process
    assert bundled == [1]
    (path,) = (tmp_path / "cache" / "tfbench").iterdir()
    assert path.name == f"vega-{version('vl-convert-python')}.js"


def test_another_version_is_bundled_anew(bundled: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    vega.script()
    vega.script.cache_clear()
    monkeypatch.setattr(vega, "version", lambda _: "99")
    vega.script()
    assert bundled == [1, 1]


def test_where_nothing_can_be_kept_it_is_there_all_the_same(
    bundled: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert vega.script() == "vegaEmbed = µ"
    assert bundled == [1]


def test_without_the_variable_it_is_kept_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert vega.folder() == Path.home() / ".cache" / "tfbench"
