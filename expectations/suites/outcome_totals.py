"""Totals along the way from landing to canonical, computed here and not by the models they judge.

Sums are of amounts in major units over all currencies: a hash total that finds a lost or changed row, no money.
"""

from __future__ import annotations

import duckdb

from dagster_project.settings import Settings
from expectations.suites.sql import identifier, literal
from expectations.suites.staged_totals import find_staged_totals

REQUIRED_MONEY = (
    "amount_minor", "base_credit_minor", "base_debit_minor", "closing_amount_minor", "credit_minor", "debit_minor",
    "discount_amount_minor", "fee_amount_minor", "minimum_amount_minor", "net_amount_minor", "open_amount_minor",
    "tax_amount_minor", "total_amount_minor",
)  # fmt: skip


def find_totals(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Writes `outcome_staging` (per source and object, landed against staged) and `outcome_null_money` (per canonical
    column); what is not built yet is not in them."""
    find_staged_totals(connection, settings)
    connection.execute(
        "create or replace temp table outcome_null_money "
        "(table_name varchar, column_name varchar, rows bigint, null_rows bigint)"
    )
    _find_null_money(connection)


def _find_null_money(connection: duckdb.DuckDBPyConnection) -> None:
    """A history (`*_version`) keeps null for what cannot be converted; its record is told in `unconvertible_row`."""
    columns = connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_catalog = current_database() and table_schema = 'canonical' "
        "and not ends_with(table_name, '_version') "
        f"and column_name in ({', '.join(map(literal, REQUIRED_MONEY))}) order by all"
    ).fetchall()
    for table, column in columns:
        connection.execute(
            f"insert into outcome_null_money select {literal(table)}, {literal(column)}, count(*), "
            f"count(*) - count({identifier(column)}) from canonical.{identifier(table)}"
        )
