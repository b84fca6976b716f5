"""What a finding is, and how the ones of each kind read the published snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.observability.options import AlertKind

Row = Mapping[str, Any]
Amounts = tuple[tuple[str, int], ...]
"""Currency and minor units, one per currency, ordered by it: amounts of two currencies are never added."""


@dataclass(frozen=True)
class Finding:
    """Something that is the case. `key` names it from run to run, `state` and `amounts` say how it stands now.

    `page` is the address below the dashboard's at which it is shown.
    """

    key: str
    kind: AlertKind
    state: str
    severity: str
    owner_role: str
    title: str
    where: str
    amounts: Amounts
    reason: str
    next_step: str
    page: str = ""


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def amounts(parts: Iterable[Row]) -> Amounts:
    """`amount_minor` per `currency_code`, without zeros and without what has no currency."""
    sums: dict[str, int] = {}
    for part in parts:
        if part["currency_code"] and part["amount_minor"]:
            sums[part["currency_code"]] = sums.get(part["currency_code"], 0) + int(part["amount_minor"])
    return tuple(sorted(sums.items()))
