# Two commands, each with all its set-up: `make demo` and `make test`. Everything goes into .venv and .park, except
# Debian packages, which are installed when run as root and never started.

SHELL      := /bin/sh
PYTHON     ?= $(shell command -v python3.11 || command -v python3)
PARK_HOME  ?= .park
export PARK_HOME
BIN        := .venv/bin
PIP        := $(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore -c constraints.txt
PARTS      := collectors pipeline api dashboards simulators tests park.py
# Words passed on: make demo ARGS="--for 60 --json", make test ARGS="-k broker"
ARGS       ?=

.PHONY: help demo test lint clean system-demo system-test timescaledb
.DEFAULT_GOAL := help

help:
	@echo "make demo    a whole park on this machine: set-up, servers, simulator, screen (ARGS=--fresh starts over)"
	@echo "make test    set-up, then ruff, mypy, import-linter and pytest on real servers and a real browser"
	@echo "make lint    the same without pytest"
	@echo "make clean   removes .venv, the caches and what the demo keeps in $(PARK_HOME)"

demo:
	@$(MAKE) --no-print-directory system-demo
	@$(MAKE) --no-print-directory -j2 .venv/.embedded timescaledb
	@exec $(BIN)/park demo $(ARGS)

test:
	@$(MAKE) --no-print-directory system-test
	@$(MAKE) --no-print-directory -j2 .venv/.dev timescaledb
	@tests/community/install.sh
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/.dev
	$(BIN)/ruff check $(PARTS)
	$(BIN)/ruff format --check $(PARTS)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

system-demo:
	@deploy/install-debian.sh demo "$(PYTHON)"

system-test:
	@deploy/install-debian.sh test "$(PYTHON)"

# Without root or off Debian the demo has its fall-backs and says which it took.
timescaledb:
	@if [ -n "$$PARK_DATABASE_URL" ] || [ "$$(id -u)" != 0 ] || ! command -v mmdebstrap >/dev/null; then \
	    echo "smartpark: no private TimescaleDB here (needs Debian and root, or is replaced by PARK_DATABASE_URL)"; \
	else deploy/timescaledb-root.sh; fi

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "smartpark needs Python 3.11 or newer: install it, or name it: make PYTHON=…" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "smartpark needs Python 3.11 or newer, and $(PYTHON) is older: make PYTHON=…" >&2; exit 1; }
	@"$(PYTHON)" -m venv .venv

# The stamps depend on what decides the packages, not on our own code: the install is editable.
.venv/.embedded: pyproject.toml constraints.txt | .venv/bin/python
	@echo "smartpark: installing Python packages into .venv"
	@$(PIP) -e '.[embedded]'
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "smartpark: installing Python packages into .venv"
	@$(PIP) -e '.[embedded,dev]'
	@touch $@ .venv/.embedded

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
	rm -rf $(PARK_HOME)
