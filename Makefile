# The programs of this project and their environment. `make` alone lists the targets.

VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
OUTPUT := output

# What the caller's shell has for other environments must not reach into this one.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV QT_PLUGIN_PATH QT_QPA_PLATFORM_PLUGIN_PATH QT_QPA_FONTDIR
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := 1

# The first interpreter that runs and that the packages are made for; PYTHON=... names another.
PYTHON_FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
ifndef PYTHON
PYTHON := $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	$$python -c '$(PYTHON_FITS)' >/dev/null 2>&1 && echo $$python && break; done)
endif

# What is installed: enough for the demo and the window, or for the tests, or for everything.
DEMO := $(VENV)/.installed-demo
TESTS := $(VENV)/.installed-tests
EVERYTHING := $(VENV)/.installed-everything
PIP_INSTALL := $(VENV_PYTHON) -m pip install --quiet --constraint constraints.txt --no-build-isolation
# The programs in $(VENV) know where the checkout lies. Where it was moved, they are installed again.
PLACE := $(VENV)/.place
ifneq ($(wildcard $(PLACE)),)
ifneq ($(shell cat $(PLACE)),$(CURDIR))
$(shell rm -f $(DEMO) $(TESTS) $(EVERYTHING))
endif
endif
NOT_INSTALLED := { echo "error: the packages could not be installed, the reason stands above; \
	without a network: connect and run make again" >&2; exit 2; }

.DEFAULT_GOAL := help
.PHONY: help demo webcam test check docs setup clean

help:
	@echo "make demo     label the sample clip; labels and annotated video go to $(OUTPUT)/"
	@echo "make webcam   recognise live, from the first camera (more: $(VENV)/bin/live-stf webcam --help)"
	@echo "make test     all tests"
	@echo "make check    ruff, mypy and a strict build of the documentation"
	@echo "make docs     build the documentation into site/"
	@echo "make setup    install everything into $(VENV), and fetch the pose model and the sample clip"
	@echo "make clean    remove $(VENV), $(OUTPUT)/, site/ and caches; files in the user's cache folder stay"

# Without bytecode, which takes disk and helps only the second time.
demo: export PYTHONDONTWRITEBYTECODE := 1
demo: $(DEMO)
	@$(VENV_PYTHON) -m live_stf.system_libraries
	@$(VENV_PYTHON) -m live_stf fetch
	$(VENV_PYTHON) -m live_stf label "$$($(VENV_PYTHON) -c 'from live_stf.assets import sample_clip; print(sample_clip())')" \
		--output $(OUTPUT) --annotate
	@echo
	@echo "Live, from a camera: make webcam"
	@echo "Live, from a file:   $(VENV)/bin/live-stf webcam --source FILE"

webcam: $(DEMO)
	@$(VENV_PYTHON) -m live_stf.system_libraries
	$(VENV_PYTHON) -m live_stf webcam

test: $(TESTS)
	@$(VENV_PYTHON) -m live_stf.system_libraries --with-tests
	@$(VENV_PYTHON) -m live_stf fetch
	@# Most tests use one core. A file stays with one process, so that what its tests share is made once; quick ones first.
	$(VENV_PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: $(EVERYTHING)
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -m mkdocs build --strict --quiet --site-dir site

docs: $(EVERYTHING)
	$(VENV_PYTHON) -m mkdocs build --strict --site-dir site

setup: $(EVERYTHING)
	@$(VENV_PYTHON) -m live_stf.system_libraries
	@$(VENV_PYTHON) -m live_stf fetch

$(VENV_PYTHON):
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(PYTHON_FITS)' || { echo "error: no Python 3.11, 3.12 or 3.13 found; \
	install one, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m live_stf.system_libraries
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: $(PYTHON) cannot make virtual environments: \
	its modules venv and ensurepip are missing" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@$(VENV_PYTHON) -m pip uninstall --quiet --yes setuptools  # Python 3.11 puts it in; nothing in the demo needs it.

# The build backend first, so that the pinned one builds the project. Without --compile: bytecode of packages that the
# demo never imports would take a tenth of the disk and of the time.
$(DEMO): pyproject.toml constraints.txt | $(VENV_PYTHON)
	@$(PIP_INSTALL) --no-compile hatchling editables || $(NOT_INSTALLED)
	$(PIP_INSTALL) --no-compile --editable '.[window]' || $(NOT_INSTALLED)
	@touch $@ && echo $(CURDIR) > $(PLACE)

$(TESTS): pyproject.toml constraints.txt | $(VENV_PYTHON)
	@$(PIP_INSTALL) hatchling editables setuptools || $(NOT_INSTALLED)
	$(PIP_INSTALL) --use-pep517 --editable '.[test]' || $(NOT_INSTALLED)
	@touch $(DEMO) $@ && echo $(CURDIR) > $(PLACE)

$(EVERYTHING): pyproject.toml constraints.txt | $(VENV_PYTHON)
	@$(PIP_INSTALL) hatchling editables setuptools || $(NOT_INSTALLED)
	$(PIP_INSTALL) --use-pep517 --editable '.[dev]' || $(NOT_INSTALLED)
	@touch $(DEMO) $(TESTS) $@ && echo $(CURDIR) > $(PLACE)

clean:
	rm -rf $(VENV) $(OUTPUT) site build .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
