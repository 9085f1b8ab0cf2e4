"""The suite: `pytest bench` makes one test of each case that the options choose."""

from typing import Any

import pytest
from tfbench.bench import replay


@pytest.mark.filterwarnings("ignore:Benchmark fixture was not used")  # by a case that failed
@pytest.mark.benchmark(timer=replay.CLOCK.read)
def test_workload(case_id: str, tfbench_suite: Any, benchmark: Any) -> None:
    """Measure the case, with all others of its comparison set, when the first of them comes up."""
    tfbench_suite.present(case_id, benchmark)
