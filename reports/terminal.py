"""Show a run at the end of a pytest session: the tables of `tfbench report`."""

from pathlib import Path

import pytest


@pytest.hookimpl
def pytest_tfbench_show_run(config: pytest.Config, path: Path) -> None:
    """Print the run's tables to the terminal."""
    # Here, because pandas takes longer to import than collecting the whole suite.
    from tfbench.bench import store
    from tfbench.reports import tables

    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
    tables.show(store.load(path), path, tables.make_console())
