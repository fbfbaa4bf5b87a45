# The developer's interface: CI and the hooks call the same targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
ENVIRONMENT := $(VENV)/.installed
TOOLS := .tools/bin
STACK := .run/stack
PROMETHEUS := http://127.0.0.1:9090

.PHONY: help run stack test check format rules boards check-boards test-notification bench docs prices tools clean
.PHONY: prove-kill prove-hostile prove-restart prove-outage prove-queue prove-bounded

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(ENVIRONMENT): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(ENVIRONMENT) ## Serve on SQLite with a simulated fleet that pushes; Ctrl-C ends both
	@$(BIN)/python -m scripts.run

stack: $(ENVIRONMENT) ## Exporter, fleet, Collector, Prometheus, Alertmanager without Docker; Ctrl-C ends all
	@$(BIN)/python -m scripts.stack --folder $(STACK) $(OPTIONS)

test: $(ENVIRONMENT) ## Run every test that this machine can run, naming what it skips
	@$(BIN)/python -m pytest

check: $(ENVIRONMENT) ## Format, lint, types, import contracts, sizes, generated files in step
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/check-sizes.py
	$(BIN)/python scripts/generate_docs.py --check
	$(BIN)/python scripts/generate_boards.py --check

format: $(ENVIRONMENT) ## Write the format and the fixes that are safe
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

rules: ## Lint and unit-test the rules; check the configuration of Prometheus' neighbours
	$(TOOLS)/promtool check rules --lint=all --lint-fatal prometheus/rules/*.yml
	$(TOOLS)/promtool test rules prometheus/tests/*_test.yml
	$(TOOLS)/amtool check-config prometheus/alertmanager/alertmanager.yml
	$(TOOLS)/otelcol validate --config=otel-collector/config.yaml

boards: $(ENVIRONMENT) ## Write grafana/dashboards/ from grafana/boards/
	$(BIN)/python scripts/generate_boards.py

check-boards: $(ENVIRONMENT) ## Ask every query of every board of the Prometheus of `make stack`, or PROMETHEUS=URL
	$(BIN)/python scripts/check_boards.py --prometheus $(PROMETHEUS) $(OPTIONS)

test-notification: ## Send a test alert to the Alertmanager of `make stack`, and see it delivered
	@scripts/send-test-notification $(OPTIONS)

docs: $(ENVIRONMENT) ## Write the generated pages of docs/ and the tables of README.md
	$(BIN)/python scripts/generate_docs.py

prices: $(ENVIRONMENT) ## Compile the price book from the pinned genai-prices
	$(BIN)/python scripts/compile_prices.py

bench: $(ENVIRONMENT) ## Measure intake, store and scrape beside the floor of this machine (about 4 minutes)
	@PYTHONPATH=tests $(BIN)/python -m bench.run

tools: ## Install Prometheus, Alertmanager, Collector into .tools/; PostgreSQL, Chromium from the distribution
	@scripts/install-tools

prove-kill: $(ENVIRONMENT) ## kill -9 in the middle of a load run, ten times, on both databases
	@AGENT_EXPORTER_PROOF=full $(BIN)/python -m pytest -m proof tests/chaos/test_kill.py

prove-hostile: $(ENVIRONMENT) ## 100,000 generated hostile bodies: no 500, flat memory
	@AGENT_EXPORTER_PROOF=full $(BIN)/python -m pytest -m proof tests/chaos/test_hostile_bodies.py

prove-restart: $(ENVIRONMENT) ## Rolling restarts of two replicas under load: counters add up to the ledger
	@AGENT_EXPORTER_PROOF=full $(BIN)/python -m pytest -m proof tests/chaos/test_rolling_restart.py

prove-outage: $(ENVIRONMENT) ## The database stopped, locked, its disk full: 503, flat memory, full recovery
	@AGENT_EXPORTER_PROOF=full $(BIN)/python -m pytest -m proof tests/chaos/test_outage.py

prove-queue: $(ENVIRONMENT) ## The exporter away for a minute: the Collector's queue loses nothing and doubles nothing
	@AGENT_EXPORTER_PROOF=full $(BIN)/python -m pytest -m proof tests/end_to_end/test_outage_through_collector.py

prove-bounded: $(ENVIRONMENT) ## The same proofs, a few minutes of them, as CI runs them
	@$(BIN)/python -m pytest -m proof tests/chaos tests/end_to_end

clean: ## Remove environments, tools, caches and what `make run` and `make stack` left
	rm -rf $(VENV) .tools .run build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
