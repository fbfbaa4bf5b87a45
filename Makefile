# The developer's interface: CI and the hooks call the same targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
ENVIRONMENT := $(VENV)/.installed

.PHONY: help run test check format bench docs prices tools prove-kill prove-hostile prove-restart prove-outage prove-bounded clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(ENVIRONMENT): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(ENVIRONMENT) ## Serve on SQLite with a simulated fleet that pushes; Ctrl-C ends both
	@$(BIN)/python scripts/run.py

test: $(ENVIRONMENT) ## Run every test that this machine can run, naming what it skips
	@$(BIN)/python -m pytest

check: $(ENVIRONMENT) ## Format, lint, types, import contracts, sizes, generated files in step
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/check-sizes.py
	$(BIN)/python scripts/generate_docs.py --check

format: $(ENVIRONMENT) ## Write the format and the fixes that are safe
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(ENVIRONMENT) ## Write the generated pages of docs/ and the tables of README.md
	$(BIN)/python scripts/generate_docs.py

prices: $(ENVIRONMENT) ## Compile the price book from the pinned genai-prices
	$(BIN)/python scripts/compile_prices.py

bench: $(ENVIRONMENT) ## Measure intake, store and scrape beside the floor of this machine (about 4 minutes)
	@PYTHONPATH=tests $(BIN)/python -m bench.run

tools: ## Install promtool, Prometheus, amtool, Alertmanager into .tools/, PostgreSQL and Chromium from the distribution
	@scripts/install-tools

prove-kill: $(ENVIRONMENT) ## kill -9 in the middle of a load run, ten times, on both databases
	@AGENT_EXPORTER_PROOF=full $(BIN)/python -m pytest -m proof tests/chaos/test_kill.py

prove-hostile: $(ENVIRONMENT) ## 100,000 generated hostile bodies: no 500, flat memory
	@AGENT_EXPORTER_PROOF=full $(BIN)/python -m pytest -m proof tests/chaos/test_hostile_bodies.py

prove-restart: $(ENVIRONMENT) ## Rolling restarts of two replicas under load: counters add up to the ledger
	@AGENT_EXPORTER_PROOF=full $(BIN)/python -m pytest -m proof tests/chaos/test_rolling_restart.py

prove-outage: $(ENVIRONMENT) ## The database stopped, locked, its disk full: 503, flat memory, full recovery
	@AGENT_EXPORTER_PROOF=full $(BIN)/python -m pytest -m proof tests/chaos/test_outage.py

prove-bounded: $(ENVIRONMENT) ## The same proofs, a few minutes of them, as CI runs them
	@$(BIN)/python -m pytest -m proof tests/chaos

clean: ## Remove environments, tools, caches and what `make run` left
	rm -rf $(VENV) .tools .run build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
