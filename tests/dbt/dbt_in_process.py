"""Builds part of the dbt project over a hand-made world, in this process, with the project parsed once."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.dbt.manifest import DBT_PROJECT, parsed, quiet_flags, write_profile
from dagster_project.dbt.runner import build, release_database

PROJECT = DBT_PROJECT
FOUNDATION = ("currencies", "path:models/staging", "path:models/canonical")
NOT_FOUNDATION = ("path:models/canonical/usage", "path:models/canonical/rating")
OF_OTHER_MODELS = "test_type:singular"  # they speak of models that are not built here


def build_foundation(warehouse: Path, work: Path) -> None:
    """Seeds, staging and canonical with their data tests; fails with what failed, in dbt's words."""
    outcome = build(
        parsed(PROJECT), warehouse, work, work / "logs", select=FOUNDATION, exclude=(*NOT_FOUNDATION, OF_OTHER_MODELS)
    )
    assert outcome.success, [f"{one.name}: {one.message}" for one in outcome.failures] or outcome.error


def run_unit_tests(warehouse: Path, work: Path) -> dict[str, str]:
    """{model.name of every unit test of the project: what failed, empty when it passed}; one invocation of dbt.

    dbt reads from the warehouse only which columns the mocked inputs have, so every model must have been built there.
    """
    from dbt.cli.main import dbtRunner

    project = parsed(PROJECT)
    profiles = write_profile(project.project, work / "profiles", warehouse)
    flags = quiet_flags(project.project, profiles, work / "unit", work / "logs")
    try:
        outcome = dbtRunner(manifest=project.as_dbt()).invoke(["test", *flags, "--select", "test_type:unit"])
    finally:
        release_database()
    assert outcome.result is not None, outcome.exception
    return {
        one.node.unique_id.split(".", 2)[2]: "" if str(one.status) == "pass" else str(one.message)
        for one in outcome.result.results
    }


def rows(warehouse: Path, query: str) -> list[tuple]:
    """The rows of a query on a warehouse that nobody writes to."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()
