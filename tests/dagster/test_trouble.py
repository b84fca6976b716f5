"""A delivery that could not be used is told so that its sender can mend it: file, line, column, value, what was expected."""

from __future__ import annotations

import duckdb

from dagster_project.trouble import in_words, trouble_in_words


def test_a_quarantined_row_names_file_line_column_value_and_what_was_expected():
    words = in_words(
        False, "payments/a.csv", "billing", "payments", 3, "amount", "10.001", "at most 2 decimals", "reason"
    )
    assert words == "quarantined: payments/a.csv:3 (billing, payments): amount = '10.001', expected at most 2 decimals"


def test_a_refused_file_says_why_once():
    words = in_words(
        True, "payments/b.csv", "billing", "payments", 1, None, None, "a header", "payments/b.csv, line 1: x"
    )
    assert words == "refused: payments/b.csv, line 1: x (billing, payments)"


def test_what_is_not_shown_is_counted():
    """Nothing is lost from sight: ten thousand rejected rows are not twenty."""
    with duckdb.connect() as con:
        con.execute("create schema landed")
        con.execute(
            "create table landed.batches as select 'b' as batch_id, 'billing' as source_instance, 'a.csv' as file_name"
        )
        con.execute(
            "create table landed.quarantine as select 'b' as batch_id, 'billing' as source_instance, 'payments' as object,"
            " r as row_number, r + 1 as line_number, 'amount' as column_name, 'x' as value, 'a decimal' as expected,"
            " 'no decimal' as reason, 'open' as state from range(1, 31) as t (r)"
        )
        lines = trouble_in_words(con, shown=20)
    assert len(lines) == 21
    assert lines[0].startswith("quarantined: a.csv:2 ")
    assert "10 more" in lines[-1]
