"""What the sources delivered that could not be used, in words: file, line, column, value, what was expected."""

from __future__ import annotations

import duckdb

SHOWN = 20
_TROUBLE = """
    select q.row_number is null, b.file_name, q.source_instance, q.object, q.line_number, q.column_name, q.value,
        q.expected, q.reason
    from landed.quarantine as q
    left join landed.batches as b on q.batch_id = b.batch_id and q.source_instance = b.source_instance
    where q.state in ('open', 'refused_again')
    order by
        (q.row_number is not null), q.source_instance, q.object, b.file_name, q.line_number, q.batch_id, q.row_number
"""


def trouble_in_words(con: duckdb.DuckDBPyConnection, shown: int = SHOWN) -> list[str]:
    """The refused files and quarantined rows, the first `shown` and the number of the rest; empty when all is well."""
    rows = con.execute(_TROUBLE).fetchall()
    lines = [in_words(*row) for row in rows[:shown]]
    if len(rows) > shown:
        lines.append(f"... and {len(rows) - shown:,} more: see marts.dead_letters of the published file")
    return lines


def in_words(
    is_batch: bool,
    file: str | None,
    source: str,
    name: str,
    line: int | None,
    column: str | None,
    value: str | None,
    expected: str | None,
    reason: str | None,
) -> str:
    """`quarantined: x.csv:7 (billing, invoices): net_amount = '1.234', expected at most 2 decimals`."""
    if is_batch and file and reason and reason.startswith(file):
        return f"refused: {reason} ({source}, {name})"
    where = f"{file or '?'}:{line}" if line is not None else str(file or "?")
    what = f"{column} = {value!r}" if column else ""
    wanted = f"expected {expected}" if expected else reason
    words = ", ".join(part for part in (what, wanted) if part) if column or not is_batch else reason
    return f"{'refused' if is_batch else 'quarantined'}: {where} ({source}, {name}): {words}"
