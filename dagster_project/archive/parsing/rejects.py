"""Puts the broken rules of each rejected row into words: file, line, column, value and what was expected."""

from __future__ import annotations

import duckdb

from dagster_project.archive.parsing.checks import DECIMALS, DIGITS, Rule, broken, code
from dagster_project.archive.parsing.faults import kind_in_words, minimum_in_words
from dagster_project.archive.parsing.mapped import fields
from dagster_project.archive.parsing.received import Received, fill, literal, quoted
from dagster_project.sources.contracts import Column, Contract
from dagster_project.sources.mapping import AS_RECEIVED, ObjectMapping

_SHOWN = 200
_OF_ACCOUNTING = (Rule.DECIMALS, Rule.MINIMUM, Rule.MAXIMUM)
"""Rules that an amount breaks which was read well: no mapping mends that, finance must say what it should be."""


def collect(
    con: duckdb.DuckDBPyConnection, name: str, contract: Contract, received: Received, mapping: ObjectMapping
) -> None:
    """Makes `rejected`, one row per rejected row, with the columns of `landed.quarantine` from `row_number` on.

    The first fault fills column, value and expected; `reason` lists every fault. A row is one for finance
    (`accounting_control`) where all its faults are. `fields` is null where nothing is mapped: the payload then says the
    same.
    """
    if received.line_of is not None:
        _number_lines(con, contract, received)
    # a column that is absent is the last to be named: it is absent from every row
    ordered = sorted(contract.columns, key=lambda column: column.name not in received.given)
    faults = ", ".join(_fault(column, received) for column in ordered)
    as_mapped = "null::varchar" if mapping == AS_RECEIVED else fields(contract, received)
    place = f"{literal(name)} || coalesce(', line ' || tieout_line, ', row ' || tieout_row) || ': '"
    con.execute(f"""
create table rejected as
with faulty as (
    select
        checked.tieout_row, checked.tieout_line, {_key_text(contract)} as key_text, {received.payload} as payload,
        {as_mapped} as fields, list_filter([{faults}], lambda fault: fault is not null) as faults
    from checked
    inner join received using (tieout_row)
    inner join mapped using (tieout_row)
    {received.payload_join}
    where {broken(contract, "checked")}
)
select
    tieout_row as row_number, tieout_line as line_number, faults[1].column_name as column_name,
    faults[1].value as value, faults[1].expected as expected,
    {place} || array_to_string(list_transform(faults, lambda fault: fault.words), '; ') as reason,
    case when list_bool_and(list_transform(faults, lambda fault: fault.is_of_accounting)) then 'accounting_control'
    else 'business_rule' end as failure_class, key_text, payload, fields
from faulty
union all
select
    tieout_row, tieout_line, null, left(text, {_SHOWN}), 'a row of the shape of the file',
    {place} || reason, 'business_rule', null, text, null
from malformed""")


def _fault(column: Column, received: Received) -> str:
    """SQL: one fault of a column as a struct, or null."""
    expected = _expected(column)
    shown = _shown(f"mapped.{quoted(column.name)}")
    words = f"'column {column.name} is ' || coalesce('''' || {shown} || '''', 'empty')"
    if column.name in received.columns:
        theirs = f"received.{quoted(column.name)}"
        is_other = f"{theirs} is distinct from mapped.{quoted(column.name)}"
        words += f" || case when {is_other} then coalesce(' (received ''' || {_shown(theirs)} || ''')', '') else '' end"
    words += f" || ', expected ' || {expected}"
    rules = ", ".join(f"{rule:d}" for rule in _OF_ACCOUNTING)
    is_of_accounting = f"{code(column)} in ({rules})" if column.kind == "money" else "false"
    found = f"'column_name': {literal(column.name)}, 'value': {shown}, 'expected': {expected}, 'words': {words}"
    found += f", 'is_of_accounting': {is_of_accounting}"
    return f"case when {code(column)} > 0 then {{{found}}} end"


def _shown(text: str) -> str:
    """SQL: the head of a value, without the mark of what is no scalar."""
    return f"left(ltrim({text}, chr(1)), {_SHOWN})"


def _expected(column: Column) -> str:
    """SQL: what the broken rule of the column asks for."""
    words = {
        Rule.REQUIRED: "a value: the column is required",
        Rule.KIND: kind_in_words(column),
        Rule.MAXIMUM: f"at most {column.maximum}",
        Rule.MINIMUM: minimum_in_words(column),
        Rule.ALLOWED: f"one of {', '.join(column.allowed)}",
        Rule.CURRENCY: kind_in_words(column),
        Rule.DIGITS: f"at most {DIGITS.get(column.kind)} digits before the decimal point",
    }
    arms = " ".join(f"when {rule:d} then {literal(text)}" for rule, text in words.items())
    return f"case {code(column)} {arms} when {Rule.DECIMALS:d} then {_decimals(column)} end"


def _decimals(column: Column) -> str:
    general = literal(f"at most {DECIMALS.get(column.kind)} decimals; nothing is rounded on the way in")
    if column.currency_column is None:
        return general
    currency = f"mapped.{quoted(column.currency_column)}"
    exponent = f"(select exponent from currencies where currencies.code = trim({currency}))"
    return (
        f"coalesce('at most ' || {exponent} || ' decimals, as ' || trim({currency})"
        f" || ' has; nothing is rounded on the way in', {general})"
    )


def _key_text(contract: Contract) -> str:
    """SQL: the key, null where one of its parts cannot be read: the row may then be any."""
    parts = " || '|' || ".join(f"checked.{quoted(name)}::varchar" for name in contract.key)
    readable = " + ".join(f"{code(contract.column(name))}::integer" for name in contract.key)
    return f"case when {readable} = 0 then {parts} end"


def _number_lines(con: duckdb.DuckDBPyConnection, contract: Contract, received: Received) -> None:
    rows = con.execute(f"select tieout_row from checked where {broken(contract)}").fetchall()
    if not rows or received.line_of is None:
        return
    found = received.line_of(number for (number,) in rows)
    fill(con, "create or replace table found_lines (tieout_row bigint, tieout_line bigint)", list(found.items()))
    con.execute(
        "update checked set tieout_line = found_lines.tieout_line from found_lines"
        " where checked.tieout_row = found_lines.tieout_row"
    )
