"""What a failing row puts at stake: its amount in minor units and its currency, as SQL over a row `f`.

A line has no currency of its own: it is its parent's. Where no parent tells it, the money cannot be stated in minor
units, and the row counts without an amount rather than with a guessed one.
"""

from __future__ import annotations

import duckdb

from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.contracts import Contract, currency_parents
from expectations.suites.sql import identifier, literal

CURRENCIES_PATH = PROJECT_ROOT / "dbt_project" / "seeds" / "currencies.csv"
NOTHING = ("cast(null as decimal(38, 0))", "cast(null as varchar)")


def find_currencies(connection: duckdb.DuckDBPyConnection) -> None:
    """Writes the temporary table of ISO 4217: minor units per unit, and the smallest step in ten-thousandths."""
    connection.execute(
        f"""
        create or replace temp table boundary_currencies as
        select
            currency_code,
            cast(exponent as integer) as exponent,
            cast('1' || repeat('0', cast(exponent as integer)) as bigint) as minor_per_unit,
            cast('1' || repeat('0', 4 - cast(exponent as integer)) as bigint) as smallest_step,
        from read_csv({literal(str(CURRENCIES_PATH))}, header = true, all_varchar = false)
        """
    )


def stake(contract: Contract, amount: str | None) -> tuple[str, str]:
    """Expressions for (amount in minor units, currency) of a failing row `f`; nulls where the object has no money."""
    currency = _currency(contract)
    if amount is None or currency is None:
        return NOTHING
    per_unit = f"(select c.minor_per_unit from boundary_currencies as c where c.currency_code = {currency})"
    return f"cast(cast(({amount}) as decimal(28, 4)) * 10000 as hugeint) * {per_unit} // 10000", currency


def _currency(contract: Contract) -> str | None:
    if any(column.name == "currency" for column in contract.columns):
        return "f.currency"
    parents = [
        f"(select min(p.currency) from landed.generic__{parent.domain}__{parent.name} as p "
        "where p.source_instance = f.source_instance "
        f"and p.{identifier(key)} = f.{identifier(column)})"
        for column, parent, key in currency_parents(contract)
    ]
    return f"coalesce({', '.join(parents)})" if len(parents) > 1 else (parents[0] if parents else None)
