"""The filters that every page shares: entity, currency, period."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.components.filters import ALL, choose
from dashboards.queries import run
from dashboards.queries.scope import Scope
from dashboards.snapshot import Snapshot


def scope_bar(
    db: Snapshot, page: str, months: Sequence[str] | None = None, month_label: str = "Accounting period"
) -> Scope:
    """Shows the filters and returns what they leave; `months` are the periods to choose from, else those with results.

    A service month does not go along to the other pages: August's usage is invoiced and posted in September.
    """
    entities = run.entities(db)
    periods = run.periods(db) if months is None else months
    first, second, third = st.columns(3)
    with first:
        entity = choose(
            page, "entity", "Legal entity", [ALL, *entities],
            words=lambda code: f"{code} ({entities[code]})" if code else "All entities", follow=True,
        )  # fmt: skip
    with second:
        period = choose(
            page,
            "period",
            month_label,
            [ALL, *periods],
            words=lambda code: code or "All periods",
            follow=months is None,
        )
    with third:
        currency = choose(
            page,
            "currency",
            "Currency",
            [ALL, *run.currencies(db)],
            words=lambda code: code or "All currencies",
            follow=True,
        )
    return Scope(entity=entity, period=period, currency=currency)
