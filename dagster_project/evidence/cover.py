"""The cover of a pack's workbook: of what it is, whether the period can be closed, and what each control found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from dagster_project.close import terms
from dagster_project.evidence.sheets import LINE_HEIGHT
from dagster_project.evidence.totals import STATUSES
from dagster_project.sql import quoted

_FACTS = (
    ("Company", "company"),
    ("Accounting period", "period"),
    ("Legal entity", "entity"),
    ("As of", "as_of"),
    ("Known at", "known_at"),
    ("Code version", "code_version"),
    ("Authority model", "authority_model"),
    ("Reporting currency", "reporting_currency"),
)
_HEADINGS = ("Control", "Matched", "In tolerance", "Not yet due", "Breaks", "Earlier breaks", "Not testable")
_LAST, _LINE = len(_HEADINGS), 110  # last column, and how much of the gates fits on a line
_CONTROLS = """
    select c.code || '  ' || c.title, {statuses}, c.results_in_pack, c.earliest_period, c.latest_period
    from read_parquet('{folder}/results/controls.parquet') as c
    left join read_parquet('{folder}/totals/control_totals.parquet') as t on c.code = t.code
    left join (
        select code, count(*) as breaks
        from read_parquet('{folder}/exceptions_of_earlier_periods.parquet')
        group by code
    ) as e on c.code = e.code
    group by c.code, c.title, e.breaks, c.results_in_pack, c.earliest_period, c.latest_period
    order by c.code
"""
_CLOSE = """
    select
        concat(legal_entity_code, '  ' || legal_entity_name, ' (' || source_instance || ')'),
        readiness, period_state, blocking_gates, note
    from read_parquet('{folder}/results/close_status.parquet')
    where period = ? and ? in ('all', legal_entity_code)
    order by all
"""


def write_cover(
    book: Workbook, con: duckdb.DuckDBPyConnection, folder: Path, facts: dict[str, Any]
) -> tuple[Worksheet, int]:
    """Writes the sheet and returns it, and the row of the heading above the controls."""
    page = book.add_worksheet("Cover")
    bold, title = book.add_format({"bold": True}), book.add_format({"bold": True, "font_size": 16})
    page.set_column(0, 0, 60)
    page.set_column(1, _LAST - 1, 16)
    page.set_column(_LAST, _LAST, 46)
    page.write_string(0, 0, f"{facts['company']}: evidence of {facts['period']}", title)
    for row, (label, key) in enumerate(_FACTS, start=2):
        page.write_string(row, 0, label, bold)
        page.write_string(row, 1, facts[key] or "Not known: no file has a sidecar")
    start = _write_close(book, page, con, folder, facts, len(_FACTS) + 3)
    _write_controls(book, page, con, folder, facts, start)
    return page, start


def _write_close(
    book: Workbook, page: Worksheet, con: duckdb.DuckDBPyConnection, folder: Path, facts: dict[str, Any], start: int
) -> int:
    """Per legal entity whether the period can be closed, and why not; returns the row after a free one."""
    ruled = book.add_format({"bold": True, "bottom": 1})
    top, wrapped = (book.add_format({"valign": "top", "text_wrap": wraps}) for wraps in (False, True))
    for column, heading in enumerate((f"Close of {facts['period']}", "Can it close?", "What stands in the way")):
        page.write_string(start, column, heading, ruled)
    rows = con.execute(_CLOSE.format(folder=quoted(folder)), [facts["period"], facts["entity"]]).fetchall()
    for row, (entity, readiness, state, gates, note) in enumerate(rows, start=start + 1):
        words = " ".join(filter(None, ((gates or "None: every gate passes.").strip(), note)))
        page.set_row(row, LINE_HEIGHT * -(-len(words) // _LINE))
        page.write_string(row, 0, entity, top)
        page.write_string(row, 1, terms.readiness(readiness, state), top)
        page.merge_range(row, 2, row, _LAST, words, wrapped)
    if not rows:
        page.write_string(start + 1, 0, "The ledger has no such accounting period.")
    return start + max(len(rows), 1) + 2


def _write_controls(
    book: Workbook, page: Worksheet, con: duckdb.DuckDBPyConnection, folder: Path, facts: dict[str, Any], start: int
) -> None:
    ruled, ruled_right = (book.add_format({"bold": True, "bottom": 1, "align": side}) for side in ("left", "right"))
    count = book.add_format({"num_format": "#,##0", "align": "right"})
    note = book.add_format({"indent": 1})
    for column, heading in enumerate((*_HEADINGS, "")):
        page.write_string(start, column, heading, ruled_right if 0 < column < _LAST else ruled)
    counts = {one: f"coalesce(sum(t.row_count) filter (t.status = '{one}'), 0)" for one in STATUSES}
    untested = counts.pop("not_testable")
    statuses = ", ".join([*counts.values(), "coalesce(e.breaks, 0)", untested])
    rows = con.execute(_CONTROLS.format(folder=quoted(folder), statuses=statuses)).fetchall()
    for row, (control, *numbers, results, earliest, latest) in enumerate(rows, start=start + 1):
        page.write_string(row, 0, control)
        for column, value in enumerate(numbers, start=1):
            page.write_number(row, column, int(value), count)
        if not results:
            page.write_string(row, _LAST, _elsewhere(facts["period"], earliest, latest), note)


def _elsewhere(period: str, earliest: str | None, latest: str | None) -> str:
    """That zeros are not clean, and where there is something."""
    if latest is None:
        return f"No result in {period}, nor in any other period"
    where = f"results in {latest} alone" if earliest == latest else f"earliest {earliest}, latest {latest}"
    return f"No result in {period}; {where}"
