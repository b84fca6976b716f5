"""The pages over a real close: the sample company with its planted defects, and without any."""

import duckdb
import pytest

from tests.dashboards.reading import tables, words

pytestmark = pytest.mark.slow


@pytest.fixture
def rows():
    def ask(world, sql):
        with duckdb.connect(str(world.published), read_only=True) as con:
            return con.execute(sql).fetchall()

    return ask


def test_every_control_shows_the_breaks_that_the_close_found(visit, planted, rows):
    shown = tables(visit(planted.config, "controls"))["controls"]
    found = dict(rows(planted, "select code, count(*) from marts.exceptions group by code"))
    assert found, "the planted company has no break: nothing is shown by this test"
    for (code,) in rows(planted, "select code from marts.controls"):
        assert shown.row(code)["Does not tie"] == f"{found.get(code, 0):,}"


def test_every_break_opens_with_both_its_sides(visit, planted, rows):
    """All but sums of many records (R08, R31, R32, R33), numbers that are missing (R18), and single usage events, which
    stay in the warehouse."""
    breaks = rows(
        planted,
        "select code, source_instance, min(match_key) from marts.exceptions"
        " where code not in ('R08', 'R31', 'R32', 'R33') and coalesce(left_ref, right_ref) is not null"
        " and coalesce(right_ref, '') not like 'usage_events:%'"
        " group by all order by all",
    )
    for code, instance, match_key in breaks:
        shown = tables(visit(planted.config, "controls", control=code, record=match_key, instance=instance))
        assert len(shown["pair"].rows) > 2, f"{code} {match_key}: no record behind either side"


def test_the_variance_page_adds_up_to_the_cells(visit, planted, rows):
    shown = tables(visit(planted.config, "variance"))["totals"]
    currencies = rows(planted, "select distinct currency_code from marts.bridge_cells order by 1")
    assert [row[0] for row in shown.rows] == [code for (code,) in currencies]


def test_the_clean_company_shows_nothing_that_does_not_tie(visit, clean):
    assert "Nothing is broken" in words(visit(clean.config, "controls"))
    assert "Nothing stands in the way" in words(visit(clean.config, "close"))
    tables(visit(clean.config, "variance"))


def test_the_usage_behind_an_accrual_is_listed_down_to_the_subscription(visit, planted, rows):
    """Of 25 subscriptions that nobody names, the accrual that is missing can be posted, and neither checked nor billed."""
    found = rows(
        planted,
        "select source_instance, match_key, cast(left_value as bigint), currency_code, reason from marts.exceptions"
        " inner join marts.reconciliation_results using (code, source_instance, match_key, currency_code, reason)"
        " where code = 'R08' order by all",
    )
    assert found, "the planted company has no missing accrual: nothing is shown by this test"
    for instance, match_key, value, currency, reason in found:
        listed = tables(visit(planted.config, "controls", control="R08", record=match_key, instance=instance))[
            "unbilled"
        ]
        subscriptions = set(listed.column("Subscription"))
        assert f"Usage of {len(subscriptions)} subscriptions" in reason
        amounts = [amount.replace(",", "").replace(".", "") for amount in listed.column("Worth")]
        assert sum(int(amount) for amount in amounts) == value, f"{match_key} {currency}"
        assert all(listed.column("Customer"))
