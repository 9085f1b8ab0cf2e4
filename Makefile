# The environment is .venv: made from requirements.lock, with the checkout installed editable.
PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
STAMP := .venv/.stamp
LINT_ROOT := build/lint
LOCK_TOOLS := build/lock-tools
FUZZ_VENV := build/fuzz-venv
AUDIT_VENV := build/audit-venv

# Leftovers in build/ of an earlier setuptools run would put deleted modules into the wheel.
BUILD_LEFTOVERS := build/lib build/bdist.* build/wheel $(LINT_ROOT)

# The README's pictures, by the names that the charts of a default run have.
PICTURES := verdicts totals-fashion-mnist-batch-size-32-1 retracing-fashion-mnist-batch-size-32
RUN ?= results/latest

# Of pytest-benchmark's columns those that bench/suite/pytest.ini has for `tfbench run`.
COLUMNS := --benchmark-columns=min,median,max,rounds --benchmark-name=short

.DEFAULT_GOAL := help
.PHONY: help bench bench-quick calibrate versus-jax many-runs test test-slurm pictures kills fuzz audit docs examples lint lock clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)$$/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-12s %s\n", $$1, $$2 }'

$(STAMP): requirements.lock pyproject.toml
	@found=$(BIN)/python; test -x $(BIN)/pip || found='$(PYTHON)'; \
	$$found -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || \
		{ echo "error: $$found is not Python 3.11 to 3.13: name one that is, as in make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/pip || { echo "making .venv"; $(PYTHON) -m venv .venv; }
	@echo "installing requirements.lock (TensorFlow is large: minutes the first time)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

bench: $(STAMP) ## measure all workloads; ARGS="--tf-mode xla -k sum_loop" goes to pytest
	$(BIN)/pytest bench --tf-profile $(COLUMNS) $(ARGS)

bench-quick: $(STAMP) ## the same with few rounds: does all of it work here?
	$(BIN)/pytest bench --tf-quick $(COLUMNS) $(ARGS)

calibrate: $(STAMP) ## prove intervals, verdicts and gates on this machine: docs/calibration.md, under 20 minutes
	$(BIN)/python benchmarks/calibrate.py $(ARGS)

versus-jax: $(STAMP) ## TensorFlow's XLA beside JAX, in an environment of its own in build/jax-venv; 5 minutes
	$(BIN)/python benchmarks/versus_jax.py $(ARGS)

many-runs: $(STAMP) ## import, history and summaries of up to 10,000 made-up runs: docs/many-runs.md; 5 GB of disk
	$(BIN)/python benchmarks/many_runs.py $(ARGS) > docs/many-runs.md

test-slurm: $(STAMP) ## the suite under a real Slurm, which this installs and starts; as root on Debian
	tests/slurm.sh $(ARGS)

kills: $(STAMP) ## 50 kills at random moments, and what is left of the runs; 20 minutes
	$(BIN)/python tests/kills.py $(ARGS)

# atheris and pip-audit live in environments of their own; the first sees this one's packages.
fuzz: $(STAMP) ## the parsers of run.json and idx under atheris, 10 minutes
	test -x $(FUZZ_VENV)/bin/python || $(BIN)/python -m venv $(FUZZ_VENV)
	$(FUZZ_VENV)/bin/python -m pip install -q --disable-pip-version-check atheris
	for parser in run edits idx; do \
		TFBENCH_SITE=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
		$(FUZZ_VENV)/bin/python tests/fuzz_parsers.py $$parser -max_total_time=200 $(ARGS) || exit 1; done

audit: $(STAMP) ## known holes in the locked dependencies, by pip-audit; says so where it can look nothing up
	test -x $(AUDIT_VENV)/bin/python || $(BIN)/python -m venv $(AUDIT_VENV)
	$(AUDIT_VENV)/bin/python -m pip install -q --disable-pip-version-check pip-audit
	$(BIN)/python tests/audit.py $(AUDIT_VENV)/bin/pip-audit

examples: $(STAMP) ## run examples/ in quick form; ARGS=--full measures them and writes docs/examples.md
	$(BIN)/python benchmarks/examples.py $(ARGS)

pictures: $(STAMP) ## draw the README's pictures into docs/images from the latest run; RUN=results/NAME names another
	$(BIN)/tfbench report $(RUN) --format svg -o build/pictures
	mkdir -p docs/images
	for name in $(PICTURES); do cp build/pictures/$$name.svg docs/images/ || exit 1; done

test: $(STAMP) ## run the tests, two at a time; ARGS goes to pytest
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# The variable silences an advertisement for the successor of MkDocs' theme.
docs: $(STAMP) ## build the pages of docs/ into build/site, offline and with links checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -q
	@echo "open build/site/index.html"

# The checkout maps bench/ to tfbench.bench, which no type checker can follow: mypy reads the built wheel's files.
lint: $(STAMP) ## ruff, its formatter, and mypy on the built wheel
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf $(BUILD_LEFTOVERS)
	$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w build/wheel .
	$(BIN)/python -m pip install -q --no-deps --target $(LINT_ROOT) build/wheel/*.whl
	cd build && MYPYPATH=lint ../$(BIN)/mypy --config-file ../pyproject.toml -p tfbench.bench -p tfbench.workloads -p tfbench.reports

lock: ## write requirements.lock anew with the newest releases that pyproject.toml allows
	$(PYTHON) -m venv $(LOCK_TOOLS)
	$(LOCK_TOOLS)/bin/pip install -q --disable-pip-version-check uv
	$(LOCK_TOOLS)/bin/uv pip compile pyproject.toml --group dev --no-config --universal --python-version 3.11 \
		--generate-hashes --upgrade --custom-compile-command "make lock" -q -o requirements.lock
	rm -rf $(LOCK_TOOLS)

clean: ## remove .venv, build files and caches; results/ and .benchmarks/ stay
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
