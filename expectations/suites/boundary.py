"""The controls at the boundary: everything that landed, against its contract and its source's own report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract, load_contracts
from dagster_project.warehouse.facts import Batch
from expectations.suites import clean, standing, store
from expectations.suites.agreement import ensure_agreement
from expectations.suites.clean import CleanRows
from expectations.suites.delivery_checks import delivery_checks, delivery_suite, find_deliveries
from expectations.suites.gx import Evaluator, Verdict
from expectations.suites.measure import Measure
from expectations.suites.model import CheckResult, ResultRow, Suite, SuiteResult
from expectations.suites.money import find_currencies
from expectations.suites.references import find_dangling, find_targets
from expectations.suites.relations import find_surplus, landed, rows_sql
from expectations.suites.row_checks import relation_sql, row_rules, row_suite
from expectations.suites.standing import Standing
from expectations.suites.summary import summarise

Progress = Callable[[str], None]


def check_names(contract: Contract) -> tuple[str, ...]:
    """The names of an object's checks, in order, known before anything runs: delivery first, then rows."""
    return tuple(check.name for check in delivery_checks(contract)) + tuple(rule.name for rule in row_rules(contract))


def run_boundary(
    connection: duckdb.DuckDBPyConnection, settings: Settings, results_dir: Path, progress: Progress = lambda _: None
) -> list[SuiteResult]:
    """Runs every suite; one result per configured object, in the contracts' order.

    An object is judged only where something that its rows rest on has changed (see `standing`), and of its rows those
    that were judged before and kept every rule are then counted and not judged again (see `clean`).
    `results_dir` is `<home>/runs/<run_id>/expectations`: JSON per suite and the complete failing rows go there, the
    results into `quality.boundary_results`. Nothing is raised for failing data; a caller stops where a failed check is
    blocking.
    """
    with connection.cursor() as own:
        find_currencies(own)
        configured = _configured(own)
        contracts = [contract for key, contract in load_contracts().items() if key in configured]
        if not contracts:
            store.write_table(own, "boundary_results", [])
            return []
        find_deliveries(own, contracts)
        find_targets(own, contracts)
        evaluator = Evaluator(own)
        try:
            rows = _run(own, evaluator, contracts, configured, settings, results_dir, progress)
        finally:
            evaluator.close()
        store.write_table(own, "boundary_results", rows)
    return [_result(contract, rows) for contract in contracts]


def _run(
    connection: duckdb.DuckDBPyConnection,
    evaluator: Evaluator,
    contracts: Sequence[Contract],
    configured: dict[tuple[str, str], tuple[str | None, ...]],
    settings: Settings,
    results_dir: Path,
    progress: Progress,
) -> list[ResultRow]:
    progress("deliveries")
    home = settings.home
    instances = {f"{domain}.{name}": found for (domain, name), found in configured.items()}
    suite = delivery_suite(contracts)
    verdict = evaluator.evaluate(suite)
    rows = Measure(connection, suite, verdict, results_dir, home).rows(instances)
    ensure_agreement(verdict, suite, rows)
    store.write_suite(results_dir, suite, verdict, rows)
    testable: dict[str, set[str | None]] = {}
    judged_before, clean_rows = Standing(connection, settings), CleanRows(connection)
    broken = {row.asset_key for row in rows if row.expectation == "columns_as_contracted" and row.status == "failed"}
    by_object: dict[tuple[str, str], list[ResultRow]] = {}
    faulty: set[tuple[str, str]] = set()
    for contract in contracts:
        progress(f"{contract.domain}.{contract.name}")
        key = contract.domain, contract.name
        found = judged_before.find(contract)
        if found is None:
            suite = row_suite(contract)
            if key in broken:
                verdict = Verdict(untestable=f"{landed(contract)} does not have the contracted columns")
            else:
                verdict = _judge(connection, evaluator, contract, suite, clean_rows.unjudged(contract))
            found = Measure(connection, suite, verdict, results_dir, home, testable).rows(instances)
            ensure_agreement(verdict, suite, found)
            store.write_suite(results_dir, suite, verdict, found)
            if verdict.faults:
                faulty.add(key)
        by_object[key] = found
        rows += found
    judged_before.keep({key: found for key, found in by_object.items() if key not in faulty})
    clean_rows.keep(contracts, rows)
    return rows


def _judge(
    connection: duckdb.DuckDBPyConnection,
    evaluator: Evaluator,
    contract: Contract,
    suite: Suite,
    new: list[Batch] | None,
) -> Verdict:
    """The verdict on an object's rows: all of them, or those of the batches `new` and what is in conflict with them."""
    surplus = find_surplus(connection, contract)
    judged = rows_sql(connection, contract, surplus, new)
    if connection.execute(f"select 1 from ({judged}) limit 1").fetchone() is None:
        return Verdict.of_no_rows(suite)
    # among all rows it is found for less than among those that count
    find_dangling(connection, contract, f"from {landed(contract)}" if new is None else judged)
    relation = relation_sql(contract, judged)
    connection.execute(f"create or replace temp view {suite.relation} as {relation}")
    return evaluator.evaluate(suite)


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """All rows of all objects are judged when the suites run next."""
    clean.forget(connection)
    standing.forget(connection)


def _configured(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[str | None, ...]]:
    """The source instances of every configured object whose rows land in the contract's own shape."""
    found = connection.execute(
        "select domain, object, list(source_instance order by source_instance) from config.source_objects "
        "where vendor = 'generic' group by domain, object"
    ).fetchall()
    return {(domain, name): tuple(instances) for domain, name, instances in found}


def _result(contract: Contract, rows: Sequence[ResultRow]) -> SuiteResult:
    key = (contract.domain, contract.name)
    mine = tuple(row for row in rows if row.asset_key == key)
    checks: tuple[CheckResult, ...] = summarise(check_names(contract), mine)
    return SuiteResult(f"boundary.{contract.domain}.{contract.name}", key, checks, mine)
