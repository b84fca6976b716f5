"""Ten million results whose totals were not those of the books would show how fast a page shows something else."""

from __future__ import annotations

import shutil

import duckdb
import pytest

from tests.benchmarks import inflated
from tests.dashboards import snapshots

WANTED = 5000
_CELLS = "select currency_code, sum(expected_minor), sum(billed_minor), sum(settled_minor) from marts.bridge_cells"
_COUNTED = """
select
    (select count(*) from marts.reconciliation_results), (select count(*) from marts.exceptions),
    (select count(*) from canonical.invoice_line), (select sum(amount_minor) from canonical.cash_application),
    (select sum(delta_minor) from marts.reconciliation_results where status = 'break')"""

_WITHOUT_EXCEPTION = """
select count(*) from marts.reconciliation_results as r
where r.status = 'break' and not exists (
    select 1 from marts.exceptions as e
    where e.code = r.code and e.source_instance = r.source_instance and e.match_key = r.match_key)"""
_WITHOUT_CUSTOMER = (
    "select count(*) from canonical.invoice_line anti join canonical.billing_customer using (customer_id)"
)


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """A small company's snapshot, and the same many times over: their paths, and how many times."""
    small = snapshots.write(tmp_path_factory.mktemp("books")).parent / ".tieout" / "published" / "current.duckdb"
    large = tmp_path_factory.mktemp("large") / "large.duckdb"
    shutil.copy(small, large)
    with duckdb.connect(str(large)) as con:
        times = inflated.inflate(con, WANTED)
    return small, large, times


@pytest.fixture
def ask(books):
    """`ask(sql)`: what the small and the large snapshot answer."""

    def both(sql: str) -> list[list[tuple]]:
        answers = []
        for file in books[:2]:
            with duckdb.connect(str(file), read_only=True) as con:
                answers.append(con.execute(sql).fetchall())
        return answers

    return both


def test_totals_are_those_of_the_company_as_many_times(books, ask):
    times = books[2]
    (few,), (many,) = ask(_COUNTED)
    assert many[0] >= WANTED
    assert many == tuple(value * times for value in few)


def test_money_per_currency_is_exact(books, ask):
    """The books hold amounts that a double cannot."""
    few, many = ask(f"{_CELLS} group by all order by all")
    assert [(currency, *(value * books[2] for value in values)) for currency, *values in few] == many


def test_the_summary_is_that_of_the_results(books, ask):
    _, many = ask(
        "select code, period, currency_code, count(*), count(*) filter (status = 'break'),"
        " coalesce(sum(abs(delta_minor)) filter (status = 'break'), 0)"
        " from marts.reconciliation_results group by all order by all"
    )
    _, summed = ask(
        "select code, period, currency_code, sum(compared), sum(breaks), sum(break_absolute_minor)"
        " from marts.reconciliation_summary group by all order by all"
    )
    assert many == summed


@pytest.mark.parametrize("unlinked", [_WITHOUT_EXCEPTION, _WITHOUT_CUSTOMER])
def test_copies_are_linked_among_themselves_as_the_books_are(books, ask, unlinked):
    """A copy of a break without its exception, or of a line without its customer, would be found faster than one with it."""
    (few,), (many,) = ask(unlinked)
    assert many == (few[0] * books[2],)
