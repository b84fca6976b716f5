"""Reads `<file>.manifest.json`: what the source itself reports about a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

_MOST_DIGITS = 100
_LONGEST_SHOWN = 100
_AHEAD = timedelta(days=1)
"""How far the clock of a source may be ahead: what says more would be fresh until that day comes."""
_KEYS = ("extracted_at", "row_count", "control_totals", "schema_version")


class MalformedSidecar(ValueError):
    """Its message names the key, the value and what was expected."""


@dataclass(frozen=True)
class Sidecar:
    """The report: extraction time in UTC, rows, and control totals in major units as text, exactly as written."""

    extracted_at: datetime | None = None
    row_count: int | None = None
    control_totals: dict[str, str] = field(default_factory=dict)
    schema_version: str | None = None


def read(content: bytes, clock: datetime) -> Sidecar:
    """Raises MalformedSidecar; numbers keep their text, so that no control total passes through a float.

    `clock` (UTC) is the latest moment that the run knows of: what was extracted well after it has not been.
    Further keys are the source's own business.
    """
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_float=str)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise MalformedSidecar(f"not JSON in UTF-8 ({error})") from None
    except (ValueError, RecursionError):
        raise MalformedSidecar(
            "not JSON that a source writes: a number of thousands of digits, or nested too deep"
        ) from None
    if not isinstance(document, dict):
        raise MalformedSidecar(f"expected an object with the keys {', '.join(_KEYS)}")
    version = document.get("schema_version")
    return Sidecar(
        extracted_at=_time(document.get("extracted_at"), clock),
        row_count=_count(document.get("row_count")),
        control_totals=_totals(document.get("control_totals")),
        schema_version=None if version is None else str(version),
    )


def _time(value: Any, clock: datetime) -> datetime | None:
    if value is None:
        return None
    moment = _moment(value)
    if moment is None:
        expected = "a time with an offset, like 2026-10-12T00:00:00Z"
    elif moment - clock > _AHEAD:
        expected = f"a time that has been, when this run looks at {clock:%Y-%m-%d %H:%M} UTC (a day ahead is let pass)"
    else:
        return moment
    raise MalformedSidecar(f"extracted_at = {_shown(value)}; expected {expected}")


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise MalformedSidecar(f"row_count = {_shown(value)}; expected a whole number, 0 or more")
    return value


def _totals(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedSidecar(f"control_totals = {_shown(value)}; expected an object of column names and decimals")
    return {column: _decimal(column, total) for column, total in sorted(value.items())}


def _decimal(column: str, total: Any) -> str:
    try:
        number = Decimal(str(total)) if isinstance(total, (str, int)) and not isinstance(total, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or _digits(number) > _MOST_DIGITS:
        raise MalformedSidecar(f"control_totals.{column} = {_shown(total)}; expected a decimal such as 1204.50")
    return format(number, "f")


def _digits(number: Decimal) -> int:
    """Digits when written without exponent: 1e999999999 would fill the memory."""
    _, digits, exponent = number.as_tuple()
    return max(len(digits) + max(int(exponent), 0), -int(exponent))


def _shown(value: Any) -> str:
    return repr(value)[:_LONGEST_SHOWN]
