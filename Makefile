# Two commands for a newcomer: `make quickstart` and `make test`. Both install what they need into
# .venv; nothing else has to be there but Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNNING := $(VENV)/.running
INSTALLED := $(VENV)/.installed
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
# Small matrices that are spread over threads wait for each other: with a thread each it takes a fifth less.
SIDE_BY_SIDE := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal

# Where it is set, each of the hundreds of processes that tests start compiles all of SciPy and pandas anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: quickstart test test-all test-long test-chaos test-browser test-jax test-package test-compile test-gpu format docs site bench bench-all clean

quickstart: $(RUNNING)
	@echo "Training the 340 networks of studies/quickstart.toml: half a minute, once"
	$(BIN)/dynstudy run studies/quickstart.toml
	@echo "The map of what came out"
	$(BIN)/dynstudy map quickstart

test: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(SIDE_BY_SIDE)

# All that needs nothing more than `make test` installs; what continuous integration runs.
test-all: test test-long

# README's quickstart, kernels of more kinds, simulated calibrations, more cases of the interpreted GPU kernel,
# reports on large maps.
test-long: $(INSTALLED)
	$(SIDE_BY_SIDE) -m "long and not gpu"

# kill -9, SIGTERM and SIGSTOP at random times of whatever takes part in a study: 1000 of them take half an hour. CHAOS_KILLS
# says how many, CHAOS_SEED from which episode on, CHAOS_ONLY ("map postgresql") of what alone; the report is added to
# $CHAOS_FOLDER/report.json, chaos/ by default, so that it may be run in pieces.
test-chaos: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest -m chaos tests/chaos

# The dashboard in a real browser: Chromium has to be there (apt-get install chromium).
test-browser: $(INSTALLED)
	$(INSTALL) --editable '.[browser-test]'
	$(BIN)/pytest -m browser

test-jax: $(INSTALLED)
	$(INSTALL) --editable '.[dev,gpu-test,bench]'
	$(BIN)/pytest -m "jax and not gpu"

# The sdist and the wheel, built and used.
test-package: $(INSTALLED)
	$(INSTALL) hatchling
	$(BIN)/pytest -m package

test-compile: $(INSTALLED)
	$(BIN)/pytest -m compile

# On a machine with an NVIDIA card and a CUDA build of PyTorch, which .venv has to hold already:
# constraints.txt has the CPU build. PYTEST names another environment's. With JAX's CUDA build there,
# too, `pytest -m "gpu and jax"` holds the last peer of the benchmark to the oracle.
PYTEST ?= $(BIN)/pytest
test-gpu:
	$(PYTEST) -m "gpu and not jax"

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is made from the code, of which `make test` says when it is stale, and what examples print.
docs: $(INSTALLED)
	$(BIN)/python -m docs.generate
	$(BIN)/python -m docs.examples
	$(BIN)/python -m docs.results_pictures
	$(BIN)/python -m docs.bifurcation_picture
	$(BIN)/python -m docs.atlas_tables

# The documentation as a site, in site/, which needs no network to be read: open site/index.html. (With
# --quiet, --strict would let broken links pass.)
site: $(VENV)/.site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "site/index.html"

$(VENV)/.site: $(RUNNING)
	$(INSTALL) --editable '.[docs]'
	@touch $@

bench: $(INSTALLED)
	$(BIN)/dynstudy bench

# The engine beside its peers, then all else that is measured: a quarter of an hour on two cores.
bench-all: bench
	$(BIN)/python -m benchmarks

# What running needs; nothing is compiled that is not imported.
$(RUNNING): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is too old: dynstudy needs Python 3.11 or newer; try make PYTHON=python3.12" >&2; exit 2; }
	@echo "Installing what running needs into $(VENV): half a minute, once"
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) --editable .
	@touch $@

# What tests, checks and docs need besides.
$(INSTALLED): $(RUNNING)
	@echo "Installing what tests and checks need into $(VENV): a minute, once"
	@$(INSTALL) --editable '.[dev,gpu-test]'
	@touch $@

clean:
	rm -rf $(VENV) site .mypy_cache .pytest_cache .ruff_cache .hypothesis
