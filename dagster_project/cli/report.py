"""What a run found, as a table: one row per control, amounts per currency, never added across currencies."""

from __future__ import annotations

import duckdb
from rich.table import Table

from dagster_project.money import major

WIDE = 120
"""Columns of a terminal from which every count has its own; below it those of what ties are left out."""

_HEADINGS = ("Population", "Matched", "In tolerance", "Not yet due", "Breaks", "Not tested")
_NEEDED = ("Breaks", "Not tested")
_COUNTS = """
    select
        c.code,
        c.title,
        coalesce(sum(s.compared), 0),
        coalesce(sum(s.matched), 0),
        coalesce(sum(s.in_tolerance), 0),
        coalesce(sum(s.timing), 0),
        coalesce(sum(s.breaks), 0),
        coalesce(sum(s.not_testable), 0)
    from marts.controls as c
    left join marts.reconciliation_summary as s on c.code = s.code
    group by c.code, c.title
    order by c.code
"""
_AMOUNTS = """
    select e.code, e.currency_code, sum(abs(e.delta_minor)), k.exponent
    from marts.exceptions as e
    join seeds.currencies as k on e.currency_code = k.currency_code
    where e.delta_minor <> 0
    group by e.code, e.currency_code, k.exponent
    order by e.code, e.currency_code
"""


def controls_table(con: duckdb.DuckDBPyConnection, width: int = WIDE) -> Table:
    """A row per control of the published snapshot `con`; amounts are absolute differences of open breaks.

    In a terminal of fewer columns than `WIDE` it holds breaks, what was not tested and amounts alone.
    """
    amounts: dict[str, list[str]] = {}
    for code, currency, minor, exponent in con.execute(_AMOUNTS).fetchall():
        amounts.setdefault(code, []).append(f"{major(int(minor), exponent)} {currency}")
    table = Table(title="What was found", title_justify="left", header_style="bold", show_lines=False)
    table.add_column("Control", no_wrap=True)
    table.add_column("What is compared", min_width=16)
    shown = [place for place, heading in enumerate(_HEADINGS) if width >= WIDE or heading in _NEEDED]
    for heading in (_HEADINGS[place] for place in shown):
        table.add_column(heading, justify="right", min_width=max(len(word) for word in heading.split()))
    table.add_column("Amount in breaks", justify="right", no_wrap=True)
    for code, title, *counts in con.execute(_COUNTS).fetchall():
        table.add_row(
            code,
            title,
            *(f"{int(counts[place]):,}" for place in shown),
            "\n".join(amounts.get(code, ["-"])),
            style="bold" if counts[4] else None,
        )
    if width < WIDE:
        table.caption = f"What ties, is in tolerance or not yet due: in a terminal of {WIDE} columns."
        table.caption_justify = "left"
    return table
