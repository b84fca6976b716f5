"""Expected, metered, billed, posted, settled: by entity, customer and service month, and the records behind a cell."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from dashboards.queries.scope import CUSTOMER_TEXT, Scope, where
from dashboards.snapshot import DOWNLOAD_LIMIT, Row, Snapshot

STAGES = ("expected_minor", "metered_minor", "billed_minor", "posted_minor", "settled_minor")
GROUPS = {
    "entity": "legal_entity_code",
    "customer": "customer_id",
    "period": "strftime(service_period_start, '%Y-%m')",
}
"""How cells can be added up; always within one currency."""

_SUMS = ", ".join(f"cast(sum({stage}) as decimal(38, 0)) as {stage}" for stage in STAGES)
_DIFFERS = " or ".join(f"sum({left}) <> sum({right})" for left, right in pairwise(STAGES))


def totals(db: Snapshot, scope: Scope) -> list[Row]:
    """The five stages of the scope, one row per currency."""
    conditions, values = _in_cells(scope)
    return db.rows(
        f"select currency_code, {_SUMS} from {_CELLS} where {conditions} group by currency_code order by currency_code",
        values,
    )


def count(db: Snapshot, scope: Scope, group: str, differing: bool) -> int:
    """How many rows `page` has in all."""
    return int(db.row(f"select count(*) as n from ({_grouped(scope, group, differing)[0]})", _in_cells(scope)[1])["n"])


def page(db: Snapshot, scope: Scope, group: str, differing: bool, limit: int, offset: int) -> list[Row]:
    """A row per group and currency, largest difference first within its currency; periods in order."""
    sql, values = _grouped(scope, group, differing)
    order = "name desc, currency_code" if group == "period" else "currency_code, gap desc, name"
    return db.rows(f"select * exclude (gap) from ({sql}) order by {order} limit ? offset ?", (*values, limit, offset))


def download(scope: Scope, group: str, differing: bool) -> tuple[str, tuple[Any, ...]]:
    """All groups of the scope, as many as a file holds: a query for `Snapshot.stream`."""
    sql, values = _grouped(scope, group, differing)
    select = f"select name as {group}, * exclude (name, gap) from ({sql}) order by currency_code, name limit ?"
    return select, (*values, DOWNLOAD_LIMIT)


def causes(db: Snapshot, scope: Scope, limit: int = 1000) -> list[Row]:
    """Why the stages differ: amount per leg, cause and currency, and what went each way where that adds up to zero."""
    conditions, values = _in_cells(scope)
    return db.rows(
        f"""
        select leg, cause_code, currency_code, cast(sum(amount_minor) as decimal(38, 0)) as amount_minor,
            cast(sum(greatest(amount_minor, 0)) as decimal(38, 0)) as lost_minor
        from marts.bridge_allocation
        where {conditions}
        group by all
        having max(amount_minor) <> 0 or min(amount_minor) <> 0
        order by currency_code, leg, abs(sum(amount_minor)) desc, cause_code
        limit ?
        """,
        (*values, limit),
    )


_CELLS = "marts.bridge_cells"


def _grouped(scope: Scope, group: str, differing: bool) -> tuple[str, tuple[Any, ...]]:
    conditions, values = _in_cells(scope)
    having = f"having {_DIFFERS}" if differing else ""
    legs = " + ".join(f"abs(sum({left}) - sum({right}))" for left, right in pairwise(STAGES))
    sql = f"""
        select {GROUPS[group]} as name, currency_code, {_SUMS}, {legs} as gap
        from {_CELLS} where {conditions} group by all {having}
    """
    return sql, values


def _in_cells(scope: Scope) -> tuple[str, tuple[Any, ...]]:
    return where(
        ("legal_entity_code = ?", scope.entity),
        ("currency_code = ?", scope.currency),
        (f"{GROUPS['period']} = ?", scope.period),
        ("customer_id = ?", scope.customer),
        (CUSTOMER_TEXT, scope.customer_text),
    )
