# Evently: `make run` and `make test` need Python 3.11 or newer and nothing else.

PYTHON ?= python3
PY := .venv/bin/python
# Runs a command with a throw-away PostgreSQL and Redis (unless DATABASE_URL, REDIS_URL are set).
WITH_SERVERS := $(PY) -m evently.dev exec --
MIGRATE := $(PY) manage.py migrate --verbosity 0
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
# The linters of docs/openapi.yaml.
OPENAPI := tests/openapi
# Each worker of the tests starts servers of its own; with one Redis that is given there is one.
SIDE_BY_SIDE := $(if $(REDIS_URL),,-n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder)
SUPPORTED := import sys; sys.version_info >= (3, 11) or sys.exit("Evently needs Python 3.11 or newer and found %s. Name a newer one: make PYTHON=python3.12" % sys.version.split()[0])

.DEFAULT_GOAL := help
.PHONY: help run test attack check check-project format openapi messages screenshots bench bench-quick bench-pages bench-admin shell prove audit lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.ready-to-run ## run everything on http://127.0.0.1:8000 until Ctrl-C (PORT=8001, EVENTLY_HOME=folder)
	@exec $(PY) -m evently.dev run

test: .venv/.ready-to-test ## run all tests, side by side on the cores there are (ARGS="-k waitlist -x")
	@exec $(PY) -m pytest $(SIDE_BY_SIDE) $(ARGS)

attack: .venv/.ready-to-test ## attack a started Evently in every known way, while others book (ARGS="-k flood")
	@NOTHING_ELSE_RUNS=yes exec $(PY) -m pytest tests/security $(ARGS)

check: .venv/.ready-to-test $(OPENAPI)/node_modules/.ready ## format, lint, types, layers, templates, migrations, API document
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) -m djlint --check --quiet templates
	@$(WITH_SERVERS) $(MAKE) --no-print-directory check-project
	@$(OPENAPI)/node_modules/.bin/redocly lint --config $(OPENAPI)/redocly.yaml --format stylish docs/openapi.yaml
	@$(OPENAPI)/node_modules/.bin/spectral lint --ruleset $(OPENAPI)/.spectral.yaml --fail-severity hint docs/openapi.yaml

check: export REDOCLY_TELEMETRY := off
check: export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

check-project: export LOG_LEVEL := WARNING
check-project:
	@$(PY) manage.py check --fail-level WARNING
	@$(PY) manage.py makemigrations --check --dry-run
	@$(PY) manage.py lintmigrations --settings tests.lint_settings --quiet ok ignore --no-cache --include-apps accounts history idempotency jobs events bookings waitlist notifications demo --ignore-name 0001_initial --ignore-name-contains price_with_three_decimals
	@$(PY) manage.py spectacular --fail-on-warn | diff -u docs/openapi.yaml - || { echo "docs/openapi.yaml is out of date: make openapi"; exit 1; }

format: .venv/.ready-to-test ## put code and templates into their format
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m djlint --reformat --quiet templates

openapi: .venv/.ready-to-run ## write the API document docs/openapi.yaml anew
	@$(WITH_SERVERS) $(PY) manage.py spectacular --fail-on-warn --file docs/openapi.yaml

messages: .venv/.ready-to-test ## collect the texts to translate, make what Django reads
	@DJANGO_SETTINGS_MODULE=evently.settings $(PY) -m evently.dev.messages

screenshots: .venv/.ready-to-test ## photograph every page and admin screen into screenshots/
	@$(WITH_SERVERS) $(PY) -m tests.browser.screenshots $(ARGS)

bench: .venv/.ready-to-test ## measure Evently beside other ways to do the same (some minutes)
	@exec $(PY) -m bench $(ARGS)

bench-quick: .venv/.ready-to-test ## see whether everything can be measured (a minute)
	@exec $(PY) -m bench --quick $(ARGS)

bench-pages: .venv/.ready-to-test ## measure the weight and the speed of the pages
	@$(WITH_SERVERS) $(PY) -m bench.pages $(ARGS)

bench-admin: .venv/.ready-to-test ## measure the admin with 200 000 bookings, and exports of 50 000
	@$(WITH_SERVERS) sh -c '$(MIGRATE) && DJANGO_SETTINGS_MODULE=evently.settings exec $(PY) -m bench.admin $(ARGS)'

shell: .venv/.ready-to-run ## a Django shell beside a running `make run`
	@exec $(PY) manage.py shell

prove: .venv/.ready-to-run ## try hard to sell a seat twice, and count
	@$(WITH_SERVERS) sh -c '$(MIGRATE) && exec $(PY) manage.py prove_no_oversell $(ARGS)'

audit: .venv/.ready-to-run ## recount the seats of all events beside a running `make run`
	@$(PY) manage.py audit_inventory $(ARGS)

lock: .venv/.ready-to-test ## write constraints.txt anew from what is installed
	@{ echo "# Every version of every package, made by \`make lock\`; do not edit."; $(PY) -m pip freeze; } > constraints.txt
	@touch .venv/.ready-to-run .venv/.ready-to-test

clean: ## remove .venv, node_modules and caches (data in .evently stays)
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache staticfiles
	@rm -rf $(OPENAPI)/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment, two stamps: what running needs, and what testing needs on top of it.
.venv/.ready-to-run: requirements.txt constraints.txt
	@$(PYTHON) -c '$(SUPPORTED)'
	@echo "Installing what Evently needs into .venv (once; a minute or two) …"
	@$(PYTHON) -m venv .venv
	@$(PIP_INSTALL) --requirement requirements.txt
	@touch $@

.venv/.ready-to-test: requirements-dev.txt .venv/.ready-to-run
	@echo "Installing what its tests need into .venv (once) …"
	@$(PIP_INSTALL) --requirement requirements-dev.txt
	@touch $@

$(OPENAPI)/node_modules/.ready: $(OPENAPI)/package.json $(OPENAPI)/package-lock.json
	@command -v npm >/dev/null || { echo "make check needs npm, with Node.js 18.17 or newer, for the linters of docs/openapi.yaml. On Debian: apt-get install npm"; exit 1; }
	@echo "Installing the linters of docs/openapi.yaml (once) …"
	@npm ci --prefix $(OPENAPI) --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@
