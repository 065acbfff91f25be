PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
APP := $(VENV)/.app-installed
TESTS := $(VENV)/.tests-installed
GPU := $(VENV)/.gpu-installed
SCRIPTS := node_modules/.package-lock.json

# Where torch is taken from, such as https://download.pytorch.org/whl/cpu, whose wheels come without CUDA; empty for pip's own choice.
export TORCH_INDEX ?=
INSTALL := deploy/install_packages.sh $(BIN)/python

# One thread for each worker: with two, which also numba gives torch, they wait for each other.
PARALLEL := OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: run install uninstall test import unit thorough gpu-test space-test cluster-test check check-scripts screenshots bench soak load hostile fuzz accuracy audit licences lock update-models clean

run: $(APP)
	$(BIN)/python app.py

# Puts the command `audioscope` into COMMANDS, a folder that most systems have on the PATH.
COMMANDS ?= $(HOME)/.local/bin
COMMAND := $(COMMANDS)/audioscope

install: $(APP)
	mkdir -p "$(COMMANDS)"
	printf '#!/bin/sh\nexec "%s" "%s" "$$@"\n' "$(CURDIR)/$(BIN)/python" "$(CURDIR)/cli.py" > "$(COMMAND)"
	chmod +x "$(COMMAND)"
	@command -v audioscope >/dev/null || echo 'Add $(COMMANDS) to the PATH: audioscope is there.'

uninstall:
	rm -f "$(COMMAND)"

# Browsers want the machine for themselves.
test: $(TESTS)
	@if command -v npm >/dev/null; then $(MAKE) $(SCRIPTS); fi
	$(PARALLEL) -m "not browser and not thorough"
	$(BIN)/python -m pytest -m browser tests/browser

import: $(APP)
	$(BIN)/python -c "import app"

unit: $(TESTS)
	$(PARALLEL) -m "not models and not browser and not thorough"

# Further cases of slow tests, which differ from those of `make test` in degree, not in kind.
thorough: $(TESTS)
	$(PARALLEL) -m thorough

# The repository as a Space has it, in an environment of its own; 3 GB of packages, with CUDA 7, which are removed afterwards.
space-test: $(TESTS)
	SPACE_PYTHON="$(PYTHON)" $(BIN)/python -m pytest --timeout 0 tests/deploy/space_from_requirements.py

# The commands of docs/scaling.md: two machines of Ray on this one, two pages and five workers.
cluster-test: $(TESTS)
	$(BIN)/python -m pytest --timeout 0 tests/deploy/ray_from_commands.py tests/deploy/ray_folder_cluster.py \
	  tests/deploy/ray_full_queue.py

# For whoever has an NVIDIA GPU for a few minutes: prints one table. Without a GPU it says so, and fails.
gpu-test: $(TESTS)
	$(BIN)/python -m tests.gpu --only-look
	$(MAKE) $(GPU)
	$(BIN)/python -m tests.gpu

check: $(TESTS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/python -m pytest -q tests/test_house.py tests/test_import_direction.py
	$(MAKE) check-scripts

# The page's scripts and styles; Node is for development only, so that CI alone insists on it.
check-scripts:
	@if command -v npm >/dev/null; then \
	  $(MAKE) $(SCRIPTS) && npm run check && npm test; \
	elif [ -n "$$CI" ]; then \
	  echo 'npm is missing: scripts and styles cannot be checked' >&2; exit 1; \
	else \
	  echo 'npm is missing: scripts and styles were NOT checked'; \
	fi

# Every tab and state at three widths, light and dark, in docs/screenshots, and the README's pictures.
screenshots: $(TESTS)
	$(BIN)/python -m docs.make_screenshots

# Known faults of the locked packages; needs the advisory services, so that CI does not run it.
audit:
	deploy/audit.sh $(PYTHON)

# docs/licences.md, after a change of requirements.txt or of the catalogue.
licences: $(APP)
	$(BIN)/python -m docs.make_licences

bench: $(TESTS)
	$(BIN)/python -m benchmarks

# A thousand clips through a whole server: half an hour on two idle cores.
soak: $(TESTS)
	$(BIN)/python -m benchmarks.service.soak

# Fifty people at once through a whole server for five minutes, and each answer once more alone.
load: $(TESTS)
	$(BIN)/python -m benchmarks.service.load

# MUSIC keeps packages of music and what is made of them. OPTIONS, such as --seconds 600, --write or --peers librosa madmom: see --help.
MUSIC ?= $(HOME)/.cache/audioscope-accuracy

# HOSTILE_CASES damaged files, wild values and broken requests to every endpoint: an hour. The answers are counted in HOSTILE_REPORT;
# with a report that is there, a run goes on with the endpoints that it lacks. OPTIONS, such as --only transcribe: see --help.
HOSTILE_CASES ?= 500
HOSTILE_REPORT ?= hostile.json

hostile: $(TESTS)
	$(BIN)/python -m tests.hostile.run --cases $(HOSTILE_CASES) --report "$(HOSTILE_REPORT)" $(OPTIONS)

# Damaged files for what reads files; those that are neither read nor refused with a sentence are kept in fuzz-finds.
FUZZ_SECONDS ?= 3600

fuzz: $(TESTS)
	$(BIN)/python -m tests.hostile.fuzz --seconds $(FUZZ_SECONDS)

accuracy: $(TESTS)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.accuracy --music "$(MUSIC)" $(OPTIONS)

update-models: $(APP)
	$(BIN)/python update_models.py

# Resolves requirements*.in for Python 3.10 to 3.12. The CUDA packages are left to torch, which pins them itself.
UNEMITTED := cuda-bindings cuda-pathfinder cuda-toolkit triton $(addprefix nvidia-,cublas cuda-cupti cuda-nvrtc cuda-runtime \
	cudnn-cu13 cufft cufile curand cusolver cusparse cusparselt-cu13 nccl-cu13 nvjitlink nvshmem-cu13 nvtx)
LOCK := $(UV) pip compile --universal --python-version 3.10 --fork-strategy fewest --no-header --no-annotate

# Ray's lock has overrides, not constraints: for Pythons that the app does not run on, ray wants another pydantic.
lock:
	$(LOCK) $(addprefix --no-emit-package ,$(UNEMITTED)) requirements.in -o requirements.txt
	$(LOCK) requirements-s3.in -o requirements-s3.txt
	$(LOCK) --override requirements.txt requirements-ray.in -o requirements-ray.txt
	$(LOCK) $(addprefix --no-emit-package ,$(UNEMITTED)) requirements-training.in -o requirements-training.txt
	$(LOCK) requirements-test.in -o requirements-test.txt

clean:
	rm -rf $(VENV) .venv-* node_modules

$(APP): requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) requirements.txt
	touch $@

$(TESTS): $(APP) requirements-test.txt requirements-ray.txt requirements-training.txt
	TORCH_INDEX= $(INSTALL) requirements-test.txt requirements-ray.txt requirements-training.txt
	touch $@

$(GPU): $(APP) requirements-gpu.txt
	TORCH_INDEX= $(INSTALL) requirements-gpu.txt
	touch $@

$(SCRIPTS): package-lock.json
	npm ci --no-progress
	touch $@
