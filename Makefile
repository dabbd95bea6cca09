# Every target sets up what it needs: `make install` builds .venv from pinned constraints.
PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: install demo test check docs smoke zoo-check bench-engine bench-adaptive clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) install --constraint constraints.txt --editable '.[local,dev]'
	touch $@

demo: install  ## the main job on the embedded checkpoints, to results/demo/report.html
	$(BIN)/boundary study configs/demo.yaml

smoke: install  ## the same, small
	$(BIN)/boundary study configs/smoke.yaml

test: install
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

check: install  ## style, types, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/typer boundary.cli utils docs --name boundary | diff -u docs/cli.md - \
	  || (echo "docs/cli.md is out of date: make docs" >&2; exit 1)

docs: install  ## rewrite the generated reference of the commands
	$(BIN)/typer boundary.cli utils docs --name boundary > docs/cli.md

zoo-check: install  ## draw 20 problems of the zoo's stored counts again
	$(BIN)/python benchmarks/zoo_check.py

bench-engine: install  ## tokens per second against transformers' own generate
	$(BIN)/python benchmarks/engine.py

bench-adaptive: install  ## what stopping early saves, and that it does not bias
	$(BIN)/python benchmarks/adaptive.py

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache
