# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UI := web/ui
PAGES := web/static/index.html

.PHONY: demo serve test test-unit lint format pages api bench-media bench-lines bench-scheduler bench-monitor lock browsers clean

demo: $(VENV)/.installed $(PAGES)
	@$(BIN)/python -m diemcau demo $(if $(CHECK),--check) $(if $(HTTPS),--https) $(if $(POINTS),--points "$(POINTS)")

serve: $(VENV)/.installed $(PAGES)
	@$(BIN)/python -m diemcau serve

test: $(VENV)/.installed-dev $(PAGES) browsers
	deploy/with-node.sh npm --prefix $(UI) test
	$(BIN)/python -m pytest -n 2

test-unit: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/unit

lint: $(VENV)/.installed-dev $(UI)/node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	deploy/with-node.sh npm --prefix $(UI) run check
	deploy/with-node.sh npm --prefix $(UI) run lint

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-media: $(VENV)/.installed-dev
	$(BIN)/python -m bench.media

bench-lines: $(VENV)/.installed-dev $(PAGES) browsers
	$(BIN)/python -m bench.lines

bench-scheduler: $(VENV)/.installed-dev
	$(BIN)/python -m bench.scheduler

bench-monitor: $(VENV)/.installed-dev $(PAGES) browsers
	$(BIN)/python -m bench.monitor

pages: $(PAGES)

# What is made from the models: the OpenAPI document, the pages' types from it, the schema of an archive.
api: $(VENV)/.installed-dev $(UI)/node_modules/.installed
	$(BIN)/python -m web.openapi > web/openapi.json
	deploy/with-node.sh npm --prefix $(UI) run types
	$(BIN)/python -m web.archive.schema > docs/archive.schema.json

# Versions and hashes of everything, without any registry's address.
lock:
	$(BIN)/pip install uv
	$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -p 3.11 -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -p 3.11 -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile -q --group build --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -p 3.11 -o deploy/node.lock

clean:
	rm -rf $(VENV) .demo web/static $(UI)/node_modules

# Debian splits `ensurepip` off python3-venv; where it is missing, the machine's own pip fills the environment.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --without-pip --clear $(VENV) && $(PYTHON) -m pip --python $(VENV)/bin/python install --quiet pip; }

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the Python packages into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock | $(VENV)/bin/python
	@echo "Installing the Python packages and the developers' tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.installed

$(UI)/node_modules/.installed: $(UI)/package-lock.json | $(VENV)/bin/python
	@echo "Installing the packages of the pages …"
	@deploy/with-node.sh npm --prefix $(UI) ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGES): $(UI)/node_modules/.installed $(shell find $(UI)/src $(UI)/index.html $(UI)/vite.config.ts -type f 2>/dev/null)
	@echo "Building the pages …"
	@deploy/with-node.sh npm --prefix $(UI) run --silent build

browsers:
	@deploy/install-browsers.sh
