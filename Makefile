# make demo, make test: in a virtual environment of their own, which is made once.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check golden bench clean

help: ## Say what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '  make %-8s %s\n' "$$name" "$$what"; done

demo: $(VENV)/.local ## Segment the sample's customers with the stored procedures
	$(BIN)/procluster demo

test: $(VENV)/.test ## Run all tests (JOBS=2 at a time)
	$(BIN)/python -m pytest --numprocesses $(JOBS)

check: $(VENV)/.check ## Check style, types, dependencies, the rendered T-SQL and the images
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/sqlfluff lint --processes $(JOBS) tests/golden deploy/uninstall.sql deploy/agent_job.sql
	$(BIN)/shellcheck docker/*.sh .ci/run
	$(BIN)/hadolint docker/Dockerfile docker/deploy.Dockerfile
	ACCEPT_EULA=Y ACCEPT_EULA_ML=Y $(BIN)/docker-compose --file docker/compose.yaml config --quiet

golden: $(VENV)/.test ## Write the golden files and deploy/*.sql anew; look at the difference before you commit
	$(BIN)/python -m pytest -q tests/golden --update-golden

bench: $(VENV)/.test ## Measure everything beside the tutorial (hours; BENCH=--quick: minutes)
	$(BIN)/python tests/bench $(BENCH)

clean: ## Remove the virtual environment and what the tools leave; databases stay
	rm -rf $(VENV) build dist rendered .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of packages: installed again only when pyproject.toml changes.
$(VENV)/.%: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[$*]'
	@touch $@

# The checks read the tests too, with the types of what the tests import.
$(VENV)/.check: $(VENV)/.test

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo '$(PYTHON): is older than Python 3.10. Pass another one: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'No virtual environment. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
