"""The checks of one landed object, generated from its contract: a changed contract changes the suite.

Keys, allowed values and ranges are expectations of GX on their column. What needs SQL (references, formats, decimals
of a currency, copies that disagree) is a predicate; the object's relation carries one boolean that says whether a row
keeps all of them, and the suite expects it to be true. So GX judges an object in one scan, and which of the checks
failed is measured only then. An expectation costs 7 to 13 ms of GX's own work whatever it looks at: one per predicate
would double the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dagster_project.archive.parsing.content import content_hash, is_on_demand
from dagster_project.errors import ConfigurationError
from dagster_project.sources.contracts import Column, Contract
from expectations.policy import load_policy
from expectations.suites.model import Check, Expectation, Suite
from expectations.suites.money import stake
from expectations.suites.references import Reference, dangles, references_of
from expectations.suites.relations import count_sql, relation_name
from expectations.suites.sql import identifier, literal

FLAG = "keeps_contract"
MONEY_LIMIT = Decimal(10**13)
"""Money has at most 13 integer digits."""

KEEPS_CONTRACT = Expectation(FLAG, "in_set", {"column": FLAG, "value_set": [True]})
ORDERED_DATES = (
    ("effective_from", "effective_to"),
    ("start_date", "end_date"),
    ("service_start", "service_end"),
    ("period_start", "period_end"),
    ("sent_at", "acknowledged_at"),
    ("published_at", "acknowledged_at"),
)


@dataclass(frozen=True)
class RowRule:
    """A check on rows before it is routed: `violates` is a predicate over a row `r`, never null."""

    name: str
    rule: str
    column: str
    violates: str
    detail: str = ""
    native: Expectation | None = None
    testable_sql: str | None = None


def row_rules(contract: Contract) -> tuple[RowRule, ...]:
    """Every check on the rows of an object, in the order of its columns; names are unique."""
    rules = [rule for column in contract.columns for rule in _of_column(contract, column)]
    rules += _dates_in_order(contract)
    key = ", ".join(contract.key)
    rules.append(RowRule("copies_agree", "copies_agree", key, "r.is_conflict"))
    return tuple(rules)


def row_suite(contract: Contract) -> Suite:
    """The suite of one object, ready to run on its relation."""
    policy = load_policy()
    amount, currency = stake(contract, policy.amount_of(contract.domain, contract.name))
    relation = relation_name(contract)
    failing = f"r.* exclude ({FLAG})"
    if is_on_demand(contract):
        failing += f", {content_hash(contract)} as content_hash"
    evaluated = count_sql(contract)
    checks = []
    for rule in row_rules(contract):
        routing = policy.boundary[rule.rule]
        checks.append(
            Check(
                name=rule.name,
                rule=rule.rule,
                expectation=rule.native or KEEPS_CONTRACT,
                failing_sql=f"select {failing} from {{batch}} as r where {rule.violates}",
                asset_key=(contract.domain, contract.name),
                routing=routing,
                owner_role=routing.owner_role or policy.owner_of(contract.domain, contract.name),
                column=rule.column,
                detail=rule.detail,
                amount_minor=amount,
                currency_code=currency,
                testable_sql=rule.testable_sql,
                evaluated_sql=evaluated,
            )
        )
    name = f"boundary.{contract.domain}.{contract.name}"
    return Suite(name, relation, tuple(checks))


def relation_sql(contract: Contract, rows: str) -> str:
    """The query of an object's relation: its rows, and whether each keeps every rule that is SQL."""
    predicates = [rule.violates for rule in row_rules(contract) if rule.native is None]
    return f"select r.*, not ({' or '.join(predicates)}) as {FLAG} from ({rows}) as r"


