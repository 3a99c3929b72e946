# The two commands: `make demo` opens the tour, `make test` checks everything. Both set up what is missing first.
#
# TORCH_INDEX=URL  take PyTorch from this index too (its CPU wheels have one of their own, named on PyTorch's install page)
# DEMO="--port 9999"  options for `gan-widgets demo`

VENV := .venv
BIN := $(VENV)/bin
ENVIRONMENT := $(VENV)/.ready
MODULES := js/node_modules/.ready
BUNDLES := js/node_modules/.bundles
JS_SOURCES := $(shell find js/src -type f) $(wildcard js/*.mjs js/*.json)
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

ifdef TORCH_INDEX  # by the environment, so that the package checks install from there too
export PIP_EXTRA_INDEX_URL := $(strip $(PIP_EXTRA_INDEX_URL) $(TORCH_INDEX))
endif

.PHONY: help demo test environment build format clean

help:
	@echo "make demo      install what is missing, build the front end, open the tour in JupyterLab"
	@echo "make test      install what is missing, run every check (ruff, mypy, tsc, vitest, pytest, notebooks, browser, package)"
	@echo "make build     build the views (js/ -> gan_widgets/static/)"
	@echo "make format    lay out the Python sources as the checks want them"
	@echo "make clean     remove what the commands above have made"

demo: environment build
	@$(BIN)/gan-widgets demo $(DEMO)

test:
	@python="$$(.ci/python)" && "$$python" .ci/checks.py $(ONLY)

environment: $(ENVIRONMENT)

$(ENVIRONMENT): pyproject.toml constraints.txt
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { python="$$(.ci/python)" && echo "Making $(VENV) with $$python" && "$$python" -m venv $(VENV); }
	@echo "Installing gan_widgets and its development tools into $(VENV) (the first time takes a few minutes)"
	@$(PIP_INSTALL) --editable '.[dev]' --constraint constraints.txt
	@touch $@

build: $(BUNDLES)

$(MODULES): js/package.json js/package-lock.json
	@.ci/node
	@echo "Installing the front end's build tools into js/node_modules"
	@cd js && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUNDLES): $(MODULES) $(JS_SOURCES)
	@echo "Building the views into gan_widgets/static"
	@cd js && npm run --silent build
	@touch $@

# a stamp without its bundles (somebody removed them) is worth nothing
ifeq ($(wildcard gan_widgets/static/*.js),)
.PHONY: $(BUNDLES)
endif

format: environment
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format --quiet .

clean:
	rm -rf $(VENV) js/node_modules js/dist gan_widgets/static/*.js gan_widgets/static/*.css .ci/out build dist
