"""Every planted defect that moves money through the bridge lies under its own cause, with its own amount."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.truth.score import read_truth
from tests.truth.told import untold

pytestmark = pytest.mark.slow

LEGS = {"R03": "A", "R04": "A", "R05": "B", "R06": "B", "R12": "B", "R14": "C", "R16": "C", "R24": "D", "R26": "D"}
# R21 and the tax and exchange controls have no cell without tax: C10, C11 and C12 are shown by period, in tax and in reporting
CELLS = """
    select sum(amount_minor) from marts.bridge_allocation
    where leg = ? and cause_code = ? and subscription_id = ? and currency_code = ?
      and (service_period_start = cast(? as date))"""
RECORDS = """
    select sum(amount_minor) from (
        select leg, cause_code, currency_code, amount_minor, left_ref, right_ref from marts.bridge_allocation
        union all
        select leg, cause_code, currency_code, amount_minor, left_ref, right_ref from marts.bridge_tax where leg <> 'B'
    )
    where leg = ? and cause_code = ? and currency_code = ? and amount_minor * ? > 0
      and (contains(coalesce(left_ref, ''), ?) or contains(coalesce(right_ref, ''), ?))"""


def misplaced(con: duckdb.DuckDBPyConnection, truth: Path) -> list[str]:
    """The defects whose amount does not lie under their cause, in words."""
    wrong = []
    for defect in read_truth(truth):
        if defect.amount_minor is None or defect.code not in LEGS:
            continue
        leg, parts = LEGS[defect.code], defect.match_key.split("|")
        if len(parts) == 3:
            found = con.execute(CELLS, [leg, defect.cause, parts[0], defect.currency, parts[2]]).fetchone()
        else:
            record = parts[0] if leg == "B" else parts[0][3:]
            sign = 1 if defect.amount_minor > 0 else -1
            found = con.execute(RECORDS, [leg, defect.cause, defect.currency, sign, record, record]).fetchone()
        if found != (defect.amount_minor,):
            wrong.append(
                f"{defect.defect_id} {defect.title}: {defect.cause} {defect.amount_minor}, in the bridge {found}"
            )
    return wrong


@pytest.fixture(scope="module")
def bridge(planted):
    with duckdb.connect(str(planted.published), read_only=True) as con:
        yield con


def test_every_planted_amount_lies_under_its_cause(bridge, planted):
    assert misplaced(bridge, planted.folder / "truth.csv") == []


def test_nothing_of_the_planted_company_is_left_unexplained(bridge):
    unexplained = "select count(*) from marts.{} where cause_code like '_99' and amount_minor <> 0"
    assert [bridge.execute(unexplained.format(mart)).fetchone() for mart in ("bridge_allocation", "bridge_tax", "bridge_periods")] == [
        (0,), (0,), (0,),
    ]  # fmt: skip


def test_no_error_of_the_bridge_stands_there_alone(bridge):
    """Money that the bridge calls an error, and that no control tells, is nobody's to mend: no owner, no next step."""
    assert untold(bridge) == []


def test_a_posting_in_another_period_and_a_wrong_rate_show_where_a_cell_cannot_show_them(bridge):
    moved = bridge.execute(
        "select period, cause_code, sum(amount_minor) > 0 from marts.bridge_periods where cause_code = 'C10' group by all order by all"
    ).fetchall()
    assert moved == [("2025-12", "C10", True), ("2026-01", "C10", False)]
    rates = bridge.execute(
        "select legal_entity_code, base_currency_code from marts.bridge_periods where cause_code = 'C12' group by all order by all"
    ).fetchall()
    assert rates == [("JP", "JPY"), ("US", "USD")]


def test_a_clean_company_leaks_nothing(clean):
    """What is open on a company without a fault is timing or authorised, never an error."""
    with duckdb.connect(str(clean.published), read_only=True) as con:
        natures = con.execute(
            "select distinct nature from marts.bridge_allocation where amount_minor <> 0 order by all"
        ).fetchall()
    assert natures == [("authorised",), ("timing",)]
