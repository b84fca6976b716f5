"""What a failed check is about: how many rows, how much money, which rows exactly, whose, and what to do.

Counts and sums are SQL over the failing rows, exact; the rows themselves are written whole as Parquet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.money import major
from expectations.suites.gx import Verdict
from expectations.suites.model import Check, ResultRow, Status, Suite
from expectations.suites.sql import identifier, literal

_REJECTED, _FAILING = "boundary_rejected", "boundary_failing"


@dataclass(frozen=True)
class Group:
    """Failing rows of one check, source instance and currency; the amount is in minor units."""

    source_instance: str | None
    currency_code: str | None
    rows: int
    amount_minor: int | None


class Measure:
    """Turns the verdict on one suite into its stored rows, writing the failing ones below `folder`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        suite: Suite,
        verdict: Verdict,
        folder: Path,
        home: Path,
        instances: dict[str, set[str | None]] | None = None,
    ) -> None:
        """`folder` is `<home>/runs/<run_id>/expectations`. `instances` keeps answers to `testable_sql` from suite to
        suite: most references ask the same."""
        self._counts: dict[str, dict[tuple[str, str | None], int]] = {}
        self._instances = {} if instances is None else instances
        self._has_rejected = False
        self._connection = connection
        self._suite = suite
        self._verdict = verdict
        self._folder = folder
        self._home = home

    def rows(self, instances: Mapping[str, tuple[str | None, ...]]) -> list[ResultRow]:
        """One row per check, source instance and currency, in the order of the checks; `instances` by subject."""
        found = {key(check): self._groups(check) for check in self._suite.checks if self._has_failed(check)}
        rows: list[ResultRow] = []
        for check in self._suite.checks:
            fault = self._verdict.faults.get(check.expectation.name)
            rows += self._of_check(check, instances[check.subject], found.get(key(check), []), fault)
        return rows

    def _has_failed(self, check: Check) -> bool:
        return not self._verdict.success.get(check.expectation.name, True)

    def _of_check(
        self, check: Check, instances: tuple[str | None, ...], groups: list[Group], fault: str | None
    ) -> list[ResultRow]:
        untestable = self._verdict.untestable
        evaluated = self._evaluated(check) if not (fault or untestable) else {}
        testable = self._testable(check) if not (fault or untestable) else None
        named = [group.source_instance for group in groups if group.source_instance not in instances]
        rows: list[ResultRow] = []
        for instance in (*instances, *dict.fromkeys(named)):
            mine = [group for group in groups if group.source_instance == instance]
            count = evaluated.get((check.subject, instance), evaluated.get((check.subject, None), 0))
            if mine:
                words = failure_words(self._connection, check, mine, count)
                path = self._parquet_path(check)
                rows += [self._row(check, "failed", instance, count, words, group, path) for group in mine]
            elif untestable:
                rows.append(self._row(check, "not_testable", instance, 0, f"Not testable: {untestable}."))
            elif fault:
                words = f"The control could not be evaluated, so nothing is known: {fault.splitlines()[0]}"
                rows.append(self._row(check, "failed", instance, 0, words))
            elif (testable is not None and instance not in testable) or (check.needs_evidence and not count):
                rows.append(self._row(check, "not_testable", instance, count, untestable_words(check)))
            elif not (instance is None and named):
                rows.append(self._row(check, "passed", instance, count, _fill(check.routing.holds, check, 0, count)))
        return rows

    def _row(
        self,
        check: Check,
        status: Status,
        instance: str | None,
        evaluated: int,
        words: str,
        group: Group | None = None,
        path: str | None = None,
    ) -> ResultRow:
        return ResultRow(
            suite=self._suite.name,
            expectation=check.name,
            source_instance=instance,
            asset_key=check.asset_key,
            column_name=check.column,
            status=status,
            evaluated_rows=evaluated,
            unexpected_rows=group.rows if group else 0,
            amount_minor=group.amount_minor if group else None,
            currency_code=group.currency_code if group else None,
            severity=check.routing.severity,
            is_blocking=check.routing.is_blocking,
            owner_role=check.owner_role,
            words=words,
            run_id=self._folder.parent.name,
            run_failing_rows=path,
        )

    def _groups(self, check: Check) -> list[Group]:
        failing = check.failing_sql.replace("{batch}", self._suspects(check))
        self._connection.execute(f"create or replace temp table {_FAILING} as {failing}")  # found once, read twice
        groups = self._connection.execute(
            f"select {check.instance}, {check.currency_code} as currency, count(*), "
            f"cast(sum({check.amount_minor}) as decimal(38, 0)) from {_FAILING} as f group by all order by all"
        ).fetchall()
        if groups:
            path = self._parquet_file(check)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection.execute(
                f"copy (select * from {_FAILING} order by all) to {literal(str(path))} (format parquet)"
            )
        return [
            Group(instance, currency, count, None if amount is None or currency is None else int(amount))
            for instance, currency, count, amount in groups
        ]

    def _suspects(self, check: Check) -> str:
        """Where the failing rows of a check are: where many checks share a flag, among the few that it rejects."""
        expectation = check.expectation
        if expectation.kind != "in_set" or expectation.arguments["value_set"] != [True]:
            return self._suite.relation
        if not self._has_rejected:
            flag = identifier(expectation.arguments["column"])
            self._connection.execute(
                f"create or replace temp table {_REJECTED} as select * from {self._suite.relation} where not {flag}"
            )
            self._has_rejected = True
        return _REJECTED

    def _evaluated(self, check: Check) -> dict[tuple[str, str | None], int]:
        sql = self._sql(check.evaluated_sql)
        if sql not in self._counts:
            counted = self._connection.execute(sql).fetchall()
            self._counts[sql] = {
                (row[2] if len(row) > 2 else check.subject, row[0]): int(row[1] or 0) for row in counted
            }
        return self._counts[sql]

    def _testable(self, check: Check) -> set[str | None] | None:
        if check.testable_sql is None:
            return None
        sql = self._sql(check.testable_sql)
        if sql not in self._instances:
            self._instances[sql] = {row[0] for row in self._connection.execute(sql).fetchall()}
        return self._instances[sql]

    def _parquet_file(self, check: Check) -> Path:
        subject = "" if self._suite.name.endswith(f".{check.subject}") else f"{check.subject}."
        return self._folder / self._suite.name / f"{subject}{check.name}.parquet"

    def _parquet_path(self, check: Check) -> str:
        path = self._parquet_file(check)
        return str(path.relative_to(self._home)) if path.is_relative_to(self._home) else str(path)

    def _sql(self, text: str) -> str:
        return text.replace("{batch}", self._suite.relation)


