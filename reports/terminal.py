"""Show a run at the end of a pytest session: its tables, its page, and TensorBoard's event files."""

import sys
from pathlib import Path

import pytest


@pytest.hookimpl
def pytest_tfbench_show_run(config: pytest.Config, path: Path) -> None:
    """Print the run's tables to the terminal, write its page, and what `tensorboard --logdir` reads."""
    # Here, because pandas takes longer to import than collecting the whole suite.
    from tfbench.bench import store
    from tfbench.reports import dashboard, run_page, tables

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
    try:
        print(f"page: {run_page.write(run, path.parent)}")
    except Exception as error:  # noqa: BLE001 - whatever goes wrong here, the run itself is kept and told
        print(f"tfbench: no page: {type(error).__name__}: {error}", file=sys.stderr)
