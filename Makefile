# Every target sets up what it needs in .venv, with locked versions, and says what is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint format bench lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## watch the daemon at work against an imitation AWS account (Ctrl-C ends it)
	@$(BIN)/sagemaker-healthcheck demo $(ARGS)

test: $(VENV)/.dev ## style, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -m "not slow" --numprocesses 2 --dist loadfile $(ARGS)

test-slow: $(VENV)/.dev ## the tests that need a browser, a machine that boots, or containers
	$(BIN)/pytest -m slow $(ARGS)

lint: $(VENV)/.dev ## style and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev ## rewrite the code in the project's style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## measure speed as ratios, each beside its target
	$(BIN)/python -m benchmarks $(ARGS)

lock: $(VENV)/.uv ## choose the newest versions that fit pyproject.toml
	$(UV) compile pyproject.toml --group dev --extra demo $(LOCK) --output-file requirements/dev.txt
	$(UV) compile pyproject.toml --extra demo --constraint requirements/dev.txt $(LOCK) --output-file requirements/demo.txt
	$(UV) compile pyproject.toml --constraint requirements/dev.txt $(LOCK) --output-file requirements/run.txt
	echo uv | $(UV) compile - $(LOCK) --output-file requirements/uv.txt

clean: ## remove everything that make made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

# Hashes, and no registry's address: the lock works with whichever index the reader's tools are set up for.
LOCK := --quiet --upgrade --universal --generate-hashes --no-header --no-annotate --no-emit-index-url

$(VENV)/.python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer (Debian: apt install python3)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old: Python 3.11 or newer is needed; name one with PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing (Debian: apt install python3-venv)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/.uv: requirements/uv.txt $(VENV)/.python
	@echo "Setting up $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt && touch $@

$(VENV)/.demo: requirements/demo.txt pyproject.toml $(VENV)/.uv
	@VIRTUAL_ENV=$(VENV) $(UV) install --quiet --require-hashes -r requirements/demo.txt
	@VIRTUAL_ENV=$(VENV) $(UV) install --quiet --no-deps --editable . && touch $@

# The development set holds the demo's, so both may live in one environment.
$(VENV)/.dev: requirements/dev.txt $(VENV)/.demo
	@VIRTUAL_ENV=$(VENV) $(UV) install --quiet --require-hashes -r requirements/dev.txt && touch $@
