# `make help` lists what there is to do.
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Much of the suite waits for other processes, so that three workers keep two processors busy.
WORKERS ?= 3
# Where make is killed, so is what it runs.
TOGETHER := $(shell command -v setpriv >/dev/null 2>&1 && echo setpriv --pdeathsig TERM)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: help setup setup-dev servers run test test-cms test-edge test-events lint types lock bench bench-peers clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)

$(VENV)/.setup: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.setup-dev: requirements-dev.lock $(VENV)/.setup
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.setup  ## install into .venv from the lock file

setup-dev: $(VENV)/.setup-dev  ## the same, with what the tests need

run:  ## the sample site at http://127.0.0.1:8000 (BIND=HOST:PORT for another place), until Ctrl-C
	@test -e $(VENV)/.setup || echo "Installing into $(VENV); this takes a minute or two, the first time only."
	@$(MAKE) --no-print-directory setup
	@exec $(BIN)/tessera demo $(if $(BIND),--bind $(BIND))

servers:  ## install the servers and the browser that the tests start
	@.ci/servers

lint: setup-dev  ## ruff: rules and form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev  ## mypy, strict
	$(BIN)/mypy

test: setup-dev servers lint types  ## lint, types and the whole suite, real components included
	$(TOGETHER) $(BIN)/python -m tests.suite -n $(WORKERS)

test-cms: setup-dev  ## the suite against real WordPress and Strapi; installs what is missing of them
	$(BIN)/python -m tests.cms_servers.wordpress_install
	$(BIN)/pytest tests/cms_servers -q

test-edge: setup-dev servers  ## in full: is every answer through Varnish right, and how often does it have the answer
	TESSERA_TEST_EDGE=full $(BIN)/pytest tests/edge -n 0 -q
	$(BIN)/python -m tests.edge.hits --json docs/benchmark/edge.json

test-events: setup-dev  ## the kill tests of events in full: 100,000 of them, ten kills at random in each
	TESSERA_TEST_EVENTS=full $(BIN)/pytest tests/integration/events/test_killed.py -n 0 -q

lock: | $(VENV)/bin/python  ## resolve the dependencies anew and write the lock files
	$(PIP) install uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
	  --all-extras --output-file requirements.lock --quiet --upgrade
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
	  --all-extras --group dev --constraint requirements.lock --output-file requirements-dev.lock --quiet
	$(BIN)/uv pip compile tests/peers/requirements.in --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --output-file tests/peers/requirements.txt --quiet

bench: setup  ## the benchmark of the decision path, written to docs/benchmark
	$(BIN)/python -m plugin.cli bench --json docs/benchmark/result.json --picture docs/benchmark/cost.svg > docs/benchmark/result.txt

bench-peers: setup  ## the engines of others decide the same 100 flags; installs them (RECORD=1 keeps their answers)
	@$(BIN)/python -m tests.peers --write docs/benchmark $(if $(RECORD),--record)

clean:  ## remove what was installed and made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis var
