# `make help` lists what there is to do.
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: help setup setup-dev run test lint types lock bench clean

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
