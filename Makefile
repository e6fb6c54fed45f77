# Each target sets up .venv: Python >= 3.11, make and a package index are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many test files run in parallel, in the order of their collection. Tests mostly wait.
AT_ONCE ?= 3
PYTEST := pytest -n $(AT_ONCE) --dist loadgroup --no-loadscope-reorder
PIP_AUDIT := 2.10.1
LOCK := requirements-dev.lock
PEERS := $(VENV)-bench
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header

.DEFAULT_GOAL := help
.PHONY: help demo test chaos fuzz audit check bench docs format lock clean

help: ## Show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/ready ## Show 25 calls of all kinds, from WAVV's events to AskElephant's insights
	@$(BIN)/bridge demo

test: $(VENV)/ready ## Run all tests, most unit and contract tests with coverage
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m $(PYTEST) -m "not unmeasured" tests/unit tests/contract
	@$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report
	$(BIN)/python -m coverage report --include='bridge/domain/*' --fail-under=100
	$(BIN)/python -m $(PYTEST) -m unmeasured

chaos: $(VENV)/ready ## Test that no call is lost or submitted twice during faults (CALLS=, SEED=, FAULTS=, FAULTS_AT_ONCE=)
	@$(BIN)/python -m tests.chaos $(if $(CALLS),--calls $(CALLS)) $(if $(SEED),--seed $(SEED)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(FAULTS_AT_ONCE),--at-once $(FAULTS_AT_ONCE))

fuzz: $(VENV)/ready ## Hostile inputs against all code that reads data from outside (INPUTS=, SEED=)
	@$(BIN)/python -m tests.fuzz $(if $(INPUTS),--inputs $(INPUTS)) $(if $(SEED),--seed $(SEED))

audit: $(VENV)/ready ## Look up known vulnerabilities of the locked packages; needs PyPI's own index
	@$(BIN)/uv tool run --quiet --from pip-audit==$(PIP_AUDIT) pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r $(LOCK)

check: $(VENV)/ready ## Check format, lint, types, imports and prose
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m docs.prose
	$(BIN)/python -m pip check --disable-pip-version-check

# Peers of the benchmark that the bridge does not depend on, each in a separate environment.
$(PEERS)/%/ready: bench/peers/%.lock
	$(PYTHON) -m venv $(PEERS)/$*
	$(PEERS)/$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@

bench: $(VENV)/ready $(PEERS)/arq/ready $(PEERS)/taskiq/ready ## Measure the speed, compared with other task queues (ROWS=, ROUNDS=, STEADY_RATE=, QUICK=1)
	@$(BIN)/python -m bench $(if $(ROWS),--rows $(ROWS)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(STEADY_RATE),--steady-rate $(STEADY_RATE)) $(if $(QUICK),--quick)

docs: $(VENV)/ready ## Write the tables of the documents that are generated from the code
	@$(BIN)/python -m docs.tables

format: $(VENV)/ready ## Format the code, and apply ruff's fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/ready ## Update all lock files
	$(COMPILE) --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(COMPILE) --upgrade bench/peers/arq.in -o bench/peers/arq.lock
	$(COMPILE) --upgrade bench/peers/taskiq.in -o bench/peers/taskiq.lock

clean: ## Remove the files that the other targets created
	rm -rf $(VENV) $(PEERS) .bridge .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
