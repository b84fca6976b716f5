"""What the reader has narrowed a page to, as SQL conditions with bound values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scope:
    """An empty text means all. `customer` is an id, `search` a part of any text, `customer_text` of a customer's
    name or number, `service_month` when the service was given, `leg` and `cause` those of a difference."""

    entity: str = ""
    currency: str = ""
    period: str = ""
    customer: str = ""
    search: str = ""
    service_month: str = ""
    customer_text: str = ""
    leg: str = ""
    cause: str = ""

    def only(self, *names: str) -> Scope:
        """The scope with all but these fields left open."""
        return Scope(**{name: getattr(self, name) for name in names})


def where(*conditions: tuple[str, str]) -> tuple[str, tuple[Any, ...]]:
    """SQL and values of the conditions whose value is not empty; a value fills every placeholder of its condition."""
    used = [(sql, value) for sql, value in conditions if value]
    return " and ".join(sql for sql, _ in used) or "true", tuple(
        value for sql, value in used for _ in range(sql.count("?"))
    )


def in_summary(scope: Scope) -> tuple[str, tuple[Any, ...]]:
    """The scope over `reconciliation_summary`."""
    return where(
        ("legal_entity_code = ?", scope.entity),
        ("currency_code = ?", scope.currency),
        ("period = ?", scope.period),
    )


CUSTOMER_TEXT = """customer_id in (
    select customer_id from canonical.billing_customer
    where contains(lower(concat_ws(' ', customer_id, name)), lower(?))
)"""
"""Customers whose number or name contains the text."""
