"""Tables as the project's own materialization makes them: a contract that the new table breaks keeps the former one.

Published, a table of other columns or types would read as the one that auditors and dashboards know.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from dagster_project.dbt import manifest, runner

MATERIALIZATIONS = manifest.DBT_PROJECT / "macros" / "materializations"
PROFILE = "tieout: {target: duckdb, outputs: {duckdb: {type: duckdb, path: nowhere, schema: main, threads: 2}}}\n"
PROJECT = (
    "name: mini\nversion: 1.0.0\nprofile: tieout\nmodels: {mini: {+materialized: table, +contract: {enforced: true}}}\n"
)
CONTRACT = (
    "models: [{name: invoice, columns: [{name: invoice_id, data_type: string},"
    ' {name: rate, data_type: "decimal(7,4)"}, {name: amount_minor, data_type: %s}]}]\n'
)
KEPT = "select 'I1' as invoice_id, cast(1 as decimal(7, 4)) as rate, cast(100 as bigint) as amount_minor"


def build(folder: Path, model: str, amount_type: str = "bigint") -> runner.BuildOutcome:
    project = folder / "project"
    (project / "models").mkdir(parents=True, exist_ok=True)
    shutil.copytree(MATERIALIZATIONS, project / "macros", dirs_exist_ok=True)
    (project / "dbt_project.yml").write_text(PROJECT)
    (project / "profiles.yml").write_text(PROFILE)
    (project / "models" / "invoice.sql").write_text(model)
    (project / "models" / "invoice.yml").write_text(CONTRACT % amount_type)
    return runner.build(manifest.parsed(project), folder / "wh" / "tieout.duckdb", folder / "dbt", folder / "logs")


def held(folder: Path) -> list[tuple]:
    with duckdb.connect(str(folder / "wh" / "tieout.duckdb"), read_only=True) as con:
        return con.execute("from invoice").fetchall()


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (KEPT.replace("'I1'", "7"), "invoice_id"),
        (KEPT.replace("decimal(7, 4)", "decimal(7, 2)"), "rate"),
        (f"{KEPT}, 'EUR' as currency_code", "currency_code"),
        (KEPT.rpartition(",")[0], "amount_minor"),
    ],
    ids=["other type", "fewer decimals", "one more column", "one column less"],
)
def test_a_table_that_breaks_its_contract_is_refused_by_column_and_the_former_stays(tmp_path, model, named):
    assert build(tmp_path, KEPT).success
    outcome = build(tmp_path, model)
    assert not outcome.success
    assert named in outcome.failures[0].message
    assert [len(row) for row in held(tmp_path)] == [3]
    assert held(tmp_path)[0][0] == "I1"


def test_another_name_of_the_same_type_keeps_the_contract(tmp_path):
    """`int8` is `bigint`: refusing it would stop a close over a spelling."""
    assert build(tmp_path, KEPT, amount_type="int8").success
    assert len(held(tmp_path)) == 1
