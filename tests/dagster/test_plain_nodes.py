"""What is run as the one statement that it is must be what dbt itself would have built, and fail as dbt would."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from dbt.cli.main import dbtRunner

from dagster_project.dbt import manifest, runner
from dagster_project.dbt.compiled import CompiledSql

PROFILE = "tieout: {target: duckdb, outputs: {duckdb: {type: duckdb, path: nowhere, schema: main, threads: 2}}}\n"
PROJECT = "name: mini\nversion: 1.0.0\nprofile: tieout\nmodels: {mini: {+materialized: table}}\n"
TESTS = """
models:
  - name: invoice
    columns: [{name: invoice_id, data_tests: [unique, {not_null: {config: {where: "amount_minor > 5", severity: warn}}}]}]
"""
MODELS = {
    "invoice": "select 1 as invoice_id, 10 as amount_minor union all select null, 20",
    "total": "{{ config(materialized='view') }} select sum(amount_minor) as n from {{ ref('invoice') }}",
    "hooked": "{{ config(post_hook='insert into {{ this }} values (7)') }} select 1 as n",
    "asked": "select {{ run_query('select 41 + 1').rows[0][0] if execute else 0 }} as n",
    "python": None,
}
PYTHON = "def model(dbt, session):\n    return session.sql('select 3 as n')\n"


def write(folder: Path, **changed: str) -> manifest.ParsedProject:
    project = folder / "project"
    (project / "models").mkdir(parents=True, exist_ok=True)
    (project / "dbt_project.yml").write_text(PROJECT)
    (project / "profiles.yml").write_text(PROFILE)
    (project / "models" / "tests.yml").write_text(TESTS)
    for name, sql in {**MODELS, **changed}.items():
        (project / "models" / f"{name}.{'sql' if sql else 'py'}").write_text(sql or PYTHON)
    return manifest.parsed(project)


def build(folder: Path, parsed: manifest.ParsedProject) -> runner.BuildOutcome:
    return runner.build(parsed, folder / "wh" / "tieout.duckdb", folder / "dbt", folder / "logs")


def contents(file: Path) -> dict[str, tuple]:
    with duckdb.connect(str(file), read_only=True) as con:
        found = con.execute("select table_name, table_type from information_schema.tables order by all").fetchall()
        return {name: (kind, con.execute(f"from {name} order by all").fetchall()) for name, kind in found}


def test_what_is_built_is_what_dbt_builds_and_it_is_told_the_same(tmp_path):
    parsed = write(tmp_path)
    outcomes = [build(tmp_path, parsed) for _ in range(2)]  # rendered by dbt, then taken from what was kept
    by_dbt = tmp_path / "by_dbt"
    profiles = manifest.write_profile(parsed.project, by_dbt / "profiles", by_dbt / "tieout.duckdb")
    flags = manifest.quiet_flags(parsed.project, profiles, by_dbt / "target", by_dbt / "logs")
    try:
        results = dbtRunner(manifest=parsed.as_dbt()).invoke(["build", *flags]).result
    finally:
        runner.release_database()
    told = {one.node.unique_id: (str(one.status), one.failures) for one in results}
    assert contents(tmp_path / "wh" / "tieout.duckdb") == contents(by_dbt / "tieout.duckdb")
    for outcome in outcomes:
        data = [event["data"] for event in outcome.events]
        assert {one["node_info"]["unique_id"]: one["node_info"]["node_status"] for one in data} == {
            name: status for name, (status, _) in told.items()
        }
        failing = {one["node_info"]["unique_id"]: one["num_failures"] for one in data if one.get("num_failures")}
        assert failing == {name: failures for name, (_, failures) in told.items() if failures}
        assert len(failing) == 1


def test_what_is_rendered_from_the_data_is_rendered_each_time_and_the_rest_once(tmp_path):
    """A constant of yesterday's data in today's model would misstate it without any sign."""
    parsed = write(tmp_path)
    build(tmp_path, parsed)
    kept = json.loads((parsed.folder / "compiled.json").read_text())
    assert {name.split(".")[2] for name in kept if name.startswith("model.")} == {"invoice", "total", "hooked"}


def test_kept_sql_that_is_damaged_is_rendered_again(tmp_path):
    parsed = write(tmp_path)
    (parsed.folder / "compiled.json").write_text("{")
    assert build(tmp_path, parsed).success
    assert CompiledSql(parsed.folder).get("model.mini.invoice") == MODELS["invoice"]


def test_the_sql_of_what_did_not_run_stays_among_the_artefacts(tmp_path):
    """The auditor's pack copies it: without it, figures could not be re-performed after a run of what changed."""
    parsed = write(tmp_path)
    build(tmp_path, parsed)
    compiled = tmp_path / "dbt" / "target" / "compiled"
    written = {file.name for file in compiled.rglob("*.sql")}
    again = ["model.mini.total"]
    assert runner.build(
        parsed, tmp_path / "wh" / "tieout.duckdb", tmp_path / "dbt", tmp_path / "logs", nodes=again
    ).success
    assert {file.name for file in compiled.rglob("*.sql")} == written


def test_a_statement_that_fails_leaves_the_former_table_and_is_told_with_the_engines_words(tmp_path):
    assert build(tmp_path, write(tmp_path)).success
    before = contents(tmp_path / "wh" / "tieout.duckdb")
    outcome = build(
        tmp_path, write(tmp_path, invoice="select cast('many' as integer) as invoice_id, 1 as amount_minor")
    )
    assert [failure.name for failure in outcome.failures] == ["invoice"]
    assert "many" in outcome.failures[0].message
    assert set(outcome.skipped) >= {"model.mini.total"}
    assert contents(tmp_path / "wh" / "tieout.duckdb") == before


@pytest.mark.parametrize("kind", ["view", "table"])
def test_a_table_that_becomes_a_view_and_back_is_replaced(tmp_path, kind):
    assert build(tmp_path, write(tmp_path)).success
    changed = {"invoice": f"{{{{ config(materialized='{kind}') }}}} select 5 as invoice_id, 50 as amount_minor"}
    assert build(tmp_path, write(tmp_path, **changed)).success
    held = contents(tmp_path / "wh" / "tieout.duckdb")
    assert held["invoice"] == ("VIEW" if kind == "view" else "BASE TABLE", [(5, 50)])
    assert held["total"][1] == [(50,)]
