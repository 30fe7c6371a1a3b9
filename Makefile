# Everything runs in .venv, which is made on first use. `make help` lists the targets.
VENV := .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PROFILE ?= laptop

# DVC runs a stage's `python`; Hugging Face libraries must not look for a hub unless a profile names one.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TOKENIZERS_PARALLELISM := false
export MLFLOW_DISABLE_TELEMETRY := true
# glibc: keep freed memory for the next training step instead of handing it back to the system page by page.
export MALLOC_MMAP_THRESHOLD_ := 1073741824
export MALLOC_TRIM_THRESHOLD_ := 1073741824

.DEFAULT_GOAL := help
.PHONY: help install repro sources test lint format ui params plan

help:  ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## Make .venv with everything pinned

$(STAMP): requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else "Python 3.11 is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet torch==$(shell sed -n 's/^torch==//p' requirements.txt)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt --constraint constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $(STAMP)

repro: $(STAMP)  ## Rebuild every result of the profile in params.yaml, JOBS stages at a time
	python -m bootembed.workflow.fan_out $(if $(JOBS),--jobs $(JOBS))

sources: $(STAMP)  ## Fetch the public raw files pinned in sources/ and check them (needs a network)
	python -m sources.fetch $(ONLY)

test: $(STAMP)  ## Run all tests
	python -m pytest

lint: $(STAMP)  ## ruff, mypy and the contracts on imports
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-cache

format: $(STAMP)  ## Let ruff format and fix
	ruff format .
	ruff check --fix .

ui: $(STAMP)  ## Browse runs and models in the MLflow UI
	python -m bootembed.tracking
	mlflow ui --backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}

params: $(STAMP)  ## Compose params.yaml from conf/ for PROFILE
	python -m bootembed.workflow.compose $(PROFILE)

plan: $(STAMP)  ## Print what PROFILE needs before anything runs
	python -m bootembed.workflow.plan $(PROFILE)