def _of_column(contract: Contract, column: Column) -> Iterator[RowRule]:
    name, cell = column.name, f"r.{identifier(column.name)}"
    if name in contract.key:
        native = Expectation(f"key_present_{name}", "not_null", {"column": name})
        yield RowRule(f"key_present_{name}", "key_present", name, f"{cell} is null", native=native)
    elif column.required:
        yield RowRule(f"required_present_{name}", "required_present", name, f"{cell} is null")
    if column.allowed:
        native = Expectation(f"allowed_value_{name}", "in_set", {"column": name, "value_set": list(column.allowed)})
        allowed = ", ".join(map(literal, column.allowed))
        violates = f"coalesce({cell} not in ({allowed}), false)"
        yield RowRule(f"allowed_value_{name}", "allowed_value", name, violates, ", ".join(column.allowed), native)
    yield from _range(column, cell)
    yield from _format(column, cell)
    if column.kind == "money" and column.currency_column:
        currency = f"r.{identifier(column.currency_column)}"
        violates = (
            f"coalesce(cast({cell} * 10000 as hugeint) % "
            f"(select c.smallest_step from boundary_currencies as c where c.currency_code = {currency}) <> 0, false)"
        )
        yield RowRule(f"decimals_fit_currency_{name}", "decimals_fit_currency", name, violates)
    reference = references_of(column)
    if reference:
        yield _reference(contract, column, reference)


def _range(column: Column, cell: str) -> Iterator[RowRule]:
    low, high, exclusive = column.minimum, column.maximum, column.minimum_is_exclusive
    if column.kind == "money":
        high = min(high, MONEY_LIMIT) if high is not None else MONEY_LIMIT
        low = max(low, -MONEY_LIMIT) if low is not None else -MONEY_LIMIT
    elif column.kind == "percent":
        low, high = (Decimal(0) if low is None else low), (Decimal(100) if high is None else high)
    if low is None and high is None:
        return
    outside: list[str] = []
    words: list[str] = []
    arguments: dict[str, Any] = {"column": column.name}
    if low is not None:
        outside.append(f"{cell} {'<=' if exclusive else '<'} {low}")
        words.append(f"{'above' if exclusive else 'at least'} {low}")
        arguments |= {"min_value": _bound(low), "strict_min": exclusive}
    if high is not None:
        outside.append(f"{cell} > {high}")
        words.append(f"at most {high}")
        arguments |= {"max_value": _bound(high)}
    name = f"in_range_{column.name}"
    violates = f"coalesce({' or '.join(outside)}, false)"
    yield RowRule(name, "in_range", column.name, violates, " and ".join(words), Expectation(name, "between", arguments))


def _bound(value: Decimal) -> int:
    """GX compares with integers and floats; a float would move the bound."""
    if value != int(value):
        raise ConfigurationError(f"a bound of a contract is a whole number, not {value}")
    return int(value)


def _format(column: Column, cell: str) -> Iterator[RowRule]:
    formats = {
        "currency": (f"{cell} not in (select c.currency_code from boundary_currencies as c)", "a currency of ISO 4217"),
        "period": (f"not regexp_full_match({cell}, '[0-9][0-9][0-9][0-9]-(0[1-9]|1[0-2])')", "a month as YYYY-MM"),
        "json": (f"not json_valid({cell})", "valid JSON"),
    }
    if column.kind in formats:
        violates, words = formats[column.kind]
        yield RowRule(f"well_formed_{column.name}", "well_formed", column.name, f"coalesce({violates}, false)", words)


def _reference(contract: Contract, column: Column, reference: Reference) -> RowRule:
    return RowRule(
        f"reference_resolves_{column.name}",
        "reference_resolves",
        column.name,
        dangles(contract, column),
        reference.words,
        testable_sql=reference.testable_sql,
    )


def _dates_in_order(contract: Contract) -> Iterator[RowRule]:
    present = {column.name for column in contract.columns}
    for first, last in ORDERED_DATES:
        if {first, last} <= present:
            violates = f"coalesce(r.{first} > r.{last}, false)"
            yield RowRule(f"dates_in_order_{first}_{last}", "dates_in_order", first, violates, last)
