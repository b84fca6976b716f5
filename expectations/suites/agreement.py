"""Great Expectations judges, SQL says which rows: the two must never disagree."""

from __future__ import annotations

from collections.abc import Sequence

from dagster_project.errors import StoreError
from expectations.suites.gx import Verdict
from expectations.suites.model import ResultRow, Suite


def ensure_agreement(verdict: Verdict, suite: Suite, rows: Sequence[ResultRow]) -> None:
    """Raises StoreError naming the expectations that failed while none of their checks has a failing row."""
    failed = {(row.asset_key, row.expectation) for row in rows if row.status == "failed"}
    explained = {check.expectation.name for check in suite.checks if (check.asset_key, check.name) in failed}
    disputed = sorted(name for name, success in verdict.success.items() if not success and name not in explained)
    if disputed:
        raise StoreError(
            f"{suite.name}: Great Expectations found failing rows for {', '.join(disputed)} and the SQL of the check "
            "finds none; the control cannot be trusted: report it"
        )
