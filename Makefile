# make demo   the main job, end to end, on pictures it draws itself
# make test   the whole test suite
# make bench  the speed beside PyTorch and others, some 45 minutes; make bench-quick: less than 3
# make bench-load  the same beside two busy processes, for what the goals compare
# make bench-tables  the accuracy on tables beside other methods, hours; PLAINNET_DATA names the data
# make docs   the documentation as a site, build/site/index.html
# make lessons  run the lessons, and write what they print and draw into their texts
# Each sets up its own virtual environment first; both can be run again at any time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: demo test docs lessons bench bench-quick bench-load bench-tables check format clean

demo: $(VENV)/core.installed
	$(BIN)/plainnet demo

test: $(VENV)/dev.installed
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal

docs: $(VENV)/docs.installed
	$(BIN)/python -m docs.site build/site

lessons: $(VENV)/core.installed
	$(BIN)/python -m plainnet.lessons

bench: $(VENV)/bench.installed
	$(BIN)/python -m benchmarks.run

bench-quick: $(VENV)/bench.installed
	$(BIN)/python -m benchmarks.run --quick

bench-load: $(VENV)/bench.installed
	$(BIN)/python -m benchmarks.run --load 2

bench-tables: $(VENV)/bench-tables.installed
	$(BIN)/python -m benchmarks.tables build/tables
	$(BIN)/python -m benchmarks.tables build/tables --rows 300

check: $(VENV)/dev.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/dev.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "plainnet needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.12 …"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/core.installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/dev.installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/core.installed $(VENV)/docs.installed

$(VENV)/docs.installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[docs]'
	@touch $@ $(VENV)/core.installed

# One by one: what cannot be installed is shown as missing.
$(VENV)/bench.installed: benchmarks/requirements.txt | $(VENV)/core.installed
$(VENV)/bench-tables.installed: benchmarks/requirements-tables.txt | $(VENV)/core.installed
$(VENV)/bench.installed $(VENV)/bench-tables.installed:
	@grep -v '^#' $< | while read -r package; do \
	  $(PIP) install "$$package" || echo "$$package cannot be installed; it will be missing"; done
	@touch $@
