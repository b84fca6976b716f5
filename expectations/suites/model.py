"""The vocabulary: a suite of checks before it runs, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from expectations.policy import Rule

Status = Literal["passed", "failed", "not_testable"]


@dataclass(frozen=True)
class Expectation:
    """One Great Expectations expectation: its kind and arguments. Several checks may share one."""

    name: str
    kind: Literal["not_null", "in_set", "between", "no_rows"]
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Check:
    """One control, named by what holds when it passes; `asset_key` is (domain, object) or ("marts", table).

    `failing_sql` returns its complete failing rows; `{batch}` in it is the suite's relation. `evaluated_sql` returns
    (source_instance, rows) or (source_instance, rows, subject); `testable_sql` the source instances where the check
    can be judged, all when None; with `needs_evidence` it cannot be judged where nothing was evaluated.
    `amount_minor` and `currency_code` are expressions over a failing row `f`.
    """

    name: str
    rule: str
    expectation: Expectation
    failing_sql: str
    asset_key: tuple[str, str]
    routing: Rule
    owner_role: str
    column: str | None = None
    detail: str = ""
    instance: str = "f.source_instance"
    amount_minor: str = "cast(null as decimal(38, 0))"
    currency_code: str = "cast(null as varchar)"
    evaluated_sql: str = "select source_instance, count(*) from {batch} group by source_instance"
    testable_sql: str | None = None
    needs_evidence: bool = False

    @property
    def subject(self) -> str:
        """What it is about, as `billing.invoices`."""
        return ".".join(self.asset_key)


@dataclass(frozen=True)
class Suite:
    """The checks that run on one relation, a table or view with or without its schema."""

    name: str
    relation: str
    checks: tuple[Check, ...]

    @property
    def asset_key(self) -> tuple[str, str]:
        """What the suite is about: the subject of its first check."""
        return self.checks[0].asset_key

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """Each expectation once, in the order of the checks."""
        return tuple({check.expectation.name: check.expectation for check in self.checks}.values())


@dataclass(frozen=True)
class ResultRow:
    """A row of `quality.boundary_results` or `quality.outcome_results`: a check, source instance and currency; `run_id`
    is the run that judged it."""

    suite: str
    expectation: str
    source_instance: str | None
    asset_key: tuple[str, str]
    column_name: str | None
    status: Status
    evaluated_rows: int
    unexpected_rows: int
    amount_minor: int | None
    currency_code: str | None
    severity: str
    is_blocking: bool
    owner_role: str
    words: str
    run_id: str
    run_failing_rows: str | None


@dataclass(frozen=True)
class CheckResult:
    """One check over all source instances, as an asset check shows it."""

    name: str
    passed: bool
    blocking: bool
    severity: str
    words: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SuiteResult:
    """One suite: `checks` for an orchestrator, `rows` as they are stored."""

    name: str
    asset_key: tuple[str, str]
    checks: tuple[CheckResult, ...]
    rows: tuple[ResultRow, ...]

    @property
    def passed(self) -> bool:
        """No check failed; one that cannot be tested is no failure."""
        return all(check.passed for check in self.checks)
