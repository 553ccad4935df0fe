# `make demo` and `make test` are all that a newcomer needs; each sets up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH ?= torch==2.13.0
WORKERS ?= 2

.PHONY: demo test setup lint types contracts pytest pages gpu-test cluster-test clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 10) else 'repro-audit needs Python 3.10 or newer; set PYTHON=…')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "$(TORCH)" numpy
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	touch $@

demo: setup
	$(BIN)/repro-audit demo

test: lint types contracts pytest

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

# Compiled once, also where PYTHONDONTWRITEBYTECODE keeps the hundreds of programs that the tests start from doing so.
pytest: setup
	$(BIN)/python -m compileall -q auditor
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# Pages and files that are made from the code; tests tell when they are out of date.
pages: setup
	$(BIN)/python -m auditor.report.schema.build
	$(BIN)/python -m auditor.report.schema.page docs/report-format.md
	$(BIN)/python -m auditor.ruleset.page > docs/rules.md
	REWRITE_GOLDEN=1 $(BIN)/python -m pytest tests/report tests/architecture/test_readme_output.py

# On a machine with a GPU: the tests that CI has to skip.
gpu-test: setup
	$(BIN)/python -m pytest -m gpu

# Replicas on a real Ray and a real Slurm; for the latter: apt-get install slurm-wlm munge.
cluster-test: setup
	$(BIN)/python -m pip install --quiet -e ".[ray,slurm]"
	$(BIN)/python -m pytest -rs tests/services/test_clusters.py

clean:
	rm -rf $(VENV) dist build
