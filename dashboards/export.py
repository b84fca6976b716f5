"""CSV downloads: every amount exact, text that a spreadsheet could take for a formula made harmless."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dashboards.components.money import exact

DOWNLOAD_LIMIT = 200_000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(rows: Iterable[dict[str, Any]], limit: int = DOWNLOAD_LIMIT) -> bytes:
    """CSV (UTF-8 with BOM, so that Excel reads accents) of at most `limit` rows.

    Each `<name>_minor` is followed by `<name>` in major units of the row's `currency_code`.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for position, row in enumerate(rows):
        if position == 0:
            writer.writerow([name for column in row for name in _names(column)])
        if position >= limit:
            break
        writer.writerow(
            [cell for column, value in row.items() for cell in _cells(column, value, row.get("currency_code"))]
        )
    return ("\ufeff" + buffer.getvalue()).encode()


def neutral(text: str) -> str:
    """Text as it is, with an apostrophe in front where a spreadsheet would calculate it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _names(column: str) -> list[str]:
    return [column, column.removesuffix("_minor")] if column.endswith("_minor") else [column]


def _cells(column: str, value: Any, currency: str | None) -> list[str]:
    if column.endswith("_minor"):
        return ["" if value is None else str(int(value)), exact(value, currency)]
    if value is None:
        return [""]
    if isinstance(value, datetime):
        return [f"{value:%Y-%m-%dT%H:%M:%SZ}"]
    if isinstance(value, Decimal):
        return [format(value, "f")]
    if isinstance(value, (bool, int, date)):
        return [str(value)]
    return [neutral(str(value))]
