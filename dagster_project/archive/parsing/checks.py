"""SQL that reads each text once as its kind, and says with a code which rule of the contract it breaks.

Layers over `mapped`: `texts` (trimmed, empty is null), `readings` (the value as its kind, null where it does not
parse), `checked` (value and code per column). A number is read wide and judged before it is narrowed: no cast ever
rounds money.
"""

from __future__ import annotations

from enum import IntEnum

from dagster_project.archive.parsing.jsontext import minified
from dagster_project.archive.parsing.received import NOT_A_SCALAR, literal, quoted, typed_name
from dagster_project.sources.contracts import Column, Contract

WIDE = "decimal(38, 10)"
_PLAIN = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)"
_WHOLE = "[+-]?[0-9]+([.]0*)?"
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
_OFFSET = "(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))"  # no clock of a place is further from UTC than 14 hours
_WIDE_DIGITS = 28  # before the point
_OF_KIND = {("timestamp", "TIMESTAMP WITH TIME ZONE"), ("date", "DATE"), ("boolean", "BOOLEAN")}
_PERIOD = "[0-9]{4}-(0[1-9]|1[0-2])"


class Rule(IntEnum):
    """Which rule a value breaks."""

    NONE = 0
    REQUIRED = 1
    KIND = 2
    DIGITS = 3
    DECIMALS = 4
    MINIMUM = 5
    MAXIMUM = 6
    ALLOWED = 7
    CURRENCY = 8


DIGITS = {"money": 13, "quantity": 12, "unit_price": 6, "flat_price": 13, "rate": 10, "percent": 3}
DECIMALS = {"money": 4, "quantity": 9, "unit_price": 9, "flat_price": 9, "rate": 10, "percent": 4}


def code(column: Column) -> str:
    """The name of a column's rule code in `checked`."""
    return quoted(f"{column.name}__rule")


def is_number(column: Column) -> bool:
    """Whether control totals make sense of it."""
    return column.kind in DIGITS or column.kind == "integer"


def checked(contract: Contract, typed: frozenset[str] = frozenset()) -> str:
    """SQL of the relation `checked`: tieout_row, tieout_line, and per contract column its reading and its rule code.

    `typed` are the columns that `mapped` also has as values of their kind.
    """
    are_typed = [(column, column.name in typed) for column in contract.columns]
    texts = ", ".join(
        f"{typed_name(column.name) if is_typed else _text(column)} as {quoted(column.name)}"
        for column, is_typed in are_typed
    )
    readings = ", ".join(
        f"{quoted(column.name)}, {(_value if is_typed else reading)(column, quoted(column.name))} as {_read(column)}"
        for column, is_typed in are_typed
    )
    codes = ", ".join(
        f"{_read(column)} as {quoted(column.name)}, {_code(column, is_typed)} as {code(column)}"
        for column, is_typed in are_typed
    )
    currencies = sorted({column.name for column in contract.columns if column.kind == "currency"})
    joins = " ".join(
        f"left join currencies as {_currency(name)} on {_currency(name)}.code = {quoted(name)}" for name in currencies
    )
    ordered = "order by tieout_row" if currencies else ""
    return f"""
with texts as (select tieout_row, tieout_line, {texts} from mapped),
readings as (select tieout_row, tieout_line, {readings} from texts)
select tieout_row, tieout_line, {codes} from readings {joins} {ordered}"""


def broken(contract: Contract, relation: str = "checked") -> str:
    """SQL: whether a row of `checked` breaks any rule."""
    return "(" + " + ".join(f"{relation}.{code(column)}::integer" for column in contract.columns) + ") > 0"


def final(column: Column) -> str:
    """SQL: the value of a row without faults in the type of the archive; exact, for the rules bound its digits.

    To change the scale of a decimal of 38 digits costs ten times all other conversions of a row together: where 18 hold
    the value, it is narrowed first.
    """
    name, kind = quoted(column.name), column.sql_type
    if column.kind not in DIGITS:
        return f"{name}::{kind}"
    narrow = f"{name}::decimal(18, 10)::decimal(18, {DECIMALS[column.kind]})::{kind}"
    return f"case when abs({name}) < {10**8} then {narrow} else {name}::{kind} end"


def text_of(column: Column) -> str:
    """SQL: the text of a value that `final` made, by the same short way."""
    name = quoted(column.name)
    if column.kind not in DIGITS:
        return f"{name}::varchar"
    decimals = DECIMALS[column.kind]
    narrow = f"{name}::decimal(18, {decimals})::varchar"
    return f"case when abs({name}) < {10 ** (18 - decimals)} then {narrow} else {name}::varchar end"


