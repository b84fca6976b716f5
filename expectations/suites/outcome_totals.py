"""Totals along the way from landing to canonical, computed here and not by the models they judge.

Sums are of amounts in major units over all currencies: a hash total that finds a lost or changed row, no money.
"""

from __future__ import annotations

import duckdb

from dagster_project.archive.parsing.content import is_on_demand
from dagster_project.sources.contracts import Contract, load_contracts
from expectations.suites.distinct import find_delivered
from expectations.suites.relations import find_surplus, landed
from expectations.suites.sql import identifier, literal, names

REQUIRED_MONEY = (
    "amount_minor", "base_credit_minor", "base_debit_minor", "closing_amount_minor", "credit_minor", "debit_minor",
    "discount_amount_minor", "fee_amount_minor", "minimum_amount_minor", "net_amount_minor", "open_amount_minor",
    "tax_amount_minor", "total_amount_minor",
)  # fmt: skip


def find_totals(connection: duckdb.DuckDBPyConnection) -> None:
    """Writes `outcome_staging` (per source and object, landed against staged) and `outcome_null_money` (per canonical
    column); what is not built yet is not in them."""
    connection.execute(
        "create or replace temp table outcome_staging (source_instance varchar, domain varchar, object varchar, "
        "landed_rows bigint, staged_rows bigint, landed_total decimal(38, 4), staged_total decimal(38, 4))"
    )
    connection.execute(
        "create or replace temp table outcome_null_money "
        "(table_name varchar, column_name varchar, rows bigint, null_rows bigint)"
    )
    relations = {
        (schema, table)
        for schema, table in connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = current_database()"
        ).fetchall()
    }
    filled = connection.execute("select distinct domain, object from landed.batches where state = 'loaded'").fetchall()
    for domain, name in sorted(filled):
        contract = load_contracts()[domain, name]
        if ("staging", f"stg_generic__{domain}__{name}") in relations:
            connection.execute(f"insert into outcome_staging {_staging_sql(connection, contract)}")
    _find_null_money(connection)


def _staging_sql(connection: duckdb.DuckDBPyConnection, contract: Contract) -> str:
    """Rows that count (every version of an upsert object) and the amounts of those in force, on both sides."""
    columns = {column.name for column in contract.columns}
    version = names((*contract.key, "updated_at")) if contract.mode == "upsert" else names(contract.key)
    amounts = [column.name for column in contract.columns if column.kind == "money" and column.required]
    total = " + ".join(f"cast({identifier(amount)} as decimal(38, 4))" for amount in amounts)
    current = "is_current" if contract.mode == "upsert" and "updated_at" in columns else "true"
    rows = landed(contract)
    if amounts or contract.mode == "full":
        rows += f" anti join {find_surplus(connection, contract)} using (source_instance, batch_id, row_number)"
    counted = rows if contract.mode == "full" else landed(contract)
    in_force = f"select source_instance, sum({total}) as total from {rows} group by source_instance"
    if not amounts:
        total, in_force = "null::decimal(38, 4)", "select '' as source_instance, null::decimal(38, 4) as total"
    delivered = (
        f"select source_instance, count(distinct row({version})) as row_count from {counted} group by source_instance"
    )
    if is_on_demand(contract):
        find_delivered(connection, contract)
        delivered = "from outcome_delivered"
    return f"""
        select
            coalesce(l.source_instance, s.source_instance),
            {literal(contract.domain)},
            {literal(contract.name)},
            coalesce(l.row_count, 0),
            coalesce(s.row_count, 0),
            f.total,
            s.total,
        from ({delivered}) as l
        left join ({in_force}) as f using (source_instance)
        full join (
            select source_instance, count(*) as row_count, sum({total}) filter (where {current}) as total
            from staging.stg_generic__{contract.domain}__{contract.name} group by source_instance
        ) as s using (source_instance)
    """


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
