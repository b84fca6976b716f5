"""A home whose warehouse holds a few rows of what is published: all that publishing writes, at little cost."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project import publish
from dagster_project.evidence.contents import BRIDGES, SOURCE_TABLES, TRANSACTIONS, WHOLE_TABLES
from dagster_project.settings import load
from tests.faults import deliveries

ROWS = 5
_WHOLE = ("config.parameters", "config.sources", "canonical.legal_entity", "canonical.accounting_period",
          "seeds.currencies")  # fmt: skip
_IN_PART = (*SOURCE_TABLES, *WHOLE_TABLES, *(f"marts.{name}" for name in (*BRIDGES, *TRANSACTIONS)),
            "marts.lineage_edges", "canonical.ar_document", "canonical.journal_line")  # fmt: skip
_OF_ONE_CONTROL = ("marts.controls", "marts.reconciliation_results", "marts.exceptions", "marts.tolerance_budget")


def small_warehouse(folder: Path, published: Path) -> Path:
    """A company in `folder` with a few rows of what a pack shows, for one control, published once.

    The few rows are the same in every run, and not consistent: a pack of them verifies with faults, always the same.
    """
    settings = load(deliveries.configure(folder) / "tieout.yml")
    settings.warehouse_path.parent.mkdir(parents=True)
    with duckdb.connect(str(settings.warehouse_path)) as con:
        con.execute(f"attach '{published}' as big (read_only)")
        for name in sorted({*_WHOLE, *_IN_PART, *_OF_ONE_CONTROL}):
            con.execute(f"create schema if not exists {name.split('.')[0]}")
            con.execute(f"create table {name} as {_rows(name)}")
    publish.publish(settings)
    with duckdb.connect(str(settings.warehouse_path)) as con:
        con.execute("create table config.since as select 1 as id")  # so that there is something to publish upon it
    return folder


def _rows(name: str) -> str:
    if name in _WHOLE:
        return f"from big.{name}"
    only = " where code = 'R33'" if name in _OF_ONE_CONTROL else ""
    return f"from big.{name}{only} order by all limit {ROWS}"
