#!/usr/bin/env bash
# What a new user does, in an empty folder with tfbench installed and nothing of its repository: tests/test_new_user.py
# runs it. `python` is the environment's; tfbench was installed with: pip install tfbench
set -euo pipefail
look=(--quick --budget 1 --mode eager,graph) # as short as can be; a user needs none of it

echo "== a workload of one's own, measured twice and compared"
tfbench new my_workload.py
tfbench list my_workload.py
tfbench run my_workload.py "${look[@]}" --out before
tfbench run my_workload.py "${look[@]}" --out after
tfbench compare before after # --gate 5% fails on a regression; it needs more than one invocation a side

echo "== a function that knows nothing of tfbench"
tfbench new my_step.py --function
tfbench run my_step.py:train_step --args my_step.py:make_batch --quick --budget 1
tfbench report results/latest --format markdown >report.md
tfbench report results/latest --format html --output page.html # opened by the test

echo "== the same function in one's own tests"
cat >test_my_step.py <<'EOF'
import my_step


def test_a_graph_is_worth_it_and_nothing_retraces(tf_benchmark):
    result = tf_benchmark(my_step.train_step, *my_step.make_batch(), modes=("eager", "graph"))
    assert result.speedup("graph", over="eager").low > 1.5
    assert result.retraces == 0
EOF
python -m pytest -q -p tfbench.bench.plugin --benchmark-json=mine.json test_my_step.py
