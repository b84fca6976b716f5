"""Values as they are written: exact decimals, ISO dates and times, empty for null."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sample_data.config import ENTITY
from sample_data.money import to_text
from sample_data.world.state import Row


def currency_of(row: Row) -> str:
    if "_currency" in row:
        return str(row["_currency"])
    if "currency" in row:
        return str(row["currency"])
    return str(row["_invoice"]["currency"])


def plain(value: Decimal | int) -> str:
    """A decimal without exponent or trailing zeros."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_of(kind: str, value: Any, row: Row) -> str | None:
    if value is None:
        return None
    if kind == "money":
        return to_text(value, currency_of(row))
    if kind == "base":
        return to_text(value, ENTITY[row["legal_entity_code"]].currency)
    if kind in ("number", "rate", "percent"):
        return plain(value)
    if kind == "bool":
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
