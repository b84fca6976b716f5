"""The measures of the close: each says what it divides, and what is not known is said in words, never shown as zero."""

from __future__ import annotations

import duckdb
import pytest

from tests.truth.score import read_truth

pytestmark = pytest.mark.slow

SPECIFIED = {
    "auto_match_count_percent", "auto_match_value_percent", "unexplained_percent", "unexplained_net_percent",
    "leakage_gross_percent", "leakage_recovered_percent", "leakage_open_percent", "over_billing_percent",
    "invoice_exception_percent", "posting_lag_hours_p50", "posting_lag_hours_p95", "posting_sla_percent",
    "posting_completeness_percent", "late_arrival_percent", "late_arrival_value_minor", "duplicate_posting_percent",
    "duplicate_invoice_percent", "duplicate_event_percent", "days_to_close", "time_to_detect_hours_median",
    "time_to_detect_hours_p90", "time_to_assign_hours_median", "time_to_assign_hours_p90", "time_to_resolve_hours_median",
    "time_to_resolve_hours_p90", "sla_breach_percent", "replay_pending_percent", "replay_state_changed",
    "double_effect_count", "traceability_percent", "reopened_periods", "reopened_exceptions", "manual_journals",
    "dead_letters_open", "dead_letters_refused_again", "dead_letters_replayed", "dead_letters_mended_at_source",
    "replay_double_effect_count", "write_offs_minor", "false_positive_percent", "days_sales_outstanding", "unapplied_cash_percent",
    *(f"ageing_{clock}_{days}_percent" for clock in ("first_seen", "origin")
      for days in ("0_1", "2_7", "8_30", "31_60", "61_90", "over_90")),
}  # fmt: skip


def _ask(closed, query: str, *parameters: object) -> list[tuple]:
    with duckdb.connect(str(closed.published), read_only=True) as con:
        return con.execute(query, list(parameters)).fetchall()


def test_every_measure_of_the_specification_is_there_with_its_formula(planted):
    found = {kpi for (kpi,) in _ask(planted, "select distinct kpi from marts.kpis where length(formula) > 20")}
    assert found == SPECIFIED


def test_a_measure_without_a_value_says_why_and_one_with_a_value_does_not(planted):
    """An unknown figure that reads as zero is a clean bill that nobody gave."""
    assert (
        _ask(planted, "select kpi, value, reason from marts.kpis where (value is null) <> (reason is not null)") == []
    )
    unknown = _ask(
        planted, "select distinct kpi from marts.kpis where value is null and reason like '%not recorded yet%'"
    )
    assert ("time_to_resolve_hours_median",) in unknown


def test_a_measure_stands_once_per_entity_currency_and_period(planted):
    assert (
        _ask(
            planted,
            "select kpi from marts.kpis group by kpi, legal_entity_code, currency_code, period having count(*) > 1",
        )
        == []
    )


def test_the_clean_company_is_traced_whole_and_nothing_was_booked_twice(clean):
    query = """select kpi, sum(numerator)::bigint, sum(denominator)::bigint from marts.kpis where kpi in
        ('traceability_percent', 'double_effect_count', 'unexplained_percent', 'leakage_gross_percent') group by kpi"""
    found = {kpi: (numerator, denominator) for kpi, numerator, denominator in _ask(clean, query)}
    traced, posted = found["traceability_percent"]
    assert traced == posted > 0
    assert found["double_effect_count"][0] == found["unexplained_percent"][0] == found["leakage_gross_percent"][0] == 0


def test_what_was_planted_as_posted_twice_is_counted_as_a_double_effect(planted):
    twice = [one for one in read_truth(planted.folder / "truth.csv") if (one.code, one.cause) == ("R14", "C05")]
    counted = _ask(planted, "select sum(numerator)::bigint from marts.kpis where kpi = 'double_effect_count'")[0][0]
    assert twice and counted == len(twice)


def test_a_fictitious_invoice_is_posted_and_not_traced(planted):
    """It is revenue that nothing in billing, usage or a contract stands behind."""
    keys = [
        one.match_key.split("|")[1]
        for one in read_truth(planted.folder / "truth.csv")
        if one.code == "R20" and one.match_key.startswith("ar_documents|")
    ]
    rows = _ask(
        planted,
        """select legal_entity_code, currency_code, period, sum(amount_minor)::bigint from canonical.ar_document_line
        where document_id in (select unnest(?::varchar[])) group by all""",
        keys,
    )
    assert rows
    for entity, currency, period, amount in rows:
        ((untraced,),) = _ask(
            planted,
            """select (denominator - numerator)::bigint from marts.kpis where kpi = 'traceability_percent'
            and legal_entity_code = ? and currency_code = ? and period = ?""",
            entity, currency, period,
        )  # fmt: skip
        assert untraced >= amount, (entity, currency, period)


def test_the_summary_counts_as_many_problems_as_the_exceptions_name(planted):
    """More would be double work, fewer would hide one."""
    ((breaks, problems),) = _ask(
        planted, "select sum(breaks)::bigint, sum(problems)::bigint from marts.reconciliation_summary"
    )
    ((open_breaks, roots),) = _ask(planted, "select count(*), count(distinct root_exception_key) from marts.exceptions")
    assert (breaks, problems) == (open_breaks, roots) and problems < breaks
