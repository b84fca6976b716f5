"""Tieout's own comparison: python -m tests.benchmarks.peers.by_tieout breaks|control|plain LEFT RIGHT KEYS.

The `reconcile` macro over two files, as a control uses it. Its SQL is rendered on import, as dbt has it before a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tests.benchmarks.peers.answer import answer
from tests.dbt.macro_sql import render

_PREPARED = """
create view left_side as from read_parquet('{left}');
create view right_side as from read_parquet('{right}');
create schema config;
create table config.parameters as
select timestamp '2026-10-12' as as_of, 1 as rounding_minor_per_component, 5 as rounding_minor_per_document;
create table config.sources as
select unnest(['billing', 'erp']) as domain, unnest(['billing', 'erp']) as source_instance"""
_CONTROL = render((Path(__file__).parent / "control.sql").read_text(encoding="utf-8"))
_PLAIN = """
select coalesce(left_side.document_id, right_side.document_id)
from left_side
full join right_side on right_side.document_id = left_side.document_id
where
    left_side.amount_minor is distinct from right_side.amount_minor
    or left_side.customer_id is distinct from right_side.customer_id
    or left_side.currency_code is distinct from right_side.currency_code"""


def breaks(left: str, right: str) -> list[str]:
    """What peers are asked for: the keys that differ, each with status, delta in minor units, cause, words, records.

    All columns are made and stay in the database; keys alone are handed to Python, as datacompy's frames hand theirs.
    """
    with _prepared(left, right) as con:
        con.execute(f"create table breaks as select * from ({_CONTROL}) where status = 'break'")
        return [key for (key,) in con.execute("select match_key from breaks").fetchall()]


def control(left: str, right: str) -> list[str]:
    """What a control does besides: the results of all keys are kept, also of those that agree."""
    with _prepared(left, right) as con:
        con.execute(f"create table results as {_CONTROL}")
        return [key for (key,) in con.execute("select match_key from results where status = 'break'").fetchall()]


def plain(left: str, right: str) -> list[str]:
    """The floor: a join that says which keys differ and nothing about them."""
    with _prepared(left, right) as con:
        return [key for (key,) in con.execute(_PLAIN).fetchall()]


@contextmanager
def _prepared(left: str, right: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(_PREPARED.format(left=left, right=right))
        yield con


if __name__ == "__main__":
    answer(breaks, control, plain)
