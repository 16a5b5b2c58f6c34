# Every task of this project is one word. `make` alone lists them.
# Needs make and Python 3.11 or newer; everything else goes into .venv, and `make clean` takes it away again.

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check bench faults pictures lock clean

BIN := .venv/bin
# Anything in ONCE (as in `make demo ONCE=1`) makes the demo check itself and stop instead of serving.
ONCE ?=
# Further words for pytest or the benchmarks: make test ARGS="-k postgres", make bench ARGS="--quick pages"
ARGS ?=

# Much of a test's time is waiting for a server to start: one process more than cores (`tests/conftest.py`) uses a small
# machine well. A file stays in one process, because its tests share servers, and the files keep their order, which begins with the longest.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

help: ## list these words
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.test ## create .venv with everything needed to run, test and check (again only when a lock file changes)
	@:

demo: .venv/.base ## start Sendlens with a simulated e-mail program (ONCE=1: verify and stop)
	@$(BIN)/sendlens demo $(if $(ONCE),--once)

serve: .venv/.base ## start Sendlens with your own settings
	@$(BIN)/sendlens serve

test: .venv/.test ## run every test, those with real servers and a browser included
	@$(BIN)/pytest -q $(PARALLEL) $(ARGS)

check: .venv/.bench ## formatting, lint, types, the order of the rooms, and the documentation
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest -q tests/docs

bench: .venv/.bench ## measure throughput, latency, memory and storage against the budgets
	@$(BIN)/python -m bench $(ARGS)

faults: .venv/.test ## kill, fill up and cut off, at length
	@$(BIN)/pytest -q --long tests/faults $(ARGS)
	@$(BIN)/pytest -q --long -m long --ignore=tests/faults tests

pictures: .venv/.test ## draw the pictures of the documentation again
	@$(BIN)/python -m tests.browser.pictures

# --universal resolves for every platform at once; the lowest supported Python decides what may be chosen.
# Hosts stay out of the files, so that any mirror serves them: the hashes say what is the right content.
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --quiet

lock: ## resolve the dependencies again into requirements/ (needs uv; UPGRADE=1 takes newer versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) --group build -o requirements/base.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) --extra postgres --group build --group test --group check \
		-c requirements/base.txt -o requirements/test.txt
	$(subst pyproject.toml,requirements/bench.in,$(LOCK)) $(if $(UPGRADE),--upgrade) \
		-c requirements/test.txt -o requirements/bench.txt

clean: ## remove .venv and everything tools leave behind
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.base: requirements/base.txt requirements/install
	@requirements/install requirements/base.txt
	@touch $@

.venv/.test: requirements/test.txt .venv/.base
	@requirements/install requirements/test.txt
	@touch $@

.venv/.bench: requirements/bench.txt .venv/.test
	@requirements/install requirements/bench.txt
	@touch $@
