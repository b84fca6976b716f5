"""Reads `<file>.manifest.json`: what the source itself reports about a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

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


def read(content: bytes) -> Sidecar:
    """Raises MalformedSidecar; numbers keep their text, so that no control total passes through a float.

    Further keys are the source's own business.
    """
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_float=str)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise MalformedSidecar(f"not JSON in UTF-8 ({error})") from None
    if not isinstance(document, dict):
        raise MalformedSidecar(f"expected an object with the keys {', '.join(_KEYS)}")
    version = document.get("schema_version")
    return Sidecar(
        extracted_at=_time(document.get("extracted_at")),
        row_count=_count(document.get("row_count")),
        control_totals=_totals(document.get("control_totals")),
        schema_version=None if version is None else str(version),
    )


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise MalformedSidecar(f"extracted_at = {value!r}; expected a time with an offset, like 2026-10-12T00:00:00Z")
    return moment.astimezone(UTC)


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise MalformedSidecar(f"row_count = {value!r}; expected a whole number, 0 or more")
    return value


def _totals(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedSidecar(f"control_totals = {value!r}; expected an object of column names and decimals")
    return {column: _decimal(column, total) for column, total in sorted(value.items())}


def _decimal(column: str, total: Any) -> str:
    try:
        number = Decimal(str(total)) if isinstance(total, (str, int)) and not isinstance(total, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise MalformedSidecar(f"control_totals.{column} = {total!r}; expected a decimal such as 1204.50")
    return format(number, "f")
