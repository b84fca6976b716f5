"""Rows for matching tests, and a matching that shares one connection so that properties can be tried hundreds of times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from dagster_project.matching import Matching, Plan, Row, match
from dagster_project.matching.engine import _as_table

FIRST_DAY = date(2026, 3, 2)
_con = duckdb.connect(":memory:")


def row(row_id: str, side: str, amount_minor: int, day: int = 0, **more) -> Row:
    more.setdefault("currency_code", "USD")
    return Row(row_id, side, amount_minor, FIRST_DAY.toordinal() + day, **more)


def matched(rows: Sequence[Row], plan: Plan | None = None) -> Matching:
    _con.register("given_rows", _as_table(list(rows)))
    return match(_con, "given_rows", plan or Plan())
