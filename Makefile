# make up      everything needed, then Vutler itself (Ctrl-C stops it)
# make test    everything the tests need, then all tests
# make ui      build the user interface, where its sources changed
# make schema  write the types of the user interface from the API's OpenAPI schema
# make storm   kill, pause and starve a real product for twenty minutes (MINUTES=, SEED=), then judge it
# make check   format, lint, types, imports, house rules
# make audit   known weaknesses of the dependencies, where the services answer (not part of check)
# make lock    resolve the dependencies anew
# make clean   forget the environment and the caches (never the data folder)

PYTHON ?= python3
UV_VERSION := 0.13.8
VENV := .venv
BIN := $(VENV)/bin
# The certificates of the system, where there are some: company networks bring their own.
CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt)
UV := VIRTUAL_ENV=$(CURDIR)/$(VENV) $(if $(CERTIFICATES),UV_SYSTEM_CERTS=true) $(BIN)/uv
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q
TESTS ?= tests

MINUTES ?= 20
SEED ?= 1

# Node.js is needed to build the pages; who has none gets the API, and a page that says so.
NODE_FITS := node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -name resources.d.ts -prune -o -type f -print)
NPM := cd ui && $(if $(CERTIFICATES),NODE_EXTRA_CA_CERTS=$(CERTIFICATES)) npm --loglevel=error

.PHONY: up test ui schema mail-server browser storm check audit lock clean
.DELETE_ON_ERROR:

up: $(VENV)/runtime.stamp
	@if $(NODE_FITS); then $(MAKE) -s ui/dist/.built; \
		else echo "Without Node.js 20.19 or newer there are no pages: only the API starts."; fi
	@exec $(BIN)/vutler up

test: $(VENV)/dev.stamp mail-server browser ui/dist/.built
	@$(BIN)/python -m tests.api.coverage reset
	@$(BIN)/python -m pytest $(TESTS) -n 2 --durations=10 || { [ $$? = 1 ] && $(BIN)/python -m tests.again; }
	@$(BIN)/python -m tests.api.coverage check

# The tests read mail from a real IMAP server, as a private instance.
mail-server:
	@PATH="$$PATH:/usr/sbin" command -v dovecot >/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		apt-get install -y -qq --no-install-recommends dovecot-imapd >/dev/null; } || \
		{ echo "The tests need an IMAP server. On Debian: apt-get install dovecot-imapd"; exit 1; }

# The tests of the pages drive Debian's Chromium; agents' pictures are emoji, which need a font to be seen.
browser:
	@{ command -v chromium && ls /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf; } >/dev/null 2>&1 || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		apt-get install -y -qq --no-install-recommends chromium fonts-noto-color-emoji >/dev/null; } || \
		command -v chromium >/dev/null || \
		{ echo "The tests need a browser. On Debian: apt-get install chromium fonts-noto-color-emoji"; exit 1; }

ui: ui/dist/.built

ui/node_modules/.installed: ui/package-lock.json ui/package.json ui/.npmrc
	@$(NODE_FITS) || { echo "The user interface needs Node.js 20.19 or newer."; exit 1; }
	@echo "installing the locked packages of the user interface"
	@$(NPM) ci --no-progress >/dev/null
	@touch $@

ui/dist/.built: ui/node_modules/.installed $(UI_SOURCES)
	@echo "building the user interface"
	@$(NPM) run build
	@touch $@

schema: $(VENV)/dev.stamp ui/node_modules/.installed
	@$(BIN)/python -m deployments.openapi | (cd ui && node scripts/schema.mjs)

storm: $(VENV)/dev.stamp
	@$(BIN)/python -m bench.storm --minutes $(MINUTES) --seed $(SEED)

check: $(VENV)/dev.stamp ui/node_modules/.installed
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest --noconftest tests/test_architecture.py tests/test_by_hand.py
	@$(BIN)/python -m deployments.openapi | (cd ui && node scripts/schema.mjs --check)
	@$(NPM) run check

audit: $(VENV)/dev.stamp
	@$(if $(CERTIFICATES),UV_SYSTEM_CERTS=true) $(BIN)/python -m tests.audit_dependencies

lock: $(BIN)/uv
	$(COMPILE) requirements-dev.in -o requirements-dev.lock
	$(COMPILE) requirements.in -c requirements-dev.lock -o requirements.lock

clean:
	rm -rf ui/node_modules ui/dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# An environment with the tools of development runs the product as well, and is left as it is.
$(VENV)/runtime.stamp: requirements.lock pyproject.toml $(BIN)/uv
	@if [ ! -e $(VENV)/dev.stamp ] || [ requirements.lock -nt $(VENV)/dev.stamp ]; then \
		echo "installing the locked dependencies"; \
		$(UV) pip sync -q --require-hashes requirements.lock && $(UV) pip install -q --no-deps -e . && \
		rm -f $(VENV)/dev.stamp; \
	fi
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml $(BIN)/uv
	@echo "installing the locked dependencies of development"
	@$(UV) pip sync -q --require-hashes requirements-dev.lock
	@$(UV) pip install -q --no-deps -e .
	@touch $@

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Vutler needs Python 3.11 or newer. Name one: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq python3-venv; } || { \
		echo "This Python can't make environments. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "making the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@
