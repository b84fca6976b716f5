"""The money that a dead letter puts at stake: what its row says, where a row says it in whole minor units.

A line has no currency of its own: it is its parent's. Where no parent tells it, or the amount has more decimals than
its currency, the money cannot be stated, and none is guessed.
"""

from __future__ import annotations

import re

import duckdb

from dagster_project.archive import store
from dagster_project.archive.batches import Batch
from dagster_project.archive.parsing.checks import reading
from dagster_project.archive.parsing.currencies import exponents
from dagster_project.archive.parsing.received import quoted
from dagster_project.settings import Settings
from dagster_project.sources.contracts import Column, Contract, currency_parents, load_contracts
from expectations.policy import load_policy

_LARGEST = "10000000000000"

_STATE = """
update dead_letters set
    currency_code = stated.currency_code,
    amount_minor = case when stated.minor % 1 = 0 then stated.minor::decimal(38, 0) end
from (
    select
        batch_id, row_number, currency_code,
        case when abs(amount) < {largest} then amount::decimal(23, 10) end * per_unit as minor
    from (
        select
            letters.batch_id, letters.row_number, currencies.code as currency_code, currencies.per_unit,
            {amount} as amount
        from dead_letters as letters
        {parents}
        inner join stake_currencies as currencies on currencies.code = {currency}
        where letters.domain = ? and letters.object = ? and letters.row_number is not null
    ) as said
) as stated
where dead_letters.batch_id = stated.batch_id and dead_letters.row_number = stated.row_number"""


def state(con: duckdb.DuckDBPyConnection, settings: Settings, known: list[Batch]) -> None:
    """Adds `amount_minor` and `currency_code` to `dead_letters`."""
    con.execute("alter table dead_letters add column amount_minor decimal(38, 0)")
    con.execute("alter table dead_letters add column currency_code varchar")
    objects = con.execute(
        "select distinct domain, object from dead_letters where row_number is not null order by all"
    ).fetchall()
    if not objects:
        return
    units = ", ".join(f"('{code}', {10**exponent})" for code, exponent in exponents().items())
    con.execute(f"create or replace temp table stake_currencies as from (values {units}) as iso (code, per_unit)")
    for domain, name in objects:
        contract = load_contracts().get((domain, name))
        amount = load_policy().amount_of(domain, name)
        if contract is not None and amount is not None:
            _state(con, settings, known, contract, amount)


def _state(
    con: duckdb.DuckDBPyConnection, settings: Settings, known: list[Batch], contract: Contract, amount: str
) -> None:
    columns = {column.name: column for column in contract.columns}
    value = re.sub(r"[a-z_]+", lambda found: f"({_value(columns[found[0]])})", amount)
    joins = [] if "currency" in columns else _parents(con, settings, known, contract)
    currencies = [_text("currency")] if "currency" in columns else [currency for _, currency in joins]
    if currencies:
        query = _STATE.format(
            amount=value,
            currency=f"coalesce({', '.join(currencies)}, '')",
            parents=" ".join(join for join, _ in joins),
            largest=_LARGEST,
        )
        con.execute(query, [contract.domain, contract.name])


def _parents(
    con: duckdb.DuckDBPyConnection, settings: Settings, known: list[Batch], contract: Contract
) -> list[tuple[str, str]]:
    """A join and its currency for every parent that has one: its documents' currencies as a temporary table each."""
    joins = []
    for number, (column, parent, key) in enumerate(currency_parents(contract)):
        paths = [
            str(store.parquet_path(settings, link))
            for batch in known
            if (batch.manifest.domain, batch.manifest.object) == (parent.domain, parent.name)
            for link in batch.with_rows
        ]
        if not paths:
            continue
        con.execute(
            f"create or replace temp table parent_{number} as select source_instance, {quoted(key)}::varchar as key,"
            " min(currency) as currency from read_parquet(?, union_by_name = true) group by all",
            [paths],
        )
        join = (
            f"left join parent_{number} on parent_{number}.source_instance = letters.source_instance"
            f" and parent_{number}.key = {_text(column)}"
        )
        joins.append((join, f"parent_{number}.currency"))
    return joins


def _value(column: Column) -> str:
    return reading(column, _text(column.name))


def _text(name: str) -> str:
    """SQL: a field of the dead letter, null where the row is none."""
    fields = "case when json_valid(letters.fields) then letters.fields end"
    return f"nullif(trim(json_extract_string({fields}, '$.\"{name}\"')), '')"
