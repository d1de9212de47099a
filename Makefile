# Needs Python 3.11 or newer, make and git; everything else comes from the locks.
#   make demo ARGS="--duration 60 --rooms 3"   a live show through a real Kafka, in this terminal
#   make test                                  the whole suite, on a real broker too
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
ARGS ?=
KILLS ?= 200

.DEFAULT_GOAL := help
.PHONY: help setup tools demo test test-long soak bench bench-restart bench-scrape bench-memory bench-text flood audit schemas lint format lock lock-kafka clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: $(VENV)/.installed ## Make .venv from the lock; does nothing when nothing has changed

tools: $(VENV)/.tools ## The same with what tests and checks need

demo: setup ## Run the demo: make demo ARGS="--duration 60 --rooms 3"
	@$(BIN)/streamproc demo $(ARGS)

test: tools ## Run the whole test suite but for the long tests
	$(BIN)/python -m pytest $(ARGS)

test-long: tools ## Run the tests that take longer than a quarter of a minute
	$(BIN)/python -m pytest -m long $(ARGS)

soak: tools ## Kill and restart the worker KILLS times and compare: make soak KILLS=200
	$(BIN)/python -m tests.durability.soak --kills $(KILLS) $(ARGS)

bench: tools ## Measure the CPU time an event costs, by stage
	$(BIN)/python -m bench.worker $(ARGS)

bench-restart: tools ## Measure the time from a worker's kill to results as fresh as before
	$(BIN)/python -m bench.restart $(ARGS)

bench-scrape: tools ## Measure what a scrape of /metrics costs at 2,000 rooms
	$(BIN)/python -m bench.scrape $(ARGS)

bench-memory: tools ## Measure what one loud room keeps in memory, with and without bounds
	$(BIN)/python -m bench.memory $(ARGS)

bench-text: tools ## Measure what a message and an utterance cost to understand
	$(BIN)/python -m bench.understand $(ARGS)

flood: tools ## Measure what bad records cost beside good ones, by reason
	$(BIN)/python -m bench.flood $(ARGS)

# Needs an advisory database on the network; --strict fails for every package that it could not ask about.
AUDIT_TOOL := build/audit-tool

$(AUDIT_TOOL)/bin/pip-audit: | $(BIN)/python
	$(BIN)/python -m venv $(AUDIT_TOOL)
	$(AUDIT_TOOL)/bin/python -m pip --disable-pip-version-check install --quiet pip-audit

audit: $(AUDIT_TOOL)/bin/pip-audit ## Ask an advisory database about the worker's packages (network)
	$(AUDIT_TOOL)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-runtime.lock $(ARGS)

schemas: tools ## Write schemas/ from the models
	$(BIN)/streamproc schemas

lint: tools ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: tools ## Put the source into the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The virtual environment. Each stamp is older than what it was made from only when that has changed.

$(BIN)/python:
	@python=; for each in "$(PYTHON)" python3.13 python3.12 python3.11; do \
	  if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python="$$each"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "streamproc needs Python 3.11 or newer; found: $$("$(PYTHON)" --version 2>&1 || echo none). Name one: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# A lock is complete, so pip need not resolve; Python compiles what it imports when it imports it.
LOCKED := PYTHONWARNINGS=ignore $(PIP) install --require-hashes --no-deps --no-compile --no-build-isolation

$(VENV)/.locked: requirements-demo.lock requirements-build.lock | $(BIN)/python
	@echo "Installing $$(grep -c == requirements-demo.lock) locked packages into $(VENV): up to a minute on the first run."
	@$(PIP) install --quiet --require-hashes -r requirements-build.lock
	@$(LOCKED) -r requirements-demo.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.tools: requirements.lock $(VENV)/.installed
	@echo "Installing the tools for tests and checks into $(VENV)."
	@$(LOCKED) --quiet -r requirements.lock
	@touch $@

# Refreshing the locks needs the network; the result is committed.

LOCK_TOOL := build/lock-tool
COMPILE = $(LOCK_TOOL)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --custom-compile-command "make lock"

$(LOCK_TOOL)/bin/uv: | $(BIN)/python
	$(BIN)/python -m venv $(LOCK_TOOL)
	$(LOCK_TOOL)/bin/python -m pip --disable-pip-version-check install --quiet uv

lock: $(LOCK_TOOL)/bin/uv ## Resolve the newest allowed versions into the locks
	$(COMPILE) pyproject.toml --extra demo --group dev -o requirements.lock
	$(COMPILE) pyproject.toml --extra demo -c requirements.lock -o requirements-demo.lock
	$(COMPILE) pyproject.toml -c requirements.lock -o requirements-runtime.lock
	$(COMPILE) requirements-build.in -o requirements-build.lock

lock-kafka: setup ## Resolve the embedded broker's jars anew: make lock-kafka ARGS=4.2.0
	$(BIN)/python -m streamproc.adapters.broker.relock $(ARGS)

clean: ## Remove what make has made
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
