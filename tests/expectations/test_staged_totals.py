"""Landed against staged is counted again wherever anything that it rests on changed: a lost row would pass as kept."""

from __future__ import annotations

import pytest

from dagster_project.warehouse import copies
from expectations.suites import outcome, staged_totals
from expectations.suites.outcome_totals import find_totals
from tests.expectations.test_boundary_faults import row
from tests.expectations.world import World, world

LINES = "landed.generic__billing__invoice_lines"
STAGING = f"""
create schema if not exists staging;
create or replace {{kind}} staging.stg_generic__billing__invoice_lines as select * from {LINES} where {{kept}};
create or replace view staging.stg_generic__billing__skus as select *, true as is_current from landed.generic__billing__skus"""


@pytest.fixture
def made(tmp_path) -> World:
    """Two lines over 3.00 each and a product, staged whole, and counted."""
    made = world(tmp_path)
    copies.find(made.con, [])
    made.land("billing", "invoice_lines", [_line("l1"), _line("l2")], batch="one")
    made.land("billing", "skus", [row("skus", sku="SEAT")], batch="one")
    made.con.execute(STAGING.format(kind="view", kept="true"))
    assert _found(made) == {"invoice_lines": (2, 2, 6, 6), "skus": (1, 1, None, None)}
    return made


def _line(line_id: str) -> dict[str, object]:
    return row("invoice_lines", line_id=line_id, amount="3.00", discount_amount="0", tax_amount="0")


def _found(made: World) -> dict[str, tuple[object, ...]]:
    find_totals(made.con, made.settings)
    rows = made.con.execute(
        "select object, landed_rows, staged_rows, landed_total, staged_total from outcome_staging"
    ).fetchall()
    return {name: figures for name, *figures in ((one[0], *one[1:]) for one in rows) for figures in [tuple(figures)]}


@pytest.mark.parametrize("kind", ["view", "table"])
def test_a_row_that_staging_loses_is_seen(made, kind):
    made.con.execute("drop view staging.stg_generic__billing__invoice_lines")
    made.con.execute(STAGING.format(kind=kind, kept="true"))
    assert _found(made)["invoice_lines"] == (2, 2, 6, 6)
    made.con.execute(STAGING.format(kind=kind, kept="line_id <> 'l2'"))
    assert _found(made)["invoice_lines"] == (2, 1, 6, 3)


def test_new_rows_and_rows_that_are_gone_are_counted(made):
    made.land("billing", "invoice_lines", [_line("l3")], batch="two")
    assert _found(made)["invoice_lines"] == (3, 3, 9, 9)
    made.con.execute(f"delete from {LINES} where line_id = 'l1'")
    assert _found(made)["invoice_lines"] == (2, 2, 6, 6)


def test_what_did_not_change_is_not_counted_again_unless_everything_is_asked_for(made, monkeypatch):
    """Every increment of usage would add up all documents."""
    counted: list[str] = []
    whole = staged_totals._staging_sql
    monkeypatch.setattr(
        staged_totals, "_staging_sql", lambda con, contract: counted.append(contract.name) or whole(con, contract)
    )
    before = _found(made)
    made.land("billing", "skus", [row("skus", sku="NEW")], batch="two")
    assert _found(made) == before | {"skus": (2, 2, None, None)}
    assert counted == ["skus"]
    outcome.forget(made.con)
    _found(made)
    assert sorted(counted) == ["invoice_lines", "skus", "skus"]
