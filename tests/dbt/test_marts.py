"""The public marts of the planted company agree with each other: a figure on one page is the same on the next."""

from __future__ import annotations

import duckdb
import pytest
import yaml

from dagster_project.dbt.manifest import DBT_PROJECT

pytestmark = pytest.mark.slow

PROMISED = {
    "exceptions": "exception_key, code, match_key, cause_code, delta_minor, currency_code, legal_entity_code, customer_id,"
    " period, severity, owner_role, state, reason, first_seen_at",
    "reconciliation_results": "code, source_instance, match_key, legal_entity_code, customer_id, currency_code, period,"
    " left_value, right_value, delta_minor, delta_quantity, status, cause_code, failure_class, reason, left_ref, right_ref,"
    " due_at",
}
"""Columns that other tools may rely on; they change only with a version."""


def _ask(closed, query: str) -> list[tuple]:
    with duckdb.connect(str(closed.published), read_only=True) as con:
        return con.execute(query).fetchall()


@pytest.mark.parametrize("mart", PROMISED)
def test_a_public_mart_keeps_the_columns_that_it_promises(mart):
    contract = yaml.safe_load((DBT_PROJECT / "models" / "marts" / f"{mart}.yml").read_text(encoding="utf-8"))
    held = {column["name"] for column in contract["models"][0]["columns"]}
    assert set(PROMISED[mart].split(", ")) <= held


def test_exceptions_are_the_breaks_and_nothing_else(planted):
    query = """select code, source_instance, match_key, delta_minor from marts.{} {} order by all"""
    breaks = _ask(planted, query.format("reconciliation_results", "where status = 'break'"))
    assert breaks and breaks == _ask(planted, query.format("exceptions", ""))


def test_the_summary_adds_up_to_the_results(planted):
    """A net without its absolute sum hides two large errors that cancel out."""
    results = _ask(
        planted,
        """select code, count(*), count(*) filter (where status = 'break'),
            coalesce(sum(delta_minor) filter (where status = 'break'), 0)::decimal(38, 0),
            coalesce(sum(abs(delta_minor)) filter (where status = 'break'), 0)::decimal(38, 0)
        from marts.reconciliation_results group by code order by code""",
    )
    summary = _ask(
        planted,
        """select code, sum(compared), sum(breaks), sum(break_net_minor)::decimal(38, 0),
            sum(break_absolute_minor)::decimal(38, 0)
        from marts.reconciliation_summary group by code order by code""",
    )
    assert results == summary


@pytest.mark.parametrize(
    ("kind", "table", "key"),
    [
        ("invoice_line", "invoice_line", "line_id"),
        ("invoice", "invoice", "invoice_id"),
        ("ar_document", "ar_document", "document_id"),
        ("cash_receipt", "cash_receipt", "receipt_id"),
        ("cash_application", "cash_application", "application_id"),
    ],
)
def test_a_link_of_the_lineage_ends_in_records_that_exist(planted, kind, table, key):
    dangling = _ask(
        planted,
        f"""select from_type, from_id, to_type, to_id from marts.lineage_edges as edges
        where (from_type = '{kind}' and not exists (select 1 from canonical.{table} as r
                where r.source_instance = edges.from_instance and r.{key} = edges.from_id))
            or (to_type = '{kind}' and relation not in ('settles') and not exists (select 1 from canonical.{table} as r
                where r.source_instance = edges.to_instance and r.{key} = edges.to_id))""",
    )
    assert dangling == []


def test_every_entity_and_period_of_the_calendar_has_a_close_status(planted):
    calendar = _ask(planted, "select legal_entity_code, period from canonical.accounting_period order by all")
    assert calendar == _ask(planted, "select legal_entity_code, period from marts.close_status order by all")


def test_a_measure_is_its_numerator_over_its_denominator(planted):
    wrong = _ask(
        planted,
        """select kpi, numerator, denominator, value from marts.kpis
        where denominator > 0 and kpi like '%percent' and value <> round(numerator * 100 * 1000000000 / denominator) / 1000000000
            and abs(value - numerator * 100 / denominator) > 0.00000001""",
    )
    assert wrong == []
