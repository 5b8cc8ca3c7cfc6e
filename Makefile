# make demo    the main job: prove, explore, simulate and compare the example designs; pictures go to out/
# make test    formatting, lint, types, tests
# make docs    the language reference and the JSON schema anew, from the tables of the loader
# make bench   benchmarks, as ratios: growth, help, search beside SPIN, simulation, sweeps (ONLY=large: one of them)
# make campaign CASES=100000    mutated models over two processes: each must end in a report or in an error
# make campaign-engines CASES=20000   random systems and nets on which all engines must say the same
# Each makes its own virtual environment in .venv; the second time it is quick.

PYTHON ?= python3
BIN := .venv/bin
OUT := out
CASES ?= 100000

.PHONY: demo test docs bench campaign campaign-engines clean
.DELETE_ON_ERROR:

define modelcheck
@printf '\n$$ modelcheck %s\n\n' "$(1)"
@$(BIN)/modelcheck $(1)
endef

# The seed's designs are refuted where their models say so: that is as it should be, and no failure.
demo: .venv/.demo
	@mkdir -p $(OUT)
	$(call modelcheck,check seed_order_orchestration)
	$(call modelcheck,check order_orchestration)
	$(call modelcheck,check seed_order_choreography)
	$(call modelcheck,check order_choreography)
	$(call modelcheck,outcomes order_orchestration order_choreography)
	$(call modelcheck,graph order_orchestration -o $(OUT)/order_orchestration.png)
	$(call modelcheck,graph order_choreography -o $(OUT)/order_choreography.png)
	$(call modelcheck,simulate order_orchestration --plot $(OUT)/order_orchestration_times.png)
	$(call modelcheck,compare order_orchestration order_choreography --plot $(OUT)/comparison.png)
	@printf '\nPictures:\n' && ls -1 $(OUT)/*.png

test: .venv/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2

docs: .venv/.demo
	$(BIN)/python -m modelcheck.reference > docs/language.md
	$(BIN)/python -m modelcheck schema > modelcheck/schema.json
	$(BIN)/python -m modelcheck explain --markdown > docs/errors.md

campaign: .venv/.test
	$(BIN)/python -m tests.fuzz.campaign $(CASES)

campaign-engines: .venv/.test
	PYTHONPATH=tests $(BIN)/python -m tests.fuzz.engines $(CASES)

bench: .venv/.test
	PYTHONPATH=tests/benchmarks $(BIN)/python tests/benchmarks/run.py $(ONLY)

# A stamp is newer than pyproject.toml exactly when what it names is installed. All groups come in one call of pip.
.venv/.demo: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/.test: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable . --group test --group lint
	@touch $@ .venv/.demo

# Dependency groups need pip 25.1. A virtual environment that could not be made whole is not left behind.
.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "modelcheck needs Python 3.11 or newer: try make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "this Python cannot make virtual environments: apt install python3-venv (or your system's name for it)" >&2; \
	    exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' || { rm -rf .venv; exit 1; }

clean:
	rm -rf .venv $(OUT) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
