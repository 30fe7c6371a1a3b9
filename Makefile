# Everything runs in .venv, which is made on first use. `make help` lists the targets.
VENV := .venv
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(shell $(name) -c '$(SUPPORTED)' 2>/dev/null && echo $(name))))
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV := $(BIN)/uv pip
PROFILE ?= laptop

# DVC runs a stage's `python`; Hugging Face libraries must not look for a hub unless a profile names one.
export PATH := $(abspath $(BIN)):$(PATH)
export TOKENIZERS_PARALLELISM := false
export MLFLOW_DISABLE_TELEMETRY := true
# What is installed is compiled when first imported, a third of it all, and that must be kept.
unexport PYTHONDONTWRITEBYTECODE
# glibc: keep freed memory for the next training step instead of handing it back to the system page by page.
export MALLOC_MMAP_THRESHOLD_ := 1073741824
export MALLOC_TRIM_THRESHOLD_ := 1073741824

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install lock repro sources test lint format ui params plan

help:  ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## Make .venv with everything pinned

$(BIN)/python:
	@$(or $(PYTHON),false) -c '$(SUPPORTED)' || { echo 'Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.13' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch comes through pip, whose settings choose its build; uv installs the rest several times faster.
$(STAMP): requirements.txt requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --no-deps $(shell grep -E '^(torch|uv)==' requirements.txt)
	$(UV) install --python $(BIN)/python --quiet --requirement requirements.txt --constraint requirements.lock
	$(UV) install --python $(BIN)/python --quiet --no-deps --editable .
	@touch $(STAMP)

lock: $(STAMP)  ## Pin in requirements.lock what requirements.txt needs, for every supported Python
	$(UV) compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-annotate \
		--custom-compile-command 'make lock' requirements.txt --output-file requirements.lock

repro: $(STAMP)  ## Rebuild every result of the profile in params.yaml, JOBS stages at a time
	bootembed run $(if $(JOBS),--jobs $(JOBS))

sources: $(STAMP)  ## Fetch the public raw files pinned in sources/ and check them (needs a network)
	python -m sources.fetch $(ONLY)

test: $(STAMP)  ## Run all tests, two files at a time, the end-to-end test first
	python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)  ## ruff, mypy and the contracts on imports
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-cache

format: $(STAMP)  ## Let ruff format and fix
	ruff format .
	ruff check --fix .

ui: $(STAMP)  ## Browse runs and models in the MLflow UI
	bootembed ui

params: $(STAMP)  ## Compose params.yaml from conf/ for PROFILE
	bootembed compose $(PROFILE)

plan: $(STAMP)  ## Print what PROFILE needs before anything runs
	bootembed plan $(PROFILE)

