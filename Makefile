# The few commands that people type. `make run` needs Python 3.11, 3.12 or 3.13 with venv, and nothing else:
# no root, no system packages, no compiler. `make test` brings what it lacks beyond that by itself.

AGENT  ?= examples/reception.yaml
HOST   ?= 127.0.0.1
PORT   ?= 9011
PYTHON ?= python3
VENV   ?= .venv
VLLM   ?= $(HOME)/.cache/parley/vllm

packages := $(addprefix $(CURDIR)/,crds dataplane cli operator sysctl)
python := $(VENV)/bin/python
kinds := voiceagent modelserver nodetuning voicetenant
peers := pipecat fastrtc floor
install := $(python) -m pip install --quiet --no-deps --require-hashes --only-binary :all: -r
compile := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
# Of tests that hold no calls, as many as there are cores; those of one file by one process, which keeps their fixtures.
side_by_side := --numprocesses=auto --dist=loadfile
# Each process has a control plane of its own, unless there is one for all; the longest files are not those of most tests.
contract_side_by_side := $(if $(PARLEY_KUBECONFIG),,$(side_by_side) --no-loadscope-reorder)
kubernetes := $(or $(PARLEY_KUBERNETES),1.34 1.33)
contract = set -e; for minor in $(1); do export PARLEY_KUBERNETES=$$minor; \
  $(python) -m tests.controlplane build; $(python) -m pytest $(contract_side_by_side) tests/contract; done
to_wasm := --target=wasm32-freestanding -mcpu=generic+simd128 -O3 -g0 -nostdlib -Wl,--no-entry -Wl,--strip-all

.DEFAULT_GOAL := help
.PHONY: help run test test-deps test-unit test-calls test-browser test-contract test-vllm fuzz bench bench-media bench-doors bench-sturdy bench-answers bench-operator bench-peers check format generate install.yaml wasm lock lock-peers clean

help: ## say what there is
	@sed -n 's/^\([a-z.-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

run: $(VENV)/run.stamp ## serve an agent: AGENT=FILE PORT=N ALSO=N,N HOST=ADDRESS RELOAD=1
	@exec $(VENV)/bin/parley run "$(AGENT)" --host "$(HOST)" --port "$(PORT)" \
	  $(if $(ALSO),--also-listen "$(ALSO)") $(if $(RELOAD),--reload)

test: test-deps check ## everything, set-up included
	$(python) -m pytest $(side_by_side) tests/unit tests/fuzz
	$(python) -m pytest tests/calls tests/browser tests/e2e
	@$(call contract,$(firstword $(kubernetes)))

test-deps: ## the tests' system packages: Chromium and ffmpeg
	@sh tests/deps.sh

test-unit: $(VENV)/dev.stamp ## fast tests of every part by itself
	$(python) -m pytest $(side_by_side) tests/unit tests/fuzz/test_corpus_replays.py

test-calls: $(VENV)/dev.stamp ## real calls over loopback, by clients that use no code of the server
	$(python) -m pytest tests/calls

test-browser: test-deps $(VENV)/dev.stamp ## a real Chromium on the talk page
	$(python) -m pytest tests/browser

test-contract: $(VENV)/dev.stamp ## promises of the kind and the operator at real API servers: PARLEY_KUBERNETES=1.34
	@$(call contract,$(kubernetes))

test-vllm: $(VENV)/dev.stamp ## a model server's command line, started for real without a GPU: vLLM in VLLM=FOLDER, 6 GB
	sh tests/vllm/install.sh "$(VLLM)"
	PARLEY_VLLM="$(VLLM)" $(python) -m pytest -s tests/vllm

fuzz: $(VENV)/dev.stamp ## two minutes of search in each parser of what strangers send, ten of each kind at a server
	$(python) -m tests.fuzz --seconds 120
	$(python) -m tests.fuzz.live --seconds 600

bench: $(VENV)/dev.stamp ## latencies at the client's wire: p50, p95, p99, with raw samples in bench-results/
	$(python) -m tests.bench

bench-media: $(VENV)/dev.stamp ## the media's figures by the light client: overhead, barge-in, connect, calls on one core
	$(python) -m tests.bench.media

bench-doors: $(VENV)/dev.stamp ## the older systems' figures at their own doors, all four kinds of client at once, and the soak
	$(python) -m tests.bench.doors

bench-sturdy: $(VENV)/dev.stamp ## what goes wrong: engines that die or hang during calls, 300 callers who send anything but a question
	$(python) -m tests.bench.sturdy

