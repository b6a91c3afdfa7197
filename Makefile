# kentstats: `make` lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
AUTHORITY ?= Kent
EDITION ?= 2010
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps

.PHONY: help briefing test check lint docs lab dvc cluster bench strip lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kentstats needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@echo "Making the environment in .venv"
	@$(PYTHON) -m venv .venv
	@touch $@

# The package itself is installed in place, without asking an index again.
.venv/main: .venv/made requirements/main.txt pyproject.toml
	@echo "Installing what the briefing needs"
	@$(INSTALL) --only-binary :all: -r requirements/main.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

.venv/dev: .venv/main requirements/dev.txt
	@echo "Installing what development needs"
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

.venv/lab: .venv/main requirements/lab.txt
	@echo "Installing the lab"
	@$(INSTALL) -r requirements/lab.txt
	@touch $@

.venv/dvc: .venv/main requirements/dvc.txt
	@echo "Installing DVC"
	@$(INSTALL) -r requirements/dvc.txt
	@touch $@

.venv/cluster: .venv/main requirements/cluster.txt
	@echo "Installing what several machines need"
	@$(INSTALL) -r requirements/cluster.txt
	@touch $@

briefing: .venv/main ## publish a briefing (AUTHORITY=Kent EDITION=2010)
	@$(BIN)/kentstats briefing "$(AUTHORITY)" --edition "$(EDITION)"

check: .venv/main ## check the sources against themselves
	@$(BIN)/kentstats check

test: .venv/dev ## run the tests, with coverage
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n 2 --dist loadfile $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

lint: .venv/dev ## run the linters, the type checker and the contract of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

docs: .venv/main ## write the data dictionary anew
	@$(BIN)/python docs/dictionary.py

lab: .venv/lab ## open the notebooks in Jupyter
	@$(BIN)/jupyter lab notebooks/

dvc: .venv/dvc ## rebuild what has changed, with DVC
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/dvc repro

cluster: .venv/cluster ## install what several machines need

bench: .venv/dev ## measure speed and memory
	@$(BIN)/python benchmarks/bench.py $(ARGS)

strip: .venv/lab ## take the outputs out of the notebooks, before a commit
	@$(BIN)/jupyter nbconvert --log-level WARN --clear-output --inplace notebooks/*.ipynb

lock: ## write the lock files anew (needs uv)
	@requirements/lock.sh

clean: ## remove what was made, the environment too
	@rm -rf .venv .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist reports/published reports/failed
