"""The workbook of a pack: a cover and the sheets. A working copy; the Parquet files are the record."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from dagster_project.evidence.cover import write_cover
from dagster_project.evidence.sheets import LINE_HEIGHT, NUMBER, SHEETS, Sheet
from dagster_project.sql import quoted

_EXACT_IN_A_DOUBLE = 10**15
WORKBOOK = "workbook.xlsx"


def write_workbook(con: duckdb.DuckDBPyConnection, folder: Path, target: Path, facts: dict[str, Any]) -> None:
    """Writes the workbook of the pack in `folder`, from its Parquet alone: amounts in major units beside their
    currency, text never as a formula."""
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    try:
        with Workbook(str(target), options) as book:
            book.set_properties({"title": f"Evidence {facts['period']}", "created": datetime(2000, 1, 1)})
            cover, heading = write_cover(book, con, folder, facts)
            _print_on_one_width(cover, facts, heading)
            for sheet in SHEETS:
                _write_sheet(book, con, folder, sheet, facts)
    except FileCreateError as error:  # what the library makes of a full disk
        raise error.args[0] from error


def _write_sheet(
    book: Workbook, con: duckdb.DuckDBPyConnection, folder: Path, sheet: Sheet, facts: dict[str, Any]
) -> None:
    page = book.add_worksheet(sheet.name)
    heading = book.add_format(
        {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "align": "left", "indent": 1}
    )
    number_heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "align": "right"})
    top = book.add_format({"valign": "top", "align": "left", "indent": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "align": "left", "indent": 1})
    count = book.add_format({"num_format": "#,##0", "align": "right", "valign": "top"})
    amounts = {
        decimals: book.add_format(
            {"num_format": "#,##0" + ("." + "0" * decimals if decimals else ""), "align": "right", "valign": "top"}
        )
        for decimals in range(5)
    }
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width)
        is_number = column.is_amount or column is NUMBER
        page.write_string(0, place, column.heading, number_heading if is_number else heading)
    rows = con.execute(sheet.query.format(folder=quoted(folder), period=facts["period"])).fetchall()
    for number, (*values, decimals) in enumerate(rows, start=1):
        page.set_row(number, LINE_HEIGHT * _lines(values, sheet))
        for place, (value, column) in enumerate(zip(values, sheet.columns, strict=True)):
            if value is None:
                continue
            if column.is_amount:
                _write_amount(page, number, place, int(value), decimals, amounts[decimals])
            elif isinstance(value, (int, Decimal)):
                page.write_number(number, place, int(value), count)
            else:
                page.write_string(number, place, column.words(str(value)), wrapped if column.wraps else top)
    if not rows:
        page.write_string(1, 0, sheet.when_empty)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(len(rows), 1), len(sheet.columns) - 1)
    _print_on_one_width(page, facts)


def _lines(values: list[Any], sheet: Sheet) -> int:
    """Lines that the longest wrapped text of a row takes: not every program grows a row to its text by itself."""
    wrapped = [
        (one.words(str(value)), one.width) for value, one in zip(values, sheet.columns, strict=True) if one.wraps
    ]
    return max([-(-len(text) // (width - 2)) for text, width in wrapped], default=1) or 1


def _write_amount(page: Worksheet, row: int, column: int, minor: int, decimals: int, shape: Any) -> None:
    """A spreadsheet's numbers are doubles: an amount that one cannot hold exactly is written as text."""
    major = Decimal(minor).scaleb(-decimals)
    if abs(minor) < _EXACT_IN_A_DOUBLE:
        page.write_number(row, column, float(major), shape)
    else:
        page.write_string(row, column, f"{major:,.{decimals}f}", shape)


def _print_on_one_width(page: Worksheet, facts: dict[str, Any], heading: int = 0) -> None:
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(heading)
    page.set_footer(f"&L{facts['company']} {facts['period']}, as of {facts['as_of']}&R&P / &N".replace("&&", "&"))
