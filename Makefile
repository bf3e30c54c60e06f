# The programs of this project and their environment. `make` alone lists the targets.

VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed
OUTPUT := output

# What the caller's shell has for other environments must not reach into this one.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV QT_PLUGIN_PATH QT_QPA_PLATFORM_PLUGIN_PATH QT_QPA_FONTDIR
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The first interpreter that runs and that the packages are made for; PYTHON=... names another.
PYTHON_FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
ifndef PYTHON
PYTHON := $(shell for python in python3.11 python3.12 python3 python; do \
	$$python -c '$(PYTHON_FITS)' >/dev/null 2>&1 && echo $$python && break; done)
endif
PIP_INSTALL := $(VENV_PYTHON) -m pip install --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup demo test webcam clean

help:
	@echo "make setup    virtual environment $(VENV), system libraries, pose model and sample clip"
	@echo "make demo     label the sample clip; labels and annotated video go to $(OUTPUT)/"
	@echo "make webcam   recognise live, from the first camera (another source: $(VENV_PYTHON) apps/webcam.py --help)"
	@echo "make test     all tests"
	@echo "make clean    remove $(VENV), $(OUTPUT)/ and caches; what was fetched into the user's cache folder stays"

# Everything but the installation is checked on every run; with all there that takes a moment and contacts nobody.
setup: $(STAMP)
	@$(VENV_PYTHON) -m live_stf.system_libraries
	@$(VENV_PYTHON) -m live_stf fetch

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(PYTHON_FITS)' || { echo "error: no Python 3.11 or 3.12 found; \
	install one, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m live_stf.system_libraries
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: $(PYTHON) cannot make virtual environments: \
	its modules venv and ensurepip are missing" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@# setuptools first: what has to be built is built with the pinned one, not with a fetched newest.
	@$(PIP_INSTALL) --quiet setuptools && $(PIP_INSTALL) --no-build-isolation --use-pep517 --editable '.[train,test]' \
	|| { echo "error: the packages could not be installed, the reason stands above; \
	without a network: connect and run make again" >&2; exit 2; }
	@touch $@

demo: setup
	$(VENV_PYTHON) apps/video_file.py "$$($(VENV_PYTHON) -c 'from live_stf.assets import sample_clip; print(sample_clip())')" \
		--output $(OUTPUT) --annotate
	@echo
	@echo "Live, from a camera: make webcam"
	@echo "Live, from a file:   $(VENV_PYTHON) apps/webcam.py --source FILE"

webcam: setup
	$(VENV_PYTHON) apps/webcam.py

test: setup
	@$(VENV_PYTHON) -m live_stf.system_libraries --with-tests
	@# Most tests use one core. A file stays with one process, so that what its tests share is made once; quick ones first.
	$(VENV_PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

clean:
	rm -rf $(VENV) $(OUTPUT) build .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
