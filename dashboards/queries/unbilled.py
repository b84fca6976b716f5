"""The usage that stands behind one result of R08: what no invoice held on the period's last day, by subscription."""

from __future__ import annotations

from typing import Any

from dashboards.snapshot import DOWNLOAD_LIMIT, Row, Snapshot

TABLES = ("reconciliation.unbilled_usage", "canonical.subscription", "canonical.billing_customer")
_CELLS = """
    select s.customer_id, c.name as customer_name, u.subscription_id, u.sku, u.service_month, u.quantity,
        u.currency_code, u.value_minor, u.untestable_reason, u.billing_instance
    from reconciliation.unbilled_usage as u
    left join canonical.subscription as s
        on s.source_instance = u.billing_instance and s.subscription_id = u.subscription_id
    left join canonical.billing_customer as c
        on c.source_instance = s.source_instance and c.customer_id = s.customer_id
    where u.erp_instance = ? and concat_ws('|', u.legal_entity_code, u.currency_code, u.period) = ?
        and (u.value_minor <> 0 or u.untestable_reason is not null)
"""
_ORDER = "abs(value_minor) desc nulls first, customer_id, subscription_id, sku, service_month"


def count(db: Snapshot, result: Row) -> int:
    """How many usage cells stand behind the result."""
    return int(db.row(f"select count(*) as n from ({_CELLS})", _key(result))["n"])


def page(db: Snapshot, result: Row, limit: int, offset: int) -> list[Row]:
    """A page of them: what cannot be valued first, then the largest."""
    return db.rows(f"select * from ({_CELLS}) order by {_ORDER} limit ? offset ?", (*_key(result), limit, offset))


def download(result: Row) -> tuple[str, tuple[Any, ...]]:
    """All of them, as many as a file holds: a query for `Snapshot.stream`."""
    return f"select * from ({_CELLS}) order by {_ORDER} limit ?", (*_key(result), DOWNLOAD_LIMIT)


def _key(result: Row) -> tuple[str, str]:
    return result["source_instance"], result["match_key"]