def reading(column: Column, text: str) -> str:
    """SQL: the text as a value of the column's kind, null where it is none."""
    if column.kind in DIGITS:
        return f"case when regexp_full_match({text}, '{_PLAIN}') then try_cast({text} as {WIDE}) end"
    match column.kind:
        case "integer":
            whole = f"try_cast(split_part({text}, '.', 1) as bigint)"
            return f"case when regexp_full_match({text}, '{_WHOLE}') then {whole} end"
        case "boolean":
            lower = f"lower({text})"
            return (
                f"case when {lower} in ('true', 't', '1') then true when {lower} in ('false', 'f', '0') then false end"
            )
        case "date":
            return (
                f"case when regexp_full_match({text}, '{_DATE}') and {text} >= '0001' then try_cast({text} as date) end"
            )
        case "timestamp":
            shape = f"regexp_full_match({text}, '{_DATE}[T ]{_CLOCK}{_OFFSET}') and {text} >= '0001'"
            return f"case when {shape} then try_cast({text} as timestamptz) at time zone 'UTC' end"
        case "period":
            return f"case when regexp_full_match({text}, '{_PERIOD}') then {text} end"
        case "json":
            return f"case when json_valid({text}) then {minified(text)} end"
        case "string":
            return f"case when not starts_with({text}, {literal(NOT_A_SCALAR)}) then {text} end"
        case _:
            return text


def is_of_kind(column: Column, kind: str) -> bool:
    """Whether every value of a Parquet type is one of the column's kind, but for its range: no text need be read then.

    Money is not: how many decimals it may have is its currency's to say.
    """
    if column.kind in DIGITS and kind.startswith("DECIMAL") and not column.currency_column:
        precision, scale = (int(number) for number in kind[len("DECIMAL(") : -1].split(","))
        return scale <= DECIMALS[column.kind] and precision - scale <= _WIDE_DIGITS
    return (column.kind, kind) in _OF_KIND


def _value(column: Column, value: str) -> str:
    """SQL: what `reading` gives for the text of such a value; years are those that four digits write."""
    match column.kind:
        case "timestamp":
            within = "between timestamptz '0001-01-01 00:00:00+00' and timestamptz '9999-12-31 23:59:59.999999+00'"
            # by the engine's calendar, `at time zone` costs four times as much
            return f"case when {value} {within} then make_timestamp(epoch_us({value})) end"
        case "date":
            return f"case when {value} between date '0001-01-01' and date '9999-12-31' then {value} end"
        case "boolean":
            return value
        case _:
            return f"{value}::{WIDE}"


def _text(column: Column) -> str:
    name = quoted(column.name)
    return f"nullif({name}, '')" if column.kind == "string" else f"nullif(trim({name}), '')"


def _read(column: Column) -> str:
    return quoted(f"{column.name}__read")


def _currency(name: str) -> str:
    return quoted(f"iso_{name}")


def _code(column: Column, is_typed: bool = False) -> str:
    text, read = quoted(column.name), _read(column)
    absent = Rule.REQUIRED if column.required else Rule.NONE
    arms = [f"when {text} is null then {absent:d}"]
    if column.kind in DIGITS:
        arms += _number_arms(column)[1:2] if is_typed else _number_arms(column)
    elif column.kind == "currency":
        arms.append(f"when {_currency(column.name)}.code is null then {Rule.CURRENCY:d}")
    else:
        arms.append(f"when {read} is null then {Rule.KIND:d}")
    if column.minimum is not None:
        below = "<=" if column.minimum_is_exclusive else "<"
        arms.append(f"when {read} {below} {column.minimum} then {Rule.MINIMUM:d}")
    if column.maximum is not None:
        arms.append(f"when {read} > {column.maximum} then {Rule.MAXIMUM:d}")
    if column.allowed:
        listed = ", ".join(literal(value) for value in column.allowed)
        arms.append(f"when {text} not in ({listed}) then {Rule.ALLOWED:d}")
    return f"case {' '.join(arms)} else {Rule.NONE:d} end::utinyint"


def _number_arms(column: Column) -> list[str]:
    """Digits are counted in the text: a cast would have rounded them away already."""
    text, read = quoted(column.name), _read(column)
    limit = f"1{'0' * DIGITS[column.kind]}::{WIDE}"
    decimals = str(DECIMALS[column.kind])
    if column.currency_column:
        decimals = f"coalesce({_currency(column.currency_column)}.exponent, {decimals})"
    return [
        f"when not regexp_full_match({text}, '{_PLAIN}') then {Rule.KIND:d}",
        f"when {read} is null or abs({read}) >= {limit} then {Rule.DIGITS:d}",
        f"when length(rtrim(split_part({text}, '.', 2), '0')) > {decimals} then {Rule.DECIMALS:d}",
    ]
