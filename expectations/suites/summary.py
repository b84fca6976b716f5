"""A check over all source instances: what an orchestrator shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from expectations.suites.model import CheckResult, ResultRow


def summarise(names: Iterable[str], rows: Sequence[ResultRow]) -> tuple[CheckResult, ...]:
    """One result per name, in that order; a name without rows is left out."""
    by_name: dict[str, list[ResultRow]] = {}
    for row in rows:
        by_name.setdefault(row.expectation, []).append(row)
    return tuple(_one(name, by_name[name]) for name in names if name in by_name)


def _one(name: str, rows: Sequence[ResultRow]) -> CheckResult:
    failed = [row for row in rows if row.status == "failed"]
    told = failed or [row for row in rows if row.status == "not_testable"] or rows
    amounts = {row.currency_code: row.amount_minor for row in failed if row.amount_minor is not None}
    metadata = {
        "status": told[0].status,
        "owner_role": rows[0].owner_role,
        "evaluated_rows": sum({row.source_instance: row.evaluated_rows for row in rows}.values()),
        "unexpected_rows": sum(row.unexpected_rows for row in rows),
        "source_instances": sorted({row.source_instance for row in told if row.source_instance}),
    }
    if amounts:
        metadata["amount_minor"] = {
            str(currency): sum(row.amount_minor or 0 for row in failed if row.currency_code == currency)
            for currency in amounts
        }
    if failed:
        metadata["failing_rows"] = failed[0].run_failing_rows
    return CheckResult(
        name=name,
        passed=not failed,
        blocking=rows[0].is_blocking,
        severity=rows[0].severity,
        words=" ".join(dict.fromkeys(row.words for row in told)),
        metadata=metadata,
    )
