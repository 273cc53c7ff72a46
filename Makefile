# The developer's entry points. All that is installed or built goes into this folder: .venv, .venvs, dist and airflow-home.

find_python = $(shell for python in $(1) python3; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$python && break; done)
PYTHON ?= $(call find_python,python3.13 python3.12 python3.11 python3.10)
OLD_PYTHON ?= >=3.10,<3.13
# of the supported Pythons each has its turn, where the machine has it: the first of a list that is there
PYTHON_3.0 ?= 3.10
PYTHON_3.1 ?= 3.11
PYTHON_3.1-sqlalchemy-1.4 ?= 3.12
PYTHON_3.2 ?= 3.12
PYTHON_3.3 ?= 3.13
PYTHON_3.4 ?= 3.14 3.13 3.12 3.11
# the oldest Python of each Airflow, where it is not that of this package
LOWEST_PYTHON_3.4 := 3.11
LOWEST_PYTHON_fab-3.3 := 3.11
PORT ?= 8000
AIRFLOW_PORT ?= 8080
ONCE ?=
FULL ?=
MINOR ?=
AIRFLOW ?=
SECONDS ?= 300
SEED ?=
RUNS ?=
GROUPS ?=
CLIENTS ?=
DAGS ?=

VENV := .venv/bin
INSTALLED := .venv/installed
# the environment of `make run` and `make bench`: the usual one, or that in compat/ of the Airflow that is named
CHOSEN := $(if $(AIRFLOW),.venvs/$(word 1,$(subst ., ,$(AIRFLOW))).$(word 2,$(subst ., ,$(AIRFLOW))),.venv)
PACKAGE := .venvs/package
SHIPPED := .venvs/shipped
LOWEST := .venvs/lowest
RELEASE := .venvs/release
# not in .venv: with what writes the bill of materials, each start of an Airflow there takes a quarter longer
SUPPLY := .venvs/supply
OLDEST := 3.0
# much of each is waiting; a make that runs several at once already hands out the places itself
THREE_AT_ONCE = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j3)
# what does the same on either database, and has one in `make test`; `make compat` has what depends on Airflow on both
ONE_DATABASE := scheduler plugin operators terminal security service schedules
CHECK_CHOSEN = ls -d $(CHOSEN)/lib/*/site-packages/apache_airflow_core-$(AIRFLOW)*.dist-info >/dev/null 2>&1 || \
	{ echo "compat/ pins another version than Airflow $(AIRFLOW)"; exit 1; }
PINNED = $(patsubst compat/%.txt,%,$(wildcard compat/$(or $(MINOR),[0-9])*.txt))
PINNED_WITH_PAGES = $(filter-out 3.0%,$(PINNED))
HAS_CHROMIUM := command -v chromedriver >/dev/null
NEEDS_CHROMIUM := $(HAS_CHROMIUM) || \
	{ echo "Chromium and its driver were not found: on Debian, apt-get install chromium chromium-driver"; exit 1; }
PIN = $(VENV)/uv pip compile --quiet --upgrade --universal --python-version $(or $(LOWEST_PYTHON_$*),3.10) --no-header --no-annotate --strip-extras
PIN_LOWEST := $(VENV)/uv pip compile --quiet --python-version 3.10 --no-header --no-annotate --strip-extras --resolution lowest-direct
AUDIT := $(SUPPLY)/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off
export UV_CACHE_DIR ?= $(CURDIR)/.venv/cache
export VIRTUAL_ENV := $(CURDIR)/.venv

.PHONY: help run demo recording screenshots check test unit sqlite postgresql faults faults-postgresql faults-sqlite torture shapes cancel-torture schedule control estimate scale memory notify from-a-dag browser-test browser-compat fab clients fuzz compat compat-oldest lowest audit package-test format lint examples constraints build bench clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

run: $(CHOSEN)/installed ## an Airflow of its own and this service on it, with a first group of runs (PORT=, AIRFLOW_PORT=, ONCE=1, AIRFLOW=3.4)
	@$(CHECK_CHOSEN)
	@exec $(CHOSEN)/bin/python examples/run.py --port $(PORT) --airflow-port $(AIRFLOW_PORT) $(if $(filter-out 0,$(ONCE)),--once)

demo: $(INSTALLED) ## this service alone, on the in-memory backend (PORT=)
	@echo "Page          http://127.0.0.1:$(PORT)/"
	@echo "Try requests  http://127.0.0.1:$(PORT)/api/v1/docs"
	@echo "Terminal      $(VENV)/airflow-groups dags$(if $(filter-out 8000,$(PORT)), --url http://127.0.0.1:$(PORT))"
	@echo "The service runs until Ctrl-C. Its log follows."
	@exec $(VENV)/airflow-groups serve --backend memory --bind 127.0.0.1:$(PORT)

screenshots: $(INSTALLED) ## the pictures of the page of groups in docs/page, from the page itself
	@$(NEEDS_CHROMIUM)
	$(VENV)/python examples/screenshots.py

recording: $(INSTALLED) ## the picture of `airflow-groups create --watch` in the README, docs/create-watch.svg, from the command itself
	$(VENV)/python examples/recording.py

check: test lint docs ## all that must hold before a change goes in: format, lint, types, import contracts, tests, documents

test: $(INSTALLED) ## every test, with a real Airflow on SQLite and on PostgreSQL
	@# those that take longest first, and with them the one that waits for most of its time
	@$(MAKE) --no-print-directory --keep-going --output-sync $(THREE_AT_ONCE) one-database faults-postgresql package-test postgresql sqlite faults-sqlite

unit: $(INSTALLED) ## the tests that need no Airflow
	$(VENV)/pytest -q tests/unit tests/integration/http_memory

postgresql: EXCEPT := --ignore tests/integration/airflow/groups/test_shapes.py
sqlite postgresql: $(INSTALLED) ## the tests that need an Airflow, on this database
	AIRFLOW_GROUPS_TEST_DB=$@ $(VENV)/pytest -q tests/integration/airflow $(EXCEPT) $(ONE_DATABASE:%=--ignore tests/integration/airflow/%)

one-database: $(INSTALLED) ## the tests that need an Airflow and do the same on either database: its scheduler, its API server, tokens, …
	AIRFLOW_GROUPS_TEST_DB=postgresql $(VENV)/pytest -q $(ONE_DATABASE:%=tests/integration/airflow/%)

faults: $(INSTALLED) ## PostgreSQL killed, frozen, cut off; SQLite locked and full; broken metadata; half a minute of torture; docs/reliability.md
	@$(MAKE) --no-print-directory $(THREE_AT_ONCE) faults-postgresql faults-sqlite

faults-sqlite faults-postgresql:
	AIRFLOW_GROUPS_TEST_DB=$(@:faults-%=%) $(VENV)/pytest -q tests/integration/faults

torture: SECONDS = 1800
torture: $(INSTALLED) ## mixed load while everything fails by chance, for half an hour, and an audit at its end (SECONDS=, SEED=)
	AIRFLOW_GROUPS_TEST_DB=postgresql TORTURE_SECONDS=$(SECONDS) TORTURE_SEED=$(SEED) $(VENV)/pytest -q -s tests/integration/faults/torture

shapes: $(INSTALLED) ## cancel and retry beside Airflow's own on DAGs of every shape, executed by its scheduler, on SQLite and PostgreSQL
	AIRFLOW_GROUPS_TEST_DB=postgresql $(VENV)/pytest -q tests/integration/proofs/test_shapes.py
	AIRFLOW_GROUPS_TEST_DB=sqlite $(VENV)/pytest -q tests/integration/proofs/test_shapes.py

cancel-torture: $(INSTALLED) ## 30,000 queued runs cancelled under a running scheduler, on SQLite and PostgreSQL (RUNS=)
	AIRFLOW_GROUPS_TEST_DB=sqlite CANCEL_RUNS=$(RUNS) $(VENV)/pytest -q -s tests/integration/proofs/test_cancel_torture.py
	AIRFLOW_GROUPS_TEST_DB=postgresql CANCEL_RUNS=$(RUNS) $(VENV)/pytest -q -s tests/integration/proofs/test_cancel_torture.py

schedule: $(INSTALLED) ## DAGs of every minute beside groups of each kind, under Airflow's own scheduler: none loses a scheduled run (SECONDS=)
	AIRFLOW_GROUPS_TEST_DB=sqlite SCHEDULE_SECONDS=$(SECONDS) $(VENV)/pytest -q -s tests/integration/proofs/test_schedule.py
	AIRFLOW_GROUPS_TEST_DB=postgresql SCHEDULE_SECONDS=$(SECONDS) $(VENV)/pytest -q -s tests/integration/proofs/test_schedule.py

control: $(CHOSEN)/installed ## caps, pauses and stops of groups under Airflow's own scheduler, two of them on PostgreSQL, one of which is killed (AIRFLOW=3.0)
	@$(CHECK_CHOSEN)
	AIRFLOW_GROUPS_TEST_DB=sqlite $(CHOSEN)/bin/pytest -q -s tests/integration/proofs/test_control.py
	AIRFLOW_GROUPS_TEST_DB=postgresql $(CHOSEN)/bin/pytest -q -s tests/integration/proofs/test_control.py

estimate: $(INSTALLED) ## the expected end of a group of 26,304 runs beside the end that comes, on PostgreSQL: an hour or so (RUNS=)
	AIRFLOW_GROUPS_TEST_DB=postgresql ESTIMATE_RUNS=$(RUNS) $(VENV)/pytest -q -s tests/integration/proofs/test_estimate.py

scale: .venvs/celery-3.3/installed ## groups by many clients under two schedulers, Celery with Redis, three replicas behind HAProxy, then one of each killed (GROUPS=, CLIENTS=, DAGS=, RUNS=)
	@for command in redis-server haproxy; do PATH="$$PATH:/usr/sbin" command -v $$command >/dev/null || \
		{ echo "$$command was not found: on Debian, apt-get install --no-install-recommends redis-server haproxy"; exit 1; }; done
	AIRFLOW_GROUPS_TEST_DB=postgresql SCALE_GROUPS=$(GROUPS) SCALE_CLIENTS=$(CLIENTS) SCALE_DAGS=$(DAGS) SCALE_RUNS=$(RUNS) \
		$(<D)/bin/pytest -q -s tests/integration/proofs/scale

memory: $(INSTALLED) ## what the largest requests of each kind take of a worker's memory, and that it is bounded
	AIRFLOW_GROUPS_TEST_DB=postgresql $(VENV)/pytest -q -s tests/integration/proofs/test_memory.py

notify: $(INSTALLED) ## the loop of Airflow's scheduler while 1,000 runs end, without and with the listener and notifications (RUNS=)
	AIRFLOW_GROUPS_TEST_DB=sqlite NOTIFY_RUNS=$(RUNS) $(VENV)/pytest -q -s tests/integration/proofs/test_notify.py
	AIRFLOW_GROUPS_TEST_DB=postgresql NOTIFY_RUNS=$(RUNS) $(VENV)/pytest -q -s tests/integration/proofs/test_notify.py

from-a-dag: $(INSTALLED) .venvs/$(OLDEST)/installed ## the example DAGs under Airflow's scheduler, triggerer and API server, on the oldest Airflow and the newest
	AIRFLOW_GROUPS_TEST_DB=postgresql $(VENV)/pytest -q tests/integration/proofs/test_from_a_dag.py
	AIRFLOW_GROUPS_TEST_DB=postgresql .venvs/$(OLDEST)/bin/pytest -q tests/integration/proofs/test_from_a_dag.py

browser-test: $(INSTALLED) ## the page of groups on its own, and the page on which to try requests, in Chromium
	@$(NEEDS_CHROMIUM)
	@command -v npm >/dev/null || { echo "npm, which fetches axe-core for these tests, was not found: on Debian, apt-get install npm"; exit 1; }
	$(VENV)/pytest -q tests/browser --ignore tests/browser/inside_airflow

browser-compat: $(PINNED_WITH_PAGES:%=.venvs/%/installed) ## the page of groups within Airflow's own UI on each version that shows pages of plugins (MINOR=3.1: on one)
	@$(NEEDS_CHROMIUM)
	set -e; for pins in $(PINNED_WITH_PAGES); do echo "$$pins"; \
		AIRFLOW_GROUPS_TEST_AIRFLOW=.venvs/$$pins/bin $(VENV)/pytest -q tests/browser/inside_airflow; done

fab: .venvs/fab-3.3/installed ## the browser's session and the page of groups with Airflow's FAB auth manager, its roles and its login
	@$(NEEDS_CHROMIUM)
	AIRFLOW_GROUPS_TEST_AIRFLOW=.venvs/fab-3.3/bin AIRFLOW_GROUPS_TEST_AUTH_MANAGER=fab $(VENV)/pytest -q tests/browser/inside_airflow

clients: $(INSTALLED) ## clients that public tools make from the OpenAPI description, and what a linter says of it
	@command -v npx >/dev/null || { echo "Node.js and its npx were not found: on Debian, apt-get install nodejs npm"; exit 1; }
	$(VENV)/pytest -q tests/clients

fuzz: $(INSTALLED) ## requests that schemathesis thinks up, to either backend, for five minutes each (SECONDS=)
	AIRFLOW_GROUPS_FUZZ_SECONDS=$(SECONDS) $(VENV)/pytest -q tests/integration/http_memory/test_fuzz.py
	AIRFLOW_GROUPS_FUZZ_SECONDS=$(SECONDS) AIRFLOW_GROUPS_TEST_DB=postgresql $(VENV)/pytest -q tests/integration/airflow/service/test_fuzz.py

compat: $(PINNED:%=.venvs/%/installed) ## backend, rows and plugin on every supported version of Airflow, and docs/compatibility.md (MINOR=3.0: on one)
	$(VENV)/python compat/table.py $(PINNED)
	@if $(HAS_CHROMIUM); then $(MAKE) --no-print-directory browser-compat; else echo "without Chromium, the page within Airflow's UI was not tried"; fi

compat-oldest: .venvs/$(OLDEST)/installed ## what the backend promises, and its rows against Airflow's own, on the oldest supported version
	AIRFLOW_GROUPS_TEST_DB=sqlite $(<D)/bin/pytest -q tests/integration/airflow/test_contracts.py tests/integration/airflow/groups/test_parity.py

lowest: $(INSTALLED) ## the lowest versions that pyproject.toml allows: the tests that need no Airflow, and what the backend promises
	$(PIN_LOWEST) pyproject.toml --output-file $(LOWEST)-alone.txt
	$(PIN_LOWEST) pyproject.toml -c compat/$(OLDEST).in --all-extras --output-file $(LOWEST)-airflow.txt
	$(VENV)/uv venv -q --clear --python '$(OLD_PYTHON)' $(LOWEST)
	$(VENV)/uv pip install -q --python $(LOWEST)/bin/python -c $(LOWEST)-alone.txt -e . --group test
	$(LOWEST)/bin/pytest -q tests/unit tests/integration/http_memory
	$(VENV)/uv pip install -q --python $(LOWEST)/bin/python -c $(LOWEST)-airflow.txt -e '.[airflow,postgres]' --group test
	AIRFLOW_GROUPS_TEST_DB=sqlite $(LOWEST)/bin/pytest -q tests/integration/airflow/test_contracts.py

audit: $(SUPPLY)/installed ## known vulnerabilities of what constraints.txt pins; the other versions of Airflow in compat/ are told of only
	for pins in $(filter-out compat/3.3.txt,$(wildcard compat/*.txt)); do \
		echo "$$pins"; $(AUDIT) -r $$pins; done; $(AUDIT) -r constraints.txt

package-test: $(INSTALLED) ## the wheel built from the sdist, tested by the sdist's own tests where Airflow is not installed
	@$(MAKE) --no-print-directory build  # as a prerequisite it would have this suite begin last
	$(VENV)/uv venv -q --clear $(PACKAGE)
	mkdir $(PACKAGE)/source
	tar -xzf dist/*.tar.gz -C $(PACKAGE)/source --strip-components 1
	git ls-files | (cd $(PACKAGE)/source && xargs -r ls -d >/dev/null)  # what the sdist lacks is an error
	$(VENV)/uv pip install -q --python $(PACKAGE)/bin/python --no-deps dist/*.whl
	cd $(PACKAGE) && bin/python -c 'import airflow_run_groups.domain'
	$(VENV)/uv pip install -q --python $(PACKAGE)/bin/python -c constraints.txt dist/*.whl --group test
	cd $(PACKAGE)/source && ../bin/pytest -q tests/unit tests/integration/http_memory

format: $(INSTALLED) ## rewrite the code in the project's format
	$(VENV)/ruff check -q --fix-only .
	$(VENV)/ruff format .

lint: $(INSTALLED) ## format, lint, types, import contracts and prose
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/python .ci/check_types.py
	$(VENV)/lint-imports
	$(VENV)/python .ci/check_prose.py

examples: $(INSTALLED) ## send the requests of examples.json, and write their responses there and into the README and docs/
	AIRFLOW_GROUPS_WRITE_EXAMPLES=1 $(VENV)/pytest -q tests/unit/http/openapi/test_examples.py

.PHONY: docs
docs: $(INSTALLED) ## the documentation site, in build/site/html: strict, and readable without a network
	$(VENV)/python docs/site/build.py
	$(VENV)/pytest -q tests/docs

constraints: $(patsubst compat/%.in,constraints-%,$(wildcard compat/*.in)) ## pin the newest versions that pyproject.toml allows, for each supported version of Airflow
	$(PIN) pyproject.toml --all-extras --group dev --group supply --output-file constraints.txt

constraints-%: $(INSTALLED)
	$(PIN) pyproject.toml compat/$*.in --all-extras --group test --output-file compat/$*.txt

build: $(SUPPLY)/installed ## wheel, sdist and a bill of materials (CycloneDX), in dist/
	rm -rf build/lib build/bdist.* dist  # and not build/site, which may be in the making
	$(VENV)/uv build -q
	$(VENV)/uv venv -q --clear $(SHIPPED)
	$(VENV)/uv pip install -q --python $(SHIPPED)/bin/python -c constraints.txt dist/*.whl
	$(SUPPLY)/bin/python .ci/bill_of_materials.py $(SHIPPED)/bin/python > $$(echo dist/*.whl | sed 's/-py3.*/.cdx.json/')

