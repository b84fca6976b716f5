"""Applies a mapping: `mapped` is `received` with every column of the contract, its values as the contract knows them.

The readers have renamed the columns already. Nothing is judged here, and nothing is guessed: a local time in the hour
that the clock skips or repeats stays as it is, so that the contract rejects it.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb

from dagster_project.archive.parsing.faults import FileFault
from dagster_project.archive.parsing.received import Received, literal, quoted, typed_name
from dagster_project.sources.contracts import Column, Contract
from dagster_project.sources.mapping import ObjectMapping

_LOCAL_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
_SHIFTS = ("interval 30 minutes", "interval 1 hour", "-interval 30 minutes", "-interval 1 hour")


def renamed(file_name: str, theirs: list[str], mapping: ObjectMapping, line: int | None) -> list[str]:
    """The contract's names of a file's columns, in its order; FileFault when two columns become one."""
    ours = [mapping.name(name) for name in theirs]
    for position, name in enumerate(ours):
        first = ours.index(name)
        if first < position:
            words = f"column {name!r} is named twice"
            if theirs[first] != theirs[position]:
                words = f"columns {theirs[first]!r} and {theirs[position]!r} are both mapped to {name!r}"
            raise FileFault(file_name, words, "each name once", line=line, column=name)
    return ours


def missing(contract: Contract, names: list[str], mapping: ObjectMapping) -> list[str]:
    """Required columns that neither the file nor a default gives."""
    return [
        column.name
        for column in contract.columns
        if column.required and column.name not in names and not mapping.defaults.get(column.name)
    ]


def apply(con: duckdb.DuckDBPyConnection, contract: Contract, received: Received, mapping: ObjectMapping) -> Received:
    """Makes the view `mapped`, and returns `received` with the columns that the mapping fills."""
    columns = ", ".join(f"{_value(column, received, mapping)} as {quoted(column.name)}" for column in contract.columns)
    typed = frozenset(column.name for column in contract.columns if _is_as_received(column, received, mapping))
    columns += "".join(f", {typed_name(name)}" for name in sorted(typed))
    con.execute(f"create temp view mapped as select tieout_row, tieout_line, {columns} from received")
    names = (column.name for column in contract.columns)
    filled = tuple(name for name in names if name not in received.columns and mapping.defaults.get(name))
    return replace(received, filled=filled, typed=typed)


def fields(contract: Contract, received: Received) -> str:
    """SQL over `mapped`: the row by the contract's names and after the mapping, as JSON."""
    listed = ", ".join(
        f"{literal(column.name)}, mapped.{quoted(column.name)}"
        for column in contract.columns
        if column.name in received.given
    )
    return f"json_object({listed})::varchar"


def _is_as_received(column: Column, received: Received, mapping: ObjectMapping) -> bool:
    """Whether the mapping leaves alone a value that came as one of its kind."""
    is_changed = mapping.timezone or mapping.values.get(column.name) or mapping.defaults.get(column.name)
    return column.name in received.typed and not is_changed


def _value(column: Column, received: Received, mapping: ObjectMapping) -> str:
    text = quoted(column.name) if column.name in received.columns else "null::varchar"
    values, default = mapping.values.get(column.name), mapping.defaults.get(column.name)
    if values and column.name in received.columns:
        arms = " ".join(f"when {literal(theirs)} then {literal(ours)}" for theirs, ours in values.items())
        text = f"case trim({text}) {arms} else {text} end"
    if default:
        text = f"coalesce(nullif(trim({text}), ''), {literal(default)})"
    if mapping.timezone and column.kind == "timestamp":
        text = _zoned(text, mapping.timezone)
    return text


def _zoned(text: str, zone: str) -> str:
    """SQL: a time without offset as UTC with one, where the zone's clock shows it exactly once."""
    local = f"try_cast(trim({text}) as timestamp)"
    moment = f"timezone({literal(zone)}, {local})"
    shown = [f"timezone({literal(zone)}, {moment}) = {local}"]
    shown += [f"timezone({literal(zone)}, {moment} + {shift}) <> {local}" for shift in _SHIFTS]
    is_local = f"regexp_full_match(trim({text}), '{_LOCAL_TIME}') and {' and '.join(shown)}"
    return f"case when {is_local} then timezone('UTC', {moment})::varchar || 'Z' else {text} end"
