"""What is matched in a close, and how strictly: one plan per purpose, and their outcome as one table.

A plan here decides which money counts as explained: anything looser than equality is in no plan that confirms.
"""

from __future__ import annotations

from dataclasses import astuple, fields, replace

import duckdb
import pyarrow as pa

from dagster_project.matching.engine import match
from dagster_project.matching.model import Match, Plan, Search

_EXACT = ("exact_reference", "exact_composite", "date_window", "grouped_sum", "subset_sum")
_SUMMED = ("day", "group_key")  # a summary is of a day or of an accounting period
PLANS = {
    # payments that no receipt names against receipts that name no payment; the window is that of R24
    "cash": Plan(passes=_EXACT, largest_group=6),
    # unposted invoices against ERP documents of their customer that name none
    "posting": Plan(passes=_EXACT, largest_group=6, batches=_SUMMED),
    # what is left, of any customers, against documents and journals that stand for no customer: no pass for single
    # amounts, because among many customers equal ones are common and would hold each other back
    "summary": Plan(passes=("exact_reference", "grouped_sum", "subset_sum"), largest_group=6, batches=_SUMMED),
    # the same where credit notes are unposted too: what is left, net of them. After the gross ones, or a credit that
    # was lost would make a month of posted invoices look lost with it
    "net_summary": Plan(passes=("exact_reference", "grouped_sum", "subset_sum"), largest_group=6, batches=_SUMMED),
    # payments that name no payout against payouts that nothing names: any customer's, so small groups only
    "payout": Plan(passes=_EXACT, window_days=14, largest_group=4, whole_rows=8),
    # a receipt that names no payment and equals one that does: booked twice, perhaps
    "receipt_copy": Plan(passes=("exact_composite", "date_window"), suggest_only=True),
}
# a record that an earlier purpose matched, surely or not, is no candidate of the later one
AFTER = {"summary": ("posting",), "net_summary": ("posting", "summary")}
_TYPES = {"int": pa.int64(), "str": pa.string()}
_FOUND = {field.name: _TYPES[str(field.type)] for shape in (Match, Search) for field in fields(shape)}
OUTCOME = pa.schema([("purpose", pa.string()), ("finding", pa.string()), *_FOUND.items()])


def outcome(con: duckdb.DuckDBPyConnection, relation: str, windows: dict[str, int]) -> pa.Table:
    """Every purpose's matches and searches as one table, told apart by `finding` (match or search).

    `relation` has the columns of `Row` and `purpose` and `record_key`, which names one record in every purpose.
    `windows` gives days per purpose where the plan's own do not hold. Columns are those of `Match` and `Search`.
    """
    present = {
        purpose
        for (purpose,) in con.execute(
            f"select purpose from {relation} group by purpose having min(side) <> max(side)"
        ).fetchall()
    }
    found: list[tuple[str, str, Match | Search]] = []
    for purpose, plan in PLANS.items():
        if purpose in present:
            taken = [one.row_id for of, _, one in found if of in AFTER.get(purpose, ()) and isinstance(one, Match)]
            _open_rows(con, relation, purpose, taken)
            done = match(con, "matching_purpose", replace(plan, window_days=windows.get(purpose, plan.window_days)))
            found += [(purpose, "match", one) for one in done.matches]
            found += [(purpose, "search", one) for one in done.searches]
    return _as_table(found)


def _open_rows(con: duckdb.DuckDBPyConnection, relation: str, purpose: str, taken: list[str]) -> None:
    """`matching_purpose`: the purpose's rows without the records of the rows `taken` by earlier ones."""
    con.execute(
        f"""
        create or replace temp table matching_purpose as
        select * from {relation}
        where
            purpose = ?
            and record_key not in (
                select record_key from {relation} where row_id in (select unnest(?::varchar[]))
            )
        """,
        [purpose, taken],
    )


def _as_table(found: list[tuple[str, str, Match | Search]]) -> pa.Table:
    rows = [
        dict(zip((field.name for field in fields(one)), astuple(one), strict=True))
        | {"purpose": purpose, "finding": finding}
        for purpose, finding, one in found
    ]
    return pa.Table.from_pylist(rows, schema=OUTCOME)
