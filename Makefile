# `make demo` and `make test` need nothing but Python 3.11 or later: they set up what they use.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUNS := $(VENV)/.runs
READY := $(VENV)/.ready
PEERS := .venv-peers
LOWEST := .venv-lowest

.DEFAULT_GOAL := help

help: ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The package itself, which is all that the demo needs.
$(RUNS): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade "pip>=25.1"
	$(PIP) --constraint constraints.txt --editable ".[cli,local]"
	@touch $@

# And the tools: tests, linters, type checkers, documentation.
$(READY): $(RUNS)
	$(PIP) --constraint constraints.txt --group dev
	@touch $@

demo: $(RUNS) ## Run models end to end on a local platform; needs no key.
	$(BIN)/python examples/demo.py

# One process for each core; one that has nothing left to do takes tests of another.
PARALLEL := --numprocesses logical --dist worksteal
NEEDS_NOTHING := not browser and not peers

test: $(READY) ## Run the tests with coverage, but for what test-all runs.
	$(BIN)/python -m pytest $(PARALLEL) -m "$(NEEDS_NOTHING) and not extended" --cov --cov-report=term $(ARGS)

test-all: $(READY) ## Run what test leaves out: the rest of the fault plan, and what takes long.
	$(BIN)/python -m pytest $(PARALLEL) -m "$(NEEDS_NOTHING) and extended" $(ARGS)

test-browser: $(READY) ## Test the pages in headless Chromium, which must be installed.
	$(BIN)/python -m pytest -m browser tests/local tests/fastapi $(ARGS)

PEER_PACKAGES := openai==3.57.0 langchain==1.5.2 langchain-openai==1.7.4 openai-agents==0.24.0 \
	"pydantic-ai-slim[openai]==2.68.0" "smolagents[openai]==1.26.0"

# One environment for the Python packages that agree on versions; instructor requires older ones.
$(PEERS)/.ready: Makefile
	$(PYTHON) -m venv $(PEERS)/published
	$(PEERS)/published/bin/python -m pip install --quiet --disable-pip-version-check skytells==1.0.0
	$(PYTHON) -m venv $(PEERS)/python
	$(PEERS)/python/bin/python -m pip install --quiet --disable-pip-version-check $(PEER_PACKAGES)
	$(PYTHON) -m venv $(PEERS)/instructor
	$(PEERS)/instructor/bin/python -m pip install --quiet --disable-pip-version-check instructor==1.17.0 openai==3.3.0
	npm install --silent --no-audit --no-fund --no-save --prefix $(PEERS)/typescript skytells@1.0.0
	npm install --silent --no-audit --no-fund --no-save --prefix $(PEERS)/openai_node openai@7.59.0
	npm install --silent --no-audit --no-fund --no-save --prefix $(PEERS)/ai_sdk ai@7.0.173 @ai-sdk/openai@4.0.118 zod@4.6.7
	@touch $@

test-peers: $(READY) $(PEERS)/.ready ## Let clients that others wrote drive the local platform; needs Node.
	$(BIN)/python -m pytest -m peers tests/peers $(ARGS)

$(LOWEST)/.ready: pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	grep -E '^(dependencies|local|cli|notebook|fastapi|validate) = ' $< | grep -oE '[a-z][a-z0-9-]*>=[0-9.]+' | sed 's/>=/==/' > $(LOWEST)/floors.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[cli,local]" --group dev --constraint $(LOWEST)/floors.txt
	@touch $@

test-lowest: $(LOWEST)/.ready ## Run the tests with the lowest versions that are supported.
	$(LOWEST)/bin/python -m pytest $(ARGS)

soak: $(READY) ## Load a failing platform for minutes, and compare what was billed.
	$(BIN)/python -W error -m tests.soak.soak $(ARGS)

SEED := $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')

fuzz: $(READY) ## Search at random for input, replies and streams that break the client.
	@echo "To draw the same again: make fuzz SEED=$(SEED)"
	$(BIN)/python -m pytest $(PARALLEL) -m "hypothesis and not browser" --hypothesis-profile=random --hypothesis-seed=$(SEED)
	$(PIP) --group fuzz
	@mkdir -p .fuzz .fuzz-streams
	$(BIN)/python -m fuzz.fuzz_reply -seed=$(SEED) -max_total_time=20 -timeout=10 -rss_limit_mb=1024 -artifact_prefix=.fuzz/ $(ARGS) .fuzz fuzz/corpus
	$(BIN)/python -m fuzz.fuzz_stream -seed=$(SEED) -max_total_time=8 -timeout=10 -rss_limit_mb=1024 -artifact_prefix=.fuzz-streams/ $(ARGS) .fuzz-streams fuzz/streams

audit: $(READY) ## Look for known vulnerabilities; needs the network.
	$(PIP) --group audit
	$(BIN)/python -m pip check
	$(BIN)/ruff check --select S skytells
	$(BIN)/python -m pip freeze --exclude-editable > $(VENV)/frozen.txt
	$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement $(VENV)/frozen.txt

bench: $(READY) ## Measure what things cost, against peers; makes environments of its own.
	$(BIN)/python -m benchmarks $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m benchmarks.local_platform)

figures: $(READY) ## Write the figures of docs/benchmarks/results.json into the pages.
	$(BIN)/python -m benchmarks.pages

lint: $(READY) ## Check style.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## Check types with mypy and pyright.
	$(BIN)/mypy
	$(BIN)/pyright
	PATH="$(CURDIR)/$(BIN):$$PATH" pyright --verifytypes skytells --ignoreexternal

format: $(READY) ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## Build the documentation into site/.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean: ## Remove what the commands above have made.
	rm -rf $(VENV) $(PEERS) $(LOWEST) .fuzz .fuzz-streams site .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis

.PHONY: help demo test test-all test-browser test-peers test-lowest soak fuzz audit bench figures lint types format docs clean
