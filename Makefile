# The commands of the project. `make up` sets everything up and starts a hub; `make test` runs the tests.

# The newest Python that skrt-hub is tested with, by its usual name; `make PYTHON=/path/to/python3 up` takes another one.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	$$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done || echo python3)
export UV_SYSTEM_CERTS ?= 1
# Set in some containers; every command of a test would compile its modules again.
unexport PYTHONDONTWRITEBYTECODE
# A Python that is named for tests gets an environment of its own: make test PYTHON=python3.12
TESTS := test tests lint types-elsewhere unit machine test-long test-faults test-cluster test-container test-vm
VENV := .venv$(if $(and $(filter $(TESTS),$(MAKECMDGOALS)),$(filter command% environment%,$(origin PYTHON))),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin

# Four processes share the tests, which wait about as much as they work, the hubs first; each module's hub stays with one. PARALLEL= runs them one after the other.
PARALLEL ?= -n 4 --dist loadgroup --no-loadscope-reorder

# At a terminal pip and uv show how far they are.
QUIET := $(shell [ -t 2 ] || echo --quiet)

.DEFAULT_GOAL := help
.PHONY: help up test tests lint types-elsewhere unit machine test-cluster test-long soak test-faults format reference docs dist container test-container test-vm actions changelog clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

up: $(VENV)/tool ## set everything up, start the hub, print its address
	@$(BIN)/skrt-hub up

test: $(VENV)/dev ## set everything up, run the linters and, at the same time, the tests
	@$(MAKE) --no-print-directory -j 2 lint tests

tests: $(VENV)/dev # unit and machine, in one run
	$(BIN)/pytest tests/machine tests/unit -m "not long" $(PARALLEL)

lint: $(VENV)/dev ## code style, types, import rules
	$(BIN)/ruff check src tests scripts
	$(BIN)/ruff format --check src tests scripts
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

types-elsewhere: $(VENV)/dev ## the types of what macOS and Windows load, as those systems have them
	$(BIN)/python scripts/check_types_elsewhere.py

unit: $(VENV)/dev ## the fast tests: no processes, no network
	$(BIN)/pytest tests/unit $(PARALLEL)

machine: $(VENV)/dev ## the tests on this machine: a real hub, notebooks, browser
	$(BIN)/pytest tests/machine -m "not long" $(PARALLEL)

test-long: $(VENV)/dev ## the long tests on this machine: each hazard of the fork server, faults of homes
	$(BIN)/pytest tests/machine -m long $(PARALLEL)

test-faults: $(VENV)/dev ## kill and fill the disk 500 times in everything that touches homes
	SKRT_HUB_FAULT_ROUNDS=500 $(BIN)/pytest tests/machine/test_homes_faults.py tests/machine/test_homes_full_disk.py

soak: $(VENV)/dev ## people at work while parts are killed: make soak SEED=7 MINUTES=120 PEOPLE=30
	$(BIN)/python -m tests.soak $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(PEOPLE),--people $(PEOPLE))

test-cluster: $(VENV)/dev ## the tests on a Kubernetes cluster; see tests/cluster/README.md
	$(BIN)/pytest tests/cluster

format: $(VENV)/dev ## write the code in the project's style
	$(BIN)/ruff check --fix src tests scripts
	$(BIN)/ruff format src tests scripts

reference: $(VENV)/dev ## write the reference pages that are made from the code
	$(BIN)/python scripts/make_reference.py
	$(BIN)/python scripts/make_schemas.py

docs: $(VENV)/docs ## make the site of the guide in build/site; every link is checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

dist: $(VENV)/dist ## build what goes to the package index, in dist/, and look at it
	rm -rf dist
	$(BIN)/python -m build --installer uv
	$(BIN)/twine check --strict dist/*

container: $(VENV)/dist ## build the image of a whole hub in one container, as skrt-hub; needs Docker or Podman (ENGINE=podman)
	rm -rf build/container && mkdir -p build/container
	$(BIN)/python -m build --installer uv --wheel --outdir build/container
	cp containers/hub/start build/container/
	cp src/skrt_hub/environment/lock/requirements.txt build/container/participants.txt
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
		> build/container/hub.txt
	$(or $(ENGINE),docker) $(if $(PLATFORMS),buildx build --push --sbom=true --provenance=true --platform $(PLATFORMS),build) \
		--file containers/hub/Dockerfile --tag $(or $(IMAGE),skrt-hub) build/container

test-container: $(VENV)/dev ## the tests of the image, which `make container` built; needs Docker
	$(BIN)/pytest tests/container

test-vm: $(VENV)/dev ## the tests in a virtual machine, with systemd and reboots; see tests/vm/README.md
	$(BIN)/pytest tests/vm

actions: ## check the files of the hosted CI; needs Go
	go run github.com/rhysd/actionlint/cmd/actionlint@latest

changelog: $(VENV)/dev ## show what the next release changes; VERSION=0.2.0 moves it into CHANGELOG.md
	$(BIN)/towncrier build $(if $(VERSION),--yes --version $(VERSION),--draft --version next)

clean: ## remove the tool's own environment
	rm -rf $(VENV)

# The tool's own environment. uv is used where it is there already; pip brings it otherwise: the Python's own, where it has one,
# because to unpack another takes longer than all else that is done with it.
$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python was not found. Install Python 3.11 or newer, or: make PYTHON=/path/to/python3 up"; exit 4; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: skrt-hub needs Python 3.11 or newer. Type: make PYTHON=/path/to/python3.11 up"; exit 4; }
	@if [ -L $@ ]; then echo "The Python that $(VENV) was made with is gone ($$(readlink -f $@)); it is made again with $(PYTHON)"; \
		rm -rf $(VENV); fi
	@echo "Setting up skrt-hub's own environment in $(VENV); this takes a minute. 1 of 3: Python"
	@{ $(PYTHON) -m pip --version >/dev/null 2>&1 && $(PYTHON) -m venv --without-pip $(VENV); } || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is incomplete here. On Debian and Ubuntu: sudo apt install python3-venv. Or install uv, then: uv venv $(VENV) && make up"; exit 4; }

$(VENV)/bin/uv: $(VENV)/bin/python
	@echo "2 of 3: uv, which fetches packages"
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then $(BIN)/python -m pip install $(QUIET) --disable-pip-version-check uv; \
		elif command -v uv >/dev/null; then uv pip install $(QUIET) --python $(BIN)/python uv; \
		else $(PYTHON) -m pip --python $(BIN)/python install $(QUIET) --disable-pip-version-check uv; fi

$(VENV)/tool: $(VENV)/bin/uv pyproject.toml
	@echo "3 of 3: packages"
	@$(BIN)/uv pip install $(QUIET) --compile-bytecode --python $(BIN)/python --editable .
	@touch $@

$(VENV)/dev: $(VENV)/bin/uv pyproject.toml
	@echo "3 of 3: packages"
	@$(BIN)/uv pip install $(QUIET) --compile-bytecode --python $(BIN)/python --group dev --editable .
	@touch $@ $(VENV)/tool

$(VENV)/docs $(VENV)/dist: $(VENV)/bin/uv pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group $(@F)
	@touch $@
