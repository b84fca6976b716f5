"""The cover is what a controller signs: a zero that stands for nothing compared must not read as clean."""

from __future__ import annotations

import duckdb
import pytest

from dagster_project.evidence.cells import read_cells
from tests.evidence.forger import PERIOD


@pytest.fixture(scope="module")
def rows(pack):
    """The cover's rows, by what stands in their first column."""
    found = {}
    for place, value in read_cells(pack.path / "workbook.xlsx").items():
        sheet, _, cell = place.partition("!")
        if sheet == "Cover":
            found.setdefault(int(cell[1:]), []).append(value)
    return {cells[0]: cells[1:] for cells in found.values()}


def ask(pack, query):
    with duckdb.connect() as con:
        return con.execute(query.format(pack=pack.path)).fetchall()


def test_the_cover_says_of_each_entity_whether_the_period_can_be_closed_and_why_not(pack, rows):
    """In the words of the page: one period that "cannot close" here and is "blocked" there reads as two."""
    close = ask(pack, f"""
        select legal_entity_code || '  ' || legal_entity_name || ' (erp)', readiness, period_state, trim(blocking_gates), note
        from '{{pack}}/results/close_status.parquet' where period = '{PERIOD}'
    """)  # fmt: skip
    assert {readiness for _, readiness, *_ in close} >= {"blocked"}
    words = {
        ("blocked", "soft_closed"): "Cannot close", ("ready", "soft_closed"): "Can close",
        ("blocked", "hard_closed"): "Closed, gates fail", ("ready", "hard_closed"): "Closed",
    }  # fmt: skip
    for entity, readiness, state, gates, note in close:
        stands = " ".join(filter(None, (gates or "None: every gate passes.", note)))
        assert rows[entity] == [words[readiness, state], stands]


def test_breaks_of_earlier_periods_that_are_still_open_stand_beside_the_period_s(pack, rows):
    place = rows["Control"].index("Earlier breaks")
    counted = dict(ask(pack, "select code, count(*) from '{pack}/exceptions_of_earlier_periods.parquet' group by code"))
    assert counted
    assert {name[:3]: int(cells[place]) for name, cells in rows.items() if name[:1] == "R" and name[1:3].isdigit()} == {
        code: counted.get(code, 0) for (code,) in ask(pack, "select code from '{pack}/results/controls.parquet'")
    }


def test_every_earlier_break_has_a_row_of_its_own(pack):
    cells = read_cells(pack.path / "workbook.xlsx")
    shown = {value for place, value in cells.items() if place.startswith("Earlier breaks!B")} - {"Record"}
    assert shown == {
        key for (key,) in ask(pack, "select match_key from '{pack}/exceptions_of_earlier_periods.parquet'")
    }


def test_a_control_without_any_result_in_the_period_says_so_and_where_it_has_some(pack, rows):
    ((row,),) = [[cells for name, cells in rows.items() if name.startswith("R01")]]
    assert row[-1] == f"No result in {PERIOD}; results in 2026-10 alone"
    ((results, earliest, latest),) = ask(pack, """
        select results_in_pack, earliest_period, latest_period from '{pack}/results/controls.parquet' where code = 'R01'
    """)  # fmt: skip
    assert (results, earliest, latest) == (0, "2026-10", "2026-10")
    ((row,),) = [[cells for name, cells in rows.items() if name.startswith("R14")]]
    assert all(cell.isdigit() for cell in row)


def test_totals_say_whether_their_values_are_money_or_what_a_control_counts(pack):
    units = ask(
        pack, "select distinct code, values_in from '{pack}/totals/control_totals.parquet' where values_in is not null"
    )
    assert {("R14", "minor units"), ("R06", "minor units"), ("R03", "quantities"), ("R10", "quantities")} <= set(units)
