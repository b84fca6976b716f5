"""A build spares what follows from tables that came out as they were, and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dagster_project import warehouse
from dagster_project.dbt import changed, manifest, runner
from tests.dagster.mini_project import mini_project

PROPERTIES = """
sources: [{name: landed, schema: landed, tables: [{name: clock}]}]
models:
  - {name: weekday, columns: [{name: n, data_tests: [not_null]}]}
  - {name: doubled, columns: [{name: n, data_tests: [{accepted_values: {arguments: {values: [0]}, config: {severity: warn}}}]}]}
"""
MODELS = {
    "weekday.sql": "select day % 7 as n, unnest([1, 2]) as place from {{ source('landed', 'clock') }} order by random()",
    "seen.sql": "{{ config(materialized='view') }} select max(n) as n from {{ ref('weekday') }}",
    "doubled.sql": "select n * 2 as n from {{ ref('seen') }}",
    "noted.py": "def model(dbt, session):\n    return dbt.ref('doubled').project('n + 1 as n')\n",
    "dated.sql": "select c.day, d.n from {{ source('landed', 'clock') }} as c cross join {{ ref('noted') }} as d",
}


@pytest.fixture
def project(tmp_path) -> manifest.ParsedProject:
    return mini_project(tmp_path / "project", MODELS, PROPERTIES)


def _build(folder: Path, project: manifest.ParsedProject, day: int) -> tuple[changed.Plan, set[str]]:
    """The plan after a build on a day, and the names of what ran."""
    file = folder / "tieout.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute(f"create schema if not exists landed; create or replace table landed.clock as select {day} as day")
        plan = changed.plan(con, project.as_dict(), "code", warehouse.digests(con, folder, ("landed",)))
        changed.forget(con, plan.stale)
    outcome = runner.build(project, file, folder / "dbt", folder / "logs", nodes=plan.stale, plan=plan)
    assert outcome.success
    with duckdb.connect(str(file)) as con:
        changed.record(con, plan, outcome.events)
    return plan, {event["data"]["node_info"]["node_name"].split("_")[0] for event in outcome.events}


def _dated(folder: Path) -> list[tuple]:
    with duckdb.connect(str(folder / "tieout.duckdb")) as con:
        return con.execute("from main.dated").fetchall()


def test_another_day_computes_what_it_changes(tmp_path, project):
    """What changed and was spared would hold yesterday's figures; and every morning would compute everything."""
    everything = {"weekday", "seen", "doubled", "noted", "dated", "not", "accepted"}
    assert _build(tmp_path, project, 1)[1] == everything
    plan, ran = _build(tmp_path, project, 8)
    assert ran == {"weekday", "dated"}, "the weekday is the same, in whatever order its rows lie"
    assert _dated(tmp_path) == [(8, 3)]
    told = {plan.nodes[name]["name"].split("_")[0]: one.event["data"] for name, one in plan.current.items()}
    assert told["accepted"]["node_info"]["node_status"] == "warn", "what a test found is told though it did not run"
    assert _build(tmp_path, project, 9)[1] == everything
    assert _dated(tmp_path) == [(9, 5)]
    assert _stale(tmp_path, project) == []


def _stale(folder: Path, project: manifest.ParsedProject) -> list[str]:
    with duckdb.connect(str(folder / "tieout.duckdb")) as con:
        return changed.plan(con, project.as_dict(), "code", warehouse.digests(con, folder, ("landed",))).stale
