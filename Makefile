# Everything a person needs: `make demo` to see it, `make check` to prove it.
# Each target makes the virtual environment it needs; nothing outside $(VENV) is touched.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed-dev
BENCH  := $(VENV)/.installed-bench
SOURCE := engine cli
PYTHON_FILES := $(SOURCE) tests benchmarks tools docs/generate_language.py

# The command line and the tests must see this checkout, whatever the caller has set.
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help demo check lint types contracts test crash packs fmt docs pictures bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(STAMP) ## tell the story of one complaint, with warnings and a breach
	@$(BIN)/dutyflow demo

check: lint types contracts test packs ## everything that must hold before a change goes in

lint: $(STAMP) ## format check and lint
	$(BIN)/ruff format --check $(PYTHON_FILES)
	$(BIN)/ruff check $(PYTHON_FILES)

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy $(SOURCE)

contracts: $(STAMP) ## who may import whom
	$(BIN)/lint-imports

test: $(STAMP) ## the tests, on all cores
	$(BIN)/pytest -n auto -q

crash: $(STAMP) ## the long proof that nothing is lost: processes and databases are killed, many seeds are played
	$(BIN)/pytest -n auto -q -m crash

packs: $(STAMP) ## check the shipped rulebooks and play their scenarios
	$(BIN)/dutyflow check workflows
	$(BIN)/dutyflow test workflows

fmt: $(STAMP) ## format the code and mend what can be mended
	$(BIN)/ruff format $(PYTHON_FILES)
	$(BIN)/ruff check --fix $(PYTHON_FILES)

docs: $(STAMP) ## write docs/language.md from the schemas and docs/language.toml
	$(BIN)/python docs/generate_language.py

pictures: $(STAMP) ## draw the life cycles into docs/pictures (needs Graphviz's `dot`)
	$(BIN)/python tools/draw_pictures.py

bench: $(BENCH) ## print the benchmarks: ratios against something measured in the same run
	@for file in benchmarks/bench_*.py benchmarks/durable.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

clean: ## remove the environment, builds and caches
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(SOURCE) tests benchmarks tools docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("dutyflow needs Python 3.11 or newer, found " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(BENCH): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@