bench-answers: $(VENV)/dev.stamp ## the examples are asked by voice: right, asked again, wrong; fails under a floor
	$(python) -m tests.bench.answers

bench-operator: $(VENV)/dev.stamp ## the operator at scale, beside an ordinary one: 1,000 agents at once, 10,000 scaled to zero (as root)
	$(python) -m tests.bench.operator

bench-peers: $(VENV)/dev.stamp $(peers:%=.venv-peers/%.stamp) ## Pipecat, FastRTC, a bare aiortc floor and Parley: one table
	$(python) -m tests.bench.peers

check: $(VENV)/dev.stamp ## format, lint, types, and that generated files are unchanged
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	$(python) -m mypy
	$(python) docs/make_turns.py --check
	$(python) docs/make_reference.py --check
	@for kind in $(kinds); do $(VENV)/bin/parley crd $$kind | diff crds/$$kind.yaml - || exit 1; done

format: $(VENV)/dev.stamp ## put the code in its form
	$(python) -m ruff format .
	$(python) -m ruff check --fix .

generate: $(VENV)/run.stamp ## remake what is made from code: the CRDs, their reference pages, docs/turns.md
	$(python) docs/make_turns.py
	$(python) docs/make_reference.py
	@for kind in $(kinds); do $(VENV)/bin/parley crd $$kind > crds/$$kind.yaml || exit 1; done

install.yaml: $(VENV)/run.stamp ## the operator for a cluster, in one file: REGISTRY=HOST/PATH and TAG= of its images
	$(python) manifests/make_install.py --registry "$(REGISTRY)" --tag "$(TAG)" > $@.part
	@mv $@.part $@

wasm: $(VENV)/dev.stamp ## remake web/silero.wasm from web/silero.c, with the compiler of a wheel that nothing else needs
	cd dataplane/parley_dataplane/web && \
	  $(abspath $(VENV))/bin/uv run --quiet --no-project --with ziglang==0.14.1 python -m ziglang cc $(to_wasm) silero.c -o silero.wasm && \
	  sha256sum silero.c silero.wasm > silero.sha256

lock: $(VENV)/dev.stamp ## remake the locks from pyproject.toml and operator/requirements.in
	$(compile) pyproject.toml -o requirements.lock
	$(compile) --extra dev --extra operator --constraint requirements.lock pyproject.toml -o requirements-dev.lock
	$(compile) --extra openai --constraint requirements-dev.lock pyproject.toml -o dataplane/requirements.lock
	$(compile) --constraint requirements-dev.lock operator/requirements.in -o operator/requirements.lock

lock-peers: $(VENV)/dev.stamp ## remake the peers' locks: their newest versions
	for peer in $(peers); do $(compile) --upgrade tests/bench/peers/requirements/$$peer.in -o tests/bench/peers/requirements/$$peer.lock; done

clean: ## remove what these commands made
	rm -rf $(VENV) build/fuzz .pytest_cache .mypy_cache .ruff_cache bench-results .venv-peers install.yaml

$(VENV)/run.stamp: requirements.lock
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || \
	  { echo "Parley needs Python 3.11, 3.12 or 3.13 with venv; '$(PYTHON)' is not that." \
	         "Install python3 and python3-venv, or name another: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock (once): a minute or two"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(install) requirements.lock
	@printf '%s\n' $(packages) > "$$($(python) -c 'import site; print(site.getsitepackages()[0])')/parley.pth"
	@printf '#!/bin/sh\nexec "%s" -m parley_cli "$$@"\n' "$(abspath $(python))" > $(VENV)/bin/parley
	@printf '#!/bin/sh\nexec "%s" -m parley_cli.cluster "$$@"\n' "$(abspath $(python))" > $(VENV)/bin/kubectl-parley
	@chmod +x $(VENV)/bin/parley $(VENV)/bin/kubectl-parley
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	@$(install) requirements-dev.lock
	@touch $@

# A peer's libraries are not ours: each has an environment of its own. Not only wheels: one of Pipecat's has none.
.venv-peers/%.stamp: tests/bench/peers/requirements/%.lock | $(VENV)/dev.stamp
	@echo "Setting up .venv-peers/$* from $< (once)"
	@$(VENV)/bin/uv venv --quiet --clear --python $(python) .venv-peers/$*
	@$(VENV)/bin/uv pip install --quiet --no-deps --require-hashes --python .venv-peers/$*/bin/python -r $<
	@touch $@
