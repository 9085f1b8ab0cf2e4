"""The pytest hooks that tfbench adds."""

from pathlib import Path

import pytest


@pytest.hookspec
def pytest_tfbench_show_run(config: pytest.Config, path: Path) -> None:
    """Show a run at the end of the session; `path` is its run.json."""
