# The drawing as rules: every box is one command, every arrow a file under build/<net>/. Nothing
# here but calls of the command line.
#
#   train ─ trained.onnx ─► export ─ model.onnx ─► compile ─ plan.json ─► emit ─ rtl/top.v
#     ─► sim ─► report.html

NET   ?= digits-cnn
BOARD ?= pynq-z2
MODEL ?=
INPUT ?=
# More options for one command: make sim SIM="--waves f.fst --images 3"
TRAIN ?=
BENCH ?=
CHECK ?=
PROOF ?=
SWEEP ?= --spike-penalty 0,0.5 --steps 1,2,4 --weight-bits 2,4
COMPILE ?=
SIM ?=
SYNTH ?=
MEASURE ?=
DEPLOY ?=
BITSTREAM ?=
HLS ?=
# vivado, or open: Yosys and nextpnr, for BOARD=pynq-z2
FLOW ?= vivado

PYTHON ?= python3
VENV   := .venv
READY  := $(VENV)/.installed
RUN    := $(VENV)/bin/spikeloom
PY     := $(VENV)/bin/python

ifdef MODEL
B      := build/$(basename $(notdir $(MODEL)))
SOURCE := $(MODEL)
CALIBRATION := $(if $(INPUT),--calibration $(INPUT))
else
B      := build/$(subst .py:,-,$(notdir $(NET)))
SOURCE := $(B)/model.onnx
CALIBRATION := --calibration $(B)/calibration_x.npy
endif
GIVEN := $(if $(INPUT),--input $(INPUT))

# A name with a space would be two targets, one with a quote another command: make can quote
# neither.
ODD   := ' " ` ( ) [ ] < > & | ; * ? \ :
plain  = $(if $(word 2,$2)$(strip $(foreach c,$(ODD),$(findstring $c,$2))),$(error $1: make cannot \
  take spaces, quotes, brackets and the like in a name; rename the file, or call spikeloom \
  yourself (docs/tutorials/getting-started.md)))
there  = $(if $2,$(if $(wildcard $2),,$(error $1: expected a file, found no such file)))
STEPS := train export compile emit sim golden compare synth measure deploy bitstream hls report
ifneq ($(filter $(STEPS) sweep build/%,$(MAKECMDGOALS)),)
$(call plain,NET=$(NET),$(subst .py:,,$(NET)))
$(call plain,MODEL=$(MODEL),$(MODEL))$(call plain,INPUT=$(INPUT),$(INPUT))
$(call there,MODEL=$(MODEL),$(MODEL))$(call there,INPUT=$(INPUT),$(INPUT))
endif

SOFTWARE := $(shell find sw -name '*.py' 2>/dev/null)
HARDWARE := $(shell find hw -name '*.py' 2>/dev/null)
LEARNING := $(filter sw/spikeloom/train/% sw/spikeloom/nn/% \
  sw/spikeloom/frontend/onnx/lif_operator%,$(SOFTWARE))

unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: $(STEPS) help venv sweep bench check test proof docs lint format clean distclean FORCE

help: ## this list
	@printf '%s ' 'make <target> [NET=digits-cnn|digits-mlp|events-cnn|events-cnn-lif]' && \
	  echo '[BOARD=pynq-z2|zcu104] [MODEL=x.onnx INPUT=x.npy]'
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  \1\t\2/' | expand -t 14

venv: $(READY) ## the project's own virtual environment in .venv
train: $(B)/trained.onnx ## quantization-aware training
sweep: | $(READY) ## trains over spike penalty, time steps, weight width: SWEEP="--steps 1,2,4"
	$(RUN) sweep $(NET) -o build/sweep-$(notdir $(B)) --board $(BOARD) $(SWEEP)
bench: | $(READY) ## the networks of published accelerators in one table: BENCH="tfc-w2t2 lfc-w1t1"
	$(RUN) bench $(BENCH)
