# The two commands for everybody: `make demo` and `make test`. Both make .venv first if it is not there.

PYTHON ?= python3
export D2L_DATA ?= $(CURDIR)/data
BIN := .venv/bin
# Processes that share the tests; of two cores they leave none idle while tests wait.
WORKERS ?= 3
FAST := not slow and not browser and not gpu
FAST_TESTS := tests/base tests/engine tests/files tests/hpo tests/plot tests/rl tests/vision tests/properties

.PHONY: demo test test-fast coverage mutants check bench peers growth api docs data dist clean .venv

# Threads that wait asleep, not spinning: on a shared machine the cores are somebody else's too.
demo test docs: export OMP_WAIT_POLICY ?= PASSIVE
# The processes that share the tests share the cores: one thread each.
test test-fast coverage mutants: export OMP_NUM_THREADS ?= 1

demo: .venv/installed data  ## run every lesson; leave notebooks and pages in out/lessons
	$(BIN)/d2l lessons run --out out/lessons
	@echo "open out/lessons/index.html"

test: check data  ## everything that continuous integration runs
	$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder

test-fast: .venv/installed data  ## a quick part of the tests
	$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder -q -m "$(FAST)" $(FAST_TESTS)

coverage: .venv/installed data  ## which lines of d2l the fast tests execute
	$(BIN)/python -m pytest -n $(WORKERS) -q -m "$(FAST)" --cov=d2l --cov-report=term:skip-covered

mutants: .venv/installed data  ## small faults put in on purpose: which of them a test notices
	$(BIN)/python -m tools.mutants --sample 300 --workers $(WORKERS)

check: .venv/installed  ## style, types, rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed data  ## ours against d2l 1.0.3 and a hand-written loop, one table
	$(BIN)/python -m bench.homework

# In an environment of its own: what the other libraries bring must not change what the tests run in.
peers: .venv-peers/installed data  ## ours against other libraries and loops by hand, recorded
	.venv-peers/bin/python -m bench.peers --record

.venv-peers/installed: pyproject.toml
	@if $(PYTHON) -c "import torch, torchvision" 2>/dev/null; \
	then $(PYTHON) -m venv --system-site-packages .venv-peers; else $(PYTHON) -m venv .venv-peers; fi
	.venv-peers/bin/python -m pip install --quiet --editable ".[peers]"
	touch $@

.venv: .venv/installed  ## an environment with everything

# A torch that this Python has already is used, not installed again.
.venv/installed: pyproject.toml
	@if $(PYTHON) -c "import torch, torchvision" 2>/dev/null; \
	then $(PYTHON) -m venv --system-site-packages .venv; else $(PYTHON) -m venv .venv; fi
	$(BIN)/python -m pip install --quiet --editable ".[all]"
	touch $@

data: .venv/installed  ## Fashion-MNIST, where it cannot be downloaded
	tools/provide_data.sh

growth: .venv/installed data  ## time per image and memory as the data grow
	$(BIN)/python -m bench.growth

api: .venv/installed  ## docs/api, from the docstrings
	$(BIN)/python -m tools.api

dist: .venv/installed  ## the wheel and the source distribution, in dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist

# Lessons that out/lessons has no notebook of are run first, which takes minutes. UNEXECUTED=1 builds
# without. D2L_REPOSITORY_URL=https://github.com/OWNER/NAME makes links to source files lead there.
docs: .venv/installed data  ## the documentation as a site: out/docs/index.html
	$(BIN)/python -m tools.site --out out/docs --lessons out/lessons $(if $(UNEXECUTED),--unexecuted)

clean:
	rm -rf .venv .venv-peers out .rivals .deb dist
