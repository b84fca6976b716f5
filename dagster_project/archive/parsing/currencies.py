"""ISO 4217, from the same seed that the models use: a second list would let the two disagree about a currency."""

from __future__ import annotations

import csv
from functools import cache

import duckdb

from dagster_project.settings import PROJECT_ROOT

_SEED = PROJECT_ROOT / "dbt_project" / "seeds" / "currencies.csv"


@cache
def exponents() -> dict[str, int]:
    """Decimals of each currency."""
    with _SEED.open(encoding="utf-8", newline="") as file:
        return {row["currency_code"]: int(row["exponent"]) for row in csv.DictReader(file)}


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the temporary table `currencies(code, exponent)` that the checks join: once per connection."""
    rows = ", ".join(f"('{code}', {exponent})" for code, exponent in exponents().items())
    con.execute(f"create temp table currencies as select code, exponent from (values {rows}) as iso(code, exponent)")
