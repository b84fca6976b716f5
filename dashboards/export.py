"""CSV downloads: every amount exact, text that a spreadsheet could take for a formula made harmless."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dashboards.components.money import exact
from dashboards.snapshot import DOWNLOAD_LIMIT

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(rows: Iterable[dict[str, Any]], limit: int = DOWNLOAD_LIMIT) -> bytes:
    """CSV (UTF-8 with BOM, so that Excel reads accents) of at most `limit` rows.

    Each `<name>_minor` is followed by `<name>` in major units of the row's `currency_code`.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    money: frozenset[str] = frozenset()
    for position, row in enumerate(rows):
        if position == 0:
            money = frozenset(column for column in row if column.endswith("_minor"))
            writer.writerow([name for column in row for name in _names(column)])
        if position >= limit:
            break
        cells: list[str] = []
        for column, value in row.items():
            if column in money:
                cells += ("", "") if value is None else (str(int(value)), exact(value, row.get("currency_code")))
            else:
                cells.append(_TEXTS.get(type(value), _other)(value))
        writer.writerow(cells)
    return ("\ufeff" + buffer.getvalue()).encode()


def neutral(text: str) -> str:
    """Text as it is, with an apostrophe in front where a spreadsheet would calculate it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _names(column: str) -> list[str]:
    return [column, column.removesuffix("_minor")] if column.endswith("_minor") else [column]


def _other(value: Any) -> str:
    return neutral(str(value))


_TEXTS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    str: neutral,
    bool: str,
    int: str,
    Decimal: "{:f}".format,
    date: str,
    datetime: "{:%Y-%m-%dT%H:%M:%SZ}".format,
}
"""By the exact type of a value: a file of 200,000 rows has millions of cells."""
