# Every target bootstraps what it needs; `make demo` works on a fresh clone.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check slow shops docs bench client lock clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

help:
	@echo "make setup   .venv with everything, from the lock"
	@echo "make demo    the sample merchant, five trained models, a running server"
	@echo "make test    the test suite, without the tests marked slow"
	@echo "make check   ruff, mypy --strict, documentation, tests"
	@echo "make slow    the tests that train, serve and open a browser"
	@echo "make shops   every named shop and two hundred random ones, end to end"
	@echo "make docs    the documentation, in site/"
	@echo "make client  the typed Python client as a wheel, and the storefront's, in dist/"
	@echo "make bench   the benchmarks on public data: make bench DATA=folder"

setup: $(READY)

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Argosy needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || { echo "LightGBM needs the system library libgomp. Debian, Ubuntu: apt-get install libgomp1; Fedora: dnf install libgomp; Alpine: apk add libgomp"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "python3 -m venv failed. Debian, Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet 'uv>=0.9'
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: $(READY)
	@$(BIN)/argosy demo

test: $(READY)
	@$(PYTEST) -m 'not slow'

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --site-dir $$(mktemp -d)
	$(PYTEST) -m 'not slow'

slow: $(READY)
	$(PYTEST) -m slow

shops: $(READY)
	ARGOSY_TEST_SHOPS=200 $(PYTEST) tests/merchants

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

bench: $(READY)
	@test -n "$(DATA)" || { echo "make bench DATA=folder: a folder with the public data sets (see README)"; exit 1; }
	@for script in tests/benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script $(DATA) || exit 1; done

client: $(READY)
	@$(BIN)/python clients/python_client.py dist
	@if command -v npm >/dev/null; then cd clients/storefront && npm ci --silent && npm run --silent build && npm pack --silent --pack-destination ../../dist; \
	else echo "npm is not installed: clients/storefront/dist stays as it is"; fi

lock: $(BIN)/python
	$(BIN)/uv pip compile --quiet --universal --extra demo --extra dev --extra traces --no-emit-index-url --no-emit-find-links --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --extra traces --generate-hashes --constraint requirements.lock --no-emit-index-url --no-emit-find-links --output-file requirements.run.lock pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache *.egg-info
