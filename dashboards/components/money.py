"""Amounts and quantities as text, exact: integers and decimals in, characters out, no float in between."""

from __future__ import annotations

import csv
from decimal import Decimal
from functools import cache
from typing import Any

from dagster_project.money import major
from dagster_project.settings import PROJECT_ROOT

MINUS = "\u2212"
NOTHING = "\u2013"


@cache
def exponents() -> dict[str, int]:
    """Decimals of every ISO 4217 currency, from the seed that the models use too."""
    with (PROJECT_ROOT / "dbt_project" / "seeds" / "currencies.csv").open(newline="", encoding="utf-8") as file:
        return {row["currency_code"]: int(row["exponent"]) for row in csv.DictReader(file)}


def exact(minor: Any, currency: str | None) -> str:
    """Major units without separators (`-1234.50`), for files; empty for null and for an unknown currency."""
    if minor is None or currency not in exponents():
        return ""
    return major(_integer(minor), exponents()[currency]).replace(",", "")


def amount(minor: Any, currency: str | None) -> str:
    """Major units for reading (`−1,234.50`), without the currency; a dash for null."""
    if minor is None:
        return NOTHING
    if currency not in exponents():
        return f"{_signed(f'{_integer(minor):,}')} minor units"
    return _signed(major(_integer(minor), exponents()[currency]))


def with_currency(minor: Any, currency: str | None) -> str:
    """`USD −1,234.50`, for sentences and cells that stand alone."""
    return NOTHING if minor is None else f"{currency or 'currency unknown'} {amount(minor, currency)}"


def quantity(value: Any) -> str:
    """A quantity with separators and no trailing zeros; a dash for null."""
    if value is None:
        return NOTHING
    text = format(Decimal(value), ",f")
    return _signed(text.rstrip("0").rstrip(".") if "." in text else text)


def count(value: Any) -> str:
    """A whole number with separators; a dash for null."""
    return NOTHING if value is None else f"{int(value):,}"


def _integer(minor: Any) -> int:
    value = int(minor)
    if value != minor:
        raise ValueError(f"{minor!r} is not a whole number of minor units")
    return value


def _signed(text: str) -> str:
    return text.replace("-", MINUS, 1)
