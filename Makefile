# make run     build everything that is missing, then serve the monitor at http://127.0.0.1:7860
# make test    the same, then style, types and tests
# make test-all  further, with torch: training, export and the slow tests
#
# Everything is built in .venv; the system's Python is never touched. A stamp names what was
# installed from which files, so that a second call starts at once.

PYTHON ?= python3
PORT ?= 7860
ARGS ?=
BIN := .venv/bin
STAMPS := .venv/.stamps
UI := $(shell find dashboard/ui -path '*/node_modules' -prune -o -type f -print 2>/dev/null)
DEFINITION := pyproject.toml constraints.txt hatch_build.py

.PHONY: run test test-all lint page pins clean system
.DEFAULT_GOAL := run

run: $(STAMPS)/run
	@exec $(BIN)/tonewatch serve --port $(PORT) $(ARGS)

test: $(STAMPS)/test system lint
	$(BIN)/python -m pytest

test-all: $(STAMPS)/all system lint
	$(BIN)/python -m pytest -m ""

lint: $(STAMPS)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

page: $(STAMPS)/run

# Three ways to an environment: Debian's python3 may come without venv's ensurepip.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "tonewatch needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "making .venv"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; sh tools/make-venv $(PYTHON); }

$(STAMPS)/uv: $(BIN)/python
	@mkdir -p $(STAMPS)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv -c constraints.txt
	@touch $@

# uv installs in seconds what pip installs in a minute; pip is the way back.
define install
	@echo "installing $(1)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '$(2)' \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(2)'
endef

$(STAMPS)/run: $(STAMPS)/uv $(DEFINITION) $(UI)
	$(call install,tonewatch,.)
	@touch $@

$(STAMPS)/test: $(STAMPS)/run
	$(call install,what the tests need,.[dev])
	@touch $@

# torch by pip: its ordinary Linux build brings gigabytes of CUDA that nothing here needs.
$(STAMPS)/all: $(STAMPS)/test
	@echo "installing torch"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(call install,what training and export need,.[dev$(comma)train$(comma)export])
	@touch $@

comma := ,

# Libraries of the system that the tests use: a microphone without a sound card, a browser.
system:
	@sh tools/system-packages

pins: $(STAMPS)/uv
	@$(BIN)/uv pip compile --quiet --universal --no-header --no-annotate --strip-extras \
	  --extra dev --extra plot pyproject.toml -o constraints.txt
	@echo "torch==2.13.0" >> constraints.txt

clean:
	rm -rf .venv .dev dashboard/static dashboard/ui/node_modules .pytest_cache .mypy_cache .ruff_cache
