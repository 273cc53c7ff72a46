# The developer's entry points. All that is installed or built goes into this folder: .venv, .venvs, dist and airflow-home.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.10 python3; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$python && break; done)
PORT ?= 8000
AIRFLOW_PORT ?= 8080
ONCE ?=

VENV := .venv/bin
INSTALLED := .venv/installed
PACKAGE := .venvs/package
export UV_CACHE_DIR ?= $(CURDIR)/.venv/cache
export VIRTUAL_ENV := $(CURDIR)/.venv

.PHONY: help run demo check test unit sqlite postgresql package-test format lint constraints build clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

run: $(INSTALLED) ## an Airflow of its own and this service on it, with a first group of runs (PORT=, AIRFLOW_PORT=, ONCE=1)
	@exec $(VENV)/python examples/run.py --port $(PORT) --airflow-port $(AIRFLOW_PORT) $(if $(filter-out 0,$(ONCE)),--once)

demo: $(INSTALLED) ## this service alone, on the in-memory backend (PORT=)
	@exec $(VENV)/airflow-api serve --backend memory --bind 127.0.0.1:$(PORT)

check: lint test ## all that must hold before a change goes in: format, lint, types, import contracts, tests

test: package-test unit sqlite postgresql ## every test, with a real Airflow on SQLite and on PostgreSQL

unit: $(INSTALLED) ## the tests that need no Airflow
	$(VENV)/pytest -q tests/unit tests/integration/http_memory

sqlite postgresql: $(INSTALLED) ## the tests that need an Airflow, on this database
	AIRFLOW_API_TEST_DB=$@ $(VENV)/pytest -q tests/integration/airflow

package-test: build ## the built wheel, where Airflow is not installed
	$(VENV)/uv venv -q --clear $(PACKAGE)
	$(VENV)/uv pip install -q --python $(PACKAGE)/bin/python --no-deps dist/*.whl
	cd $(PACKAGE) && bin/python -c 'from airflow_api_plugin.domain import plan_batch'
	$(VENV)/uv pip install -q --python $(PACKAGE)/bin/python -c constraints.txt dist/*.whl --group test
	cd $(PACKAGE) && bin/pytest -q ../../tests/unit ../../tests/integration/http_memory

format: $(INSTALLED) ## rewrite the code in the project's format
	$(VENV)/ruff check -q --fix-only .
	$(VENV)/ruff format .

lint: $(INSTALLED) ## format, lint, types and import contracts
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy -p airflow_api_plugin
	$(VENV)/mypy examples/*.py
	$(VENV)/lint-imports

constraints: $(INSTALLED) ## pin the newest versions that pyproject.toml allows
	$(VENV)/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.10 --all-extras --group dev \
		--no-header --no-annotate --strip-extras --output-file constraints.txt

build: $(INSTALLED) ## wheel and sdist, in dist/
	rm -rf build dist
	$(VENV)/uv build -q

clean: ## remove all that the other targets made, the Airflow home included
	rm -rf .venv .venvs airflow-home build dist *.egg-info .hypothesis .*_cache

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.10 or newer with its venv module was found: install one, or name it with PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing into .venv with $$($(PYTHON) --version); about a minute the first time"
	@test -x $(VENV)/pip || $(PYTHON) -m venv .venv
	@test -x $(VENV)/uv || $(VENV)/python -m pip install -q --disable-pip-version-check -c constraints.txt uv
	$(VENV)/uv pip install -c constraints.txt -e '.[airflow,postgres]' --group dev
	@touch $@
