# Tieout: make setup | setup-peers | demo | test | soak | bench | lint | dashboard | dagster | help
PYTHON ?= python3
VENV := .venv
SPARK_VENV := .venv-spark
BIN := $(VENV)/bin
DEMO := .demo
PEERS := datacompy data-diff
EVENTS ?= 1000000
export DO_NOT_TRACK := 1
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-spark setup-peers demo test test-spark soak bench lint lock lock-peers dashboard dagster clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

setup: $(VENV)/.installed ## make .venv with the command `tieout`

$(VENV)/.installed: requirements.lock requirements-installer.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "Tieout needs Python 3.11 or newer; this is %d.%d. Try: make setup PYTHON=python3.11" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-installer.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode requirements.lock requirements-installer.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup-spark: setup $(SPARK_VENV)/.installed ## make .venv-spark for `target: spark`; needs Java 17 or newer

$(SPARK_VENV)/.installed: requirements-spark.lock
	@java -version >/dev/null 2>&1 || { echo "Spark needs Java 17 or newer, and there is no java here"; exit 1; }
	$(PYTHON) -m venv $(SPARK_VENV)
	VIRTUAL_ENV=$(SPARK_VENV) $(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode requirements-spark.lock
	@touch $@

lock: setup ## resolve the dependencies again and write the lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-header --universal --python-version 3.11 --upgrade --quiet -o requirements.lock
	$(BIN)/uv pip compile requirements-spark.in --constraints requirements.lock --generate-hashes --no-header --universal --python-version 3.11 --upgrade --quiet -o requirements-spark.lock

setup-peers: $(PEERS:%=.peers/%/.installed) ## what `tieout bench --case compare` compares with, each in an environment of its own

.peers/%/.installed: tests/benchmarks/peers/%.lock $(VENV)/.installed
	$(PYTHON) -m venv .peers/$*
	$(BIN)/uv pip sync --quiet --python .peers/$*/bin/python --require-hashes --compile-bytecode $<
	@touch $@

lock-peers: setup ## resolve what the peers need again and write their locks
	for peer in $(PEERS); do $(BIN)/uv pip compile tests/benchmarks/peers/$$peer.in --generate-hashes --no-header --universal --python-version 3.11 --upgrade --quiet -o tests/benchmarks/peers/$$peer.lock || exit 1; done

demo: setup ## close the sample company's last period, show what was found and what to open next
	@$(BIN)/tieout demo --home $(DEMO)

test: setup ## every test, and 5 percent of the long loops; SPARK=1 has those on Spark beside them
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --durations=15 $(if $(SPARK),-m "not soak")

test-spark: setup-spark ## the sample company's books on Spark, table by table the same as on DuckDB
	$(BIN)/python -m pytest -m spark tests/spark

soak: setup ## what takes too long for every change: other seeds, a second billing engine, all kills and broken files
	FAULTS=100 $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -m "soak or faults"

bench: setup ## measure closes beside plain DuckDB: EVENTS=10000000 for more than a million events
	$(BIN)/tieout bench --events $(EVENTS)

lint: setup ## ruff, types and SQL style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests --processes 2

dashboard: setup ## open the reconciliation of the demo in the browser
	@$(BIN)/tieout dashboard --config $(DEMO)/tieout.yml

dagster: setup ## open the Dagster UI of the demo
	@$(BIN)/tieout dagster --config $(DEMO)/tieout.yml

clean: ## delete the demo and caches; the environment stays
	rm -rf $(DEMO) dbt_project/target dbt_project/logs .pytest_cache .ruff_cache .mypy_cache
