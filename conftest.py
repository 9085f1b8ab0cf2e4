"""Make the suite and its tables available to `pytest bench` and `pytest --benchmark`."""

pytest_plugins = ["tfbench.bench.plugin", "tfbench.reports.terminal", "pytester"]
