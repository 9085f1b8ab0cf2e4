"""Show a run at the end of a pytest session: the tables of `tfbench report`, and TensorBoard's event files."""

import sys
from pathlib import Path

import pytest


@pytest.hookimpl
def pytest_tfbench_show_run(config: pytest.Config, path: Path) -> None:
    """Print the run's tables to the terminal, and write what `tensorboard --logdir` reads."""
    # Here, because pandas takes longer to import than collecting the whole suite.
    from tfbench.bench import store
    from tfbench.reports import dashboard, tables

    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
    run = store.load(path)
    tables.show(run, path, tables.make_console())
    if run.measurements:
        try:
            dashboard.write(run, path.parent)
        except OSError as error:  # such as a full disk: the run itself is kept
            print(f"tfbench: nothing for TensorBoard: {error}", file=sys.stderr)
