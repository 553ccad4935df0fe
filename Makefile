# `make demo` and `make test` are all that a newcomer needs; each sets up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH ?= torch==2.13.0
WORKERS ?= 2

.PHONY: demo test setup lint types contracts pytest gpu-test clean

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

pytest: setup
	$(BIN)/python -m pytest -n $(WORKERS)

# On a machine with a GPU: the tests that CI has to skip.
gpu-test: setup
	$(BIN)/python -m pytest -m gpu

clean:
	rm -rf $(VENV) dist build
