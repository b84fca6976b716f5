"""What a manifest records about the rows of a file: counts, totals, nulls and the range of keys."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from dagster_project.archive.parsing.checks import broken, code, is_number
from dagster_project.archive.parsing.received import Received, quoted
from dagster_project.sources.contracts import Column, Contract

_WITHIN_A_SUM = "1000000000000000000"


@dataclass(frozen=True)
class ColumnFigures:
    """Of one contract column: values given, values that do not parse as its kind, nulls, and totals as text.

    `total` is over every value that parses, of rejected rows too; `parsed_total` over the rows that keep the contract.
    """

    given: int
    unreadable: int
    nulls: int
    total: str | None
    parsed_total: str | None


@dataclass(frozen=True)
class Figures:
    """Of one file: rows received, parsed and rejected; smallest and largest key of the parsed rows."""

    received: int
    parsed: int
    rejected: int
    columns: dict[str, ColumnFigures]
    smallest_key: str | None
    largest_key: str | None


def measure(con: duckdb.DuckDBPyConnection, contract: Contract, received: Received, condition: str = "true") -> Figures:
    """Figures of `checked`, where the condition holds, and of `malformed`.

    A total is over every value that parses, of rejected rows too; a parsed total over the rows that keep the contract.
    """
    whole = f"not ({broken(contract)})"
    smallest, largest = _ends(contract)
    columns = [column for column in contract.columns if column.name in received.given]
    measures = ", ".join(part for column in columns for part in _measures(column, whole))
    row = con.execute(
        f"select count(*), count(*) filter (where {whole}), (select count(*) from malformed),"
        f" {smallest} filter (where {whole}), {largest} filter (where {whole}),"
        f" {measures} from checked where {condition}"
    ).fetchone()
    assert row is not None
    shaped, parsed, malformed, first, last, *rest = row
    figures = {
        column.name: ColumnFigures(shaped - empty, unreadable, empty, total, parsed_total)
        for column, empty, unreadable, total, parsed_total in zip(
            columns, rest[0::4], rest[1::4], rest[2::4], rest[3::4], strict=True
        )
    }
    return Figures(shaped + malformed, parsed, shaped - parsed + malformed, figures, first, last)


def _ends(contract: Contract) -> tuple[str, str]:
    """SQL: the text of the smallest and of the largest key."""
    keys = [contract.column(name) for name in contract.key]
    text = " || '|' || ".join(f"{quoted(column.name)}::varchar" for column in keys)
    if [column.kind for column in keys] == ["string"]:
        return f"min({text})", f"max({text})"  # the text is the key: a third of what it costs to find it by the key
    key = "row(" + ", ".join(quoted(column.name) for column in keys) + ")"
    return f"arg_min({text}, {key})", f"arg_max({text}, {key})"


def _measures(column: Column, whole: str) -> tuple[str, str, str, str]:
    name, rule = quoted(column.name), code(column)
    empty = f"count(*) filter (where {rule} = 1 or ({rule} = 0 and {name} is null))"
    unreadable = f"count(*) filter (where {rule} = 2)"
    if not is_number(column):
        return empty, unreadable, "null", "null"
    return empty, unreadable, total_of(name), total_of(name, whole)


def total_of(name: str, condition: str = "true") -> str:
    """SQL: a control total as text, without values so large that no sum holds them."""
    return f"coalesce(sum({name}) filter (where abs({name}) < {_WITHIN_A_SUM} and {condition}), 0)::varchar"