.PHONY: release-check
release-check: build ## what a release needs: wheel, sdist, bill of materials, documents, their checks, and the first example with the wheel in a plain Airflow
	$(SUPPLY)/bin/twine check --strict dist/*.whl dist/*.tar.gz
	$(SUPPLY)/bin/check-wheel-contents --ignore W002 dist/*.whl  # licences stand beside their files, and in .dist-info
	$(VENV)/python -m json.tool dist/*.cdx.json >/dev/null
	@$(MAKE) --no-print-directory docs
	$(VENV)/uv venv -q --clear $(RELEASE)
	$(VENV)/uv pip install -q --python $(RELEASE)/bin/python -c constraints.txt apache-airflow dist/*.whl
	cd $(RELEASE) && bin/python -c 'import airflow_run_groups, pathlib; assert pathlib.Path(airflow_run_groups.__file__).is_relative_to(pathlib.Path.cwd())'
	$(RELEASE)/bin/python examples/run.py --once --port $(PORT) --airflow-port $(AIRFLOW_PORT)

bench: $(CHOSEN)/installed ## this service beside Airflow's own API, in benchmarks/results: 5 to 15 minutes, or all of it (FULL=1, AIRFLOW=3.4)
	@$(CHECK_CHOSEN)
	@exec $(CHOSEN)/bin/python -m benchmarks $(if $(filter-out 0,$(FULL)),--full) $(if $(AIRFLOW),--airflow)

clean: ## remove all that the other targets made, the Airflow home included
	rm -rf .venv .venvs airflow-home* build dist *.egg-info .hypothesis .*_cache

.venvs/%/installed: compat/%.txt $(INSTALLED)
	test -x $(@D)/bin/python || for python in $(PYTHON_$*) '$(OLD_PYTHON)'; do \
		$(VENV)/uv venv -q --python "$$python" $(@D) 2>/dev/null && break; done
	$(VENV)/uv pip install -q --python $(@D)/bin/python -c $< $(patsubst %,-r %,$(wildcard compat/$*.in)) -e '.[airflow,postgres]' --group test
	@touch $@

$(SUPPLY)/installed: $(INSTALLED)
	$(VENV)/uv venv -q --clear $(@D)
	$(VENV)/uv pip install -q --python $(@D)/bin/python -c constraints.txt --group supply
	@touch $@

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.10 or newer with its venv module was found: install one, or name it with PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing into .venv with $$($(PYTHON) --version); about a minute the first time"
	@test -x $(VENV)/pip || $(PYTHON) -m venv .venv
	@test -x $(VENV)/uv || $(VENV)/python -m pip install -q --disable-pip-version-check -c constraints.txt uv
	$(VENV)/uv pip install -q -c constraints.txt -e '.[airflow,postgres]' --group dev
	@touch $@
