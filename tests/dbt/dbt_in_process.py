"""Builds part of the dbt project over a hand-made world, in this process, with the project parsed once."""

from __future__ import annotations

from collections.abc import Sequence
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


def run_unit_tests(warehouse: Path, work: Path, select: Sequence[str]) -> dict[str, str]:
    """{name of the unit test: what failed, empty when it passed}; the models' inputs must have been built before."""
    from dbt.cli.main import dbtRunner

    project = parsed(PROJECT)
    profiles = write_profile(project.project, work / "profiles", warehouse)
    flags = quiet_flags(project.project, profiles, work / "unit", work / "logs")
    chosen = [f"{path},test_type:unit" for path in select]
    try:
        arguments = ["test", *flags, "--select", *chosen, "--exclude", *NOT_FOUNDATION]
        outcome = dbtRunner(manifest=project.as_dbt()).invoke(arguments)
    finally:
        release_database()
    assert outcome.result is not None, outcome.exception
    return {one.node.name: "" if str(one.status) == "pass" else str(one.message) for one in outcome.result.results}


def rows(warehouse: Path, query: str) -> list[tuple]:
    """The rows of a query on a warehouse that nobody writes to."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()
