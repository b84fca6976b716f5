"""The controls on the outcome: what the marts say, before it is published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from dagster_project.settings import Settings
from expectations.suites import staged_totals, store
from expectations.suites.agreement import ensure_agreement
from expectations.suites.gx import Evaluator, Verdict
from expectations.suites.measure import Measure
from expectations.suites.model import ResultRow, Suite, SuiteResult
from expectations.suites.money import find_currencies
from expectations.suites.outcome_checks import all_suites, suites
from expectations.suites.outcome_totals import find_totals
from expectations.suites.summary import summarise

__all__ = ["forget", "run_outcome", "suites"]

Progress = Callable[[str], None]


def run_outcome(
    connection: duckdb.DuckDBPyConnection, settings: Settings, results_dir: Path, progress: Progress = lambda _: None
) -> list[SuiteResult]:
    """Runs the suite of every mart that is built, or that this release builds; one result per mart.

    A mart that is not there is not testable. `results_dir` is `<home>/runs/<run_id>/expectations`; results also go into
    `quality.outcome_results`. Nothing is raised for failing data: a caller stops where a failed check is blocking.
    """
    rows: list[ResultRow] = []
    results: list[SuiteResult] = []
    with connection.cursor() as own:
        find_currencies(own)
        find_totals(own, settings)
        built = {name for (name,) in own.execute(_BUILT).fetchall()}
        expected = {suite.name for suite in suites()}
        evaluator = Evaluator(own)
        try:
            for suite in all_suites():
                if suite.relation in built or suite.name in expected:
                    progress(suite.relation)
                    found = _run(own, evaluator, suite, suite.relation in built, results_dir, settings.home)
                    checks = summarise([check.name for check in suite.checks], found)
                    results.append(SuiteResult(suite.name, suite.asset_key, checks, tuple(found)))
                    rows += found
        finally:
            evaluator.close()
        store.write_table(own, "outcome_results", rows)
    return results


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """All objects are counted when the suites run next."""
    staged_totals.forget(connection)


_BUILT = (
    "select table_schema || '.' || table_name from information_schema.tables "
    "where table_catalog = current_database() and table_schema = 'marts'"
)


def _run(
    connection: duckdb.DuckDBPyConnection, evaluator: Evaluator, suite: Suite, is_built: bool, folder: Path, home: Path
) -> list[ResultRow]:
    verdict = evaluator.evaluate(suite) if is_built else Verdict(untestable=f"{suite.relation} is not built")
    rows = Measure(connection, suite, verdict, folder, home).rows({check.subject: (None,) for check in suite.checks})
    ensure_agreement(verdict, suite, rows)
    store.write_suite(folder, suite, verdict, rows)
    return rows
