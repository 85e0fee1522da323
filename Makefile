# Everything a newcomer types. What is done is marked by stamps, so nothing is done twice; the steps
# themselves are in .ci/setup.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run static test worlds scrubs bench bench-dated budgets chaos scaleout simulate soak night fuzz costs lint qgis wheel release docs pins audit clean machine browser firefox services
.PHONY: lint-python lint-web units

OUT := static-site
WORLDS := 500
SCRUBS := 100
SOAK_MINUTES := 20
NIGHT_MINUTES := 10
FUZZ_MINUTES := 10
# The trials import two months of the real archive, or an invented one; OVER is a data folder to copy instead.
TRIED := $(if $(OVER),--over $(OVER))
WEB := tileserver/web/frontend
BUILT := tileserver/web/static/.built
SOURCES := requirements-basemap.txt $(shell find $(WEB) styles -type f -not -path '*/node_modules/*' -not -name '.*' 2>/dev/null)
# Before make looks at the stamps: a .venv that was moved or lost its Python is removed, and so made anew.
MOVED := $(shell .ci/setup forget-moved-venv)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

run: setup ## set up what is missing and serve at http://127.0.0.1:8000 (HOST, PORT, DATABASE_URL)
	@exec .venv/bin/tileserver serve --sample

static: setup ## make the map of the samples as files, in ./static-site or OUT; docs/static.md
	@.venv/bin/tileserver sample
	@.venv/bin/tileserver site make $(OUT)

setup: machine .venv/.made-run $(BUILT) ## set up what `make run` needs, and stop there

# The checks and the tests of the front end keep a core busy each; the tests of pytest keep both.
test: setup .venv/.made-dev browser firefox services ## set up everything and run every test and check
	@$(MAKE) --no-print-directory --jobs 2 lint units
	@export CHROMIUM="$$(.ci/setup which-browser)"; \
		.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cache-clear || .ci/alone $$?

worlds: setup .venv/.made-dev ## hold the laws of time to 500 random worlds instead of a few (WORLDS)
	TILESERVER_TEST_WORLDS=$(WORLDS) .venv/bin/python -m pytest tests/web/test_history_worlds.py

scrubs: setup .venv/.made-dev browser ## move the slider at random 100 times, on a slow network, losing contexts (SCRUBS)
	TILESERVER_TEST_SCRUBS=$(SCRUBS) CHROMIUM="$$(.ci/setup which-browser)" .venv/bin/python -m pytest -s --tb=native tests/browser/test_scrubs.py

bench: setup .venv/.made-dev ## measure tiles beside Martin and others, and another commit (BASE)
	.venv/bin/python -m tests.bench

bench-dated: setup .venv/.made-dev ## score servers of dated tiles, right or wrong first: docs/benchmark.md (ONLY, OUT_JSON)
	.venv/bin/python -m tests.bench.dated $(if $(ONLY),--only "$(ONLY)") $(if $(OUT_JSON),--out "$(OUT_JSON)")

budgets: setup .venv/.made-dev browser ## measure bytes, layout shift, first picture, long frames and heap of a running server's page (URL)
	.venv/bin/python -m tests.bench.budgets

chaos: setup .venv/.made-dev ## break tasks, layers and the database on purpose, and print what became of it
	.venv/bin/python -m tests.chaos
	.venv/bin/python -m tests.endurance breakage $(TRIED)

scaleout: setup .venv/.made-dev ## kill each of two servers, store, primary, standby and cache under load, and print the matrix
	.venv/bin/python -m tests.endurance scaleout

simulate: setup .venv/.made-dev ## readers through nginx to two servers while a day is published, and what follows: docs/capacity.md
	.venv/bin/python -m tests.endurance simulate

soak: setup .venv/.made-dev ## 80 % of the capacity for SOAK_MINUTES (20), with imports and withdrawals meanwhile
	.venv/bin/python -m tests.endurance soak --minutes $(SOAK_MINUTES) $(TRIED)

night: setup .venv/.made-dev ## a breaking night: 4,000 requests a second for NIGHT_MINUTES (10)
	.venv/bin/python -m tests.endurance night --minutes $(NIGHT_MINUTES) $(TRIED)

fuzz: setup .venv/.made-dev .venv/tools/.made ## requests of all shapes, and then those that /api describes, for FUZZ_MINUTES (10) each
	.venv/bin/python -m tests.endurance fuzz --minutes $(FUZZ_MINUTES) $(TRIED)

costs: setup .venv/.made-dev ## what the dearest request of each kind costs, and what 100 clients of it do to others
	.venv/bin/python -m tests.endurance costs $(TRIED)

lint: lint-python lint-web ## style, format, types and import rules, of Python and TypeScript

lint-python: setup .venv/.made-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

lint-web: setup
	cd $(WEB) && npm run --silent lint

units: setup
	cd $(WEB) && npm test

qgis: ## draw the sample of a running server in QGIS, where python3-qgis is installed
	/usr/bin/python3 tests/clients/draw_in_qgis.py http://127.0.0.1:$${PORT:-8000} western-front 1944-08-25 /tmp/tileserver-qgis.png

wheel: setup ## build the wheel, with the built front end in it, into ./dist
	.venv/bin/python -m pip --disable-pip-version-check --quiet wheel --no-deps --no-build-isolation --wheel-dir dist .

release: setup .venv/.made-dev ## build wheel, sources, checksums and image of the tagged version, twice and compared: CONTRIBUTING.md
	@.venv/bin/python .ci/release.py

docs: setup .venv/.made-dev ## make a site of the pages below docs/, with a search, in docs/_site
	.venv/bin/sphinx-build -q -W --keep-going -b html docs docs/_site

pins: .venv/tools/.made ## renew the hashes of all packages in requirements*.txt
	.venv/tools/bin/python .ci/pins.py

audit: .venv/tools/.made $(WEB)/node_modules/.made ## ask for known faults of all packages, and say what nobody could answer
	.venv/tools/bin/python .ci/audit.py

clean: ## remove all that was built, with the embedded PostGIS and its data in .tileserver
	@.ci/setup clean

# Quick looks that are taken every time; they install only what is missing.
machine:
	@.ci/setup machine

browser: machine
	@.ci/setup browser

firefox: machine
	@.ci/setup firefox

services: machine
	@.ci/setup services

.venv/.made-run: requirements.txt pyproject.toml | machine
	@.ci/setup venv

.venv/.made-dev: requirements-dev.txt .venv/.made-run
	@.ci/setup venv-dev
	@.ci/setup promtool

.venv/tools/.made: requirements-tools.txt | .venv/.made-run
	@.ci/setup tools

.venv/.made-node: .venv/.made-run
	@.ci/setup node

$(WEB)/node_modules/.made: $(WEB)/package.json $(WEB)/package-lock.json .venv/.made-node
	cd $(WEB) && npm ci --no-audit --no-fund
	@touch $@

$(BUILT): $(WEB)/node_modules/.made $(SOURCES)
	cd $(WEB) && npm run build
	@touch $@