def key(check: Check) -> tuple[str, str]:
    """Names a check among those of all subjects."""
    return check.subject, check.name


def failure_words(connection: duckdb.DuckDBPyConnection, check: Check, groups: list[Group], evaluated: int) -> str:
    """What failed, how much is at stake, what it means, who owns it and what to do next."""
    text = _fill(check.routing.fails, check, sum(group.rows for group in groups), evaluated)
    amounts = [group for group in groups if group.amount_minor is not None]
    if amounts:
        exponents = dict(connection.execute("select currency_code, exponent from boundary_currencies").fetchall())
        stated = [
            f"{major(group.amount_minor or 0, exponents.get(group.currency_code, 0))} {group.currency_code}"
            for group in amounts
        ]
        text += f" At stake: {', '.join(stated)}."
    return f"{text} {_fill(check.routing.effect, check, 0, evaluated)} {check.owner_role}: {check.routing.next_step}"


def untestable_words(check: Check) -> str:
    """Why nothing can be concluded, by the kind of check."""
    if check.rule == "reference_resolves":
        return f"Not testable: {check.detail} was not delivered completely, or its system is not connected."
    reports = {
        "fresh": "when it was extracted",
        "row_count_as_reported": "how many rows it has",
        "control_totals_as_reported": "the sum of any of its columns",
    }
    return f"Not testable: no sidecar of {check.subject} says {reports[check.rule]}."


def _fill(words: str, check: Check, rows: int, evaluated: int) -> str:
    return words.format(
        rows=f"{rows:,}", evaluated=f"{evaluated:,}", subject=check.subject, column=check.column, detail=check.detail
    )