export: $(B)/model.onnx ## the integer network, reference of every later step
compile: $(B)/plan.json ## the plan: one engine per layer, folded for the board
emit: $(B)/manifest.json ## Verilog and memories
sim: $(B)/manifest.json ## everything up to the whole test set through the hardware, cycle by cycle
	$(RUN) sim $(B) $(GIVEN) $(SIM)
golden: $(B)/plan.json ## the integer model alone
	$(RUN) golden $(B) $(GIVEN)
compare: $(B)/manifest.json ## torch, QONNX executor, golden and hardware side by side
	$(RUN) compare $(B) $(GIVEN)
synth: $(B)/manifest.json ## does it fit: LUTs, memories, logic delay by component (Yosys)
	$(RUN) synth $(B) $(SYNTH)
measure: $(B)/manifest.json ## latency and sparsity through the driver, simulated without a board
	$(RUN) measure $(B) $(GIVEN) $(MEASURE)
deploy: $(B)/manifest.json ## the folder that tests and measures the network on a board
	$(RUN) deploy $(B) $(GIVEN) $(DEPLOY)
bitstream: $(B)/manifest.json ## the bitstream, FLOW=vivado|open; or all that the tools need
	$(RUN) bitstream $(B) --board $(BOARD) --flow $(FLOW) $(BITSTREAM)
hls: $(B)/plan.json ## the same network as C++ for Vitis HLS: written, compiled, simulated, compared
	$(RUN) hls $(B) --csim $(GIVEN) $(HLS)
report: $(B)/plan.json ## the HTML page from what has been measured so far
	$(RUN) report $(B)

# Boards with a Zynq-7000 stay on pynq 3.1, which 4.0 dropped: the tests run under both.
$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) > /dev/null || \
	  { echo "$(PYTHON): no such program; go on with: make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || \
	  { echo "Python 3.11 or 3.12 is needed, $$($(PYTHON) --version) found;" \
	    "go on with: make PYTHON=python3.11"; exit 2; }
	@$(PY) -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(PY) -m pip install --disable-pip-version-check --no-deps --upgrade \
	  --target $(VENV)/pynq-3.1.2 pynq==3.1.2
	@touch $@

# A changed board or option must plan anew: this file changes only when its text does.
OPTIONS = $(BOARD) $(SOURCE) $(CALIBRATION) $(COMPILE)
$(B)/options.txt: FORCE
	@mkdir -p $(@D)
	@echo '$(OPTIONS)' | cmp -s - $@ || echo '$(OPTIONS)' > $@

ifndef MODEL
$(B)/trained.onnx: $(LEARNING) | $(READY)
	$(RUN) train $(NET) -o $(B) $(TRAIN)
$(B)/model.onnx: $(B)/trained.onnx
	$(RUN) export $(B)
endif
$(B)/plan.json: $(SOURCE) $(B)/options.txt $(SOFTWARE) $(INPUT) | $(READY)
	$(RUN) compile $(SOURCE) -o $(B) --board $(BOARD) $(CALIBRATION) $(COMPILE)
$(B)/manifest.json: $(B)/plan.json $(HARDWARE)
	$(RUN) emit $(B)

check: lint ## what a change needs, in four minutes: CHECK="--base main"
	$(PY) -m tests.check $(CHECK)
test: $(READY) ## the test suite
	OMP_NUM_THREADS=1 $(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile \
	  --no-loadscope-reorder -q -m 'not proof'
proof: $(READY) ## the long runs, for hours; goes on where it was interrupted: PROOF="--list"
	$(PY) -m tests.proof $(PROOF)
docs: $(READY) ## the pages of docs/ as a site in build/site; a broken link is an error
	$(PY) -m mkdocs build --strict --site-dir build/site
lint: $(READY) ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
format: $(READY) ## ruff format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
clean: ## remove build/
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
distclean: clean ## remove build/ and the virtual environment
	rm -rf $(VENV)
