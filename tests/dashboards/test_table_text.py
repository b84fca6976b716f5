"""What a cell of a table does to its text."""

from __future__ import annotations

from dashboards.components.table import Cell, content


def test_a_day_or_month_is_not_broken_at_its_hyphens_and_nothing_else_is_touched():
    """`2026-` on one line and `10` on the next were read as two numbers, in every narrow list."""
    shown = content(Cell("granted until 2026-04-01.", note="US, C-1, 2026-10"))
    assert '<span class="tt-whole">2026-04-01</span>.' in shown
    assert 'US, C-1, <span class="tt-whole">2026-10</span>' in shown
    keys = content(Cell("IN-2026-10 12026-10 2026-100 <b>"))
    assert "IN-2026-10 12026-10 2026-100 &lt;b&gt;" in keys and "<span" not in keys
