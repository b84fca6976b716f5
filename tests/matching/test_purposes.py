"""What every purpose of a close must keep: equal money only, each record once, and the worked case of the methodology."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.matching.engine import _as_table
from dagster_project.matching.purposes import AFTER, PLANS, outcome
from tests.matching.worlds import matched, row

CONFIRMING = [name for name, plan in PLANS.items() if not plan.suggest_only]


@pytest.mark.parametrize("purpose", CONFIRMING)
def test_983_and_637_equal_2095_less_475_and_the_725_stay_open(purpose):
    rows = [
        row("one", "left", 983),
        row("two", "left", 637, day=1),
        row("three", "right", 2095),
        row("four", "right", -475, day=1),
        row("five", "right", -725, day=1),
    ]
    found = matched(rows, PLANS[purpose])
    assert found.groups() == {frozenset({"one", "two", "three", "four"})}
    assert {one.residual_minor for one in found.matches} == {0}


@pytest.mark.parametrize("drift", [1, -1])
@pytest.mark.parametrize("purpose", CONFIRMING)
def test_a_minor_unit_more_or_less_is_no_match_in_any_purpose(purpose, drift):
    rows = [row("one", "left", 60), row("two", "left", 40), row("three", "right", 100 + drift)]
    assert matched(rows, PLANS[purpose]).matches == ()


def test_a_receipt_that_equals_another_is_only_ever_suggested():
    found = matched([row("one", "left", 100), row("two", "right", 100)], PLANS["receipt_copy"])
    assert found.groups() == set() and found.groups("suggested") == {frozenset({"one", "two"})}


invoices = st.lists(
    st.tuples(st.sampled_from(["c1", "c2", "c3"]), st.sampled_from([7, 11, 11, 13, 200, -3]), st.integers(0, 4)),
    max_size=7,
)
postings = st.lists(
    st.tuples(st.sampled_from(["c1", "c2", ""]), st.sampled_from([7, 11, 18, 22, 24, 31, 211, 8]), st.integers(0, 4)),
    max_size=4,
)


credit_notes = st.lists(st.tuples(st.sampled_from([-3, -5, -7, -11]), st.integers(0, 4)), max_size=3)


def relation(company, order):
    """Candidates as the models give them: invoices in each purpose, documents of a customer, lone journals, credits."""
    billed, posted, credited = (*company, [])[:3]
    rows, purposes, records = [], [], []

    def add(purpose, record, side, amount, day, customer):
        rows.append(
            row(f"{purpose}|{record}", side, amount, day, customer_id=customer, group_key="2026-03", scope=purpose)
        )
        purposes.append(purpose)
        records.append(record)

    for number, (customer, amount, day) in enumerate(billed):
        add("posting", f"invoice {number}", "left", amount, day, customer)
        add("summary", f"invoice {number}", "left", amount, day, "")
        if credited:
            add("net_summary", f"invoice {number}", "left", amount, day, "")
    for number, (amount, day) in enumerate(credited):
        add("net_summary", f"credit {number}", "left", amount, day, "")
    for number, (customer, amount, day) in enumerate(posted):
        add("posting" if customer else "summary", f"posting {number}", "right", amount, day, customer)
        if credited and not customer:
            add("net_summary", f"posting {number}", "right", amount, day, "")
    picked = order(range(len(rows)))
    table = _as_table([rows[place] for place in picked])
    table = table.append_column("purpose", pa.array([purposes[place] for place in picked], pa.string()))
    return table.append_column("record_key", pa.array([records[place] for place in picked], pa.string()))


_con = duckdb.connect(":memory:")


def found_in(company, order=list):
    _con.register("candidates", relation(company, order))
    return outcome(_con, "candidates", {}).to_pylist()


@settings(max_examples=60, deadline=None)
@given(st.tuples(invoices, postings, credit_notes), st.randoms(use_true_random=False))
def test_a_record_is_matched_once_whatever_the_purpose_and_whatever_the_order_of_the_rows(company, random):
    found = found_in(company)
    matches = [one for one in found if one["finding"] == "match"]
    confirmed = [one for one in matches if one["status"] == "confirmed"]
    assert max(Counter(one["row_id"].partition("|")[2] for one in confirmed).values(), default=0) <= 1
    taken = [
        {one["row_id"].partition("|")[2] for one in matches if one["purpose"] == purpose}
        for purpose in ("posting", "summary", "net_summary")
    ]
    assert sum(map(len, taken)) == len(set().union(*taken))
    sums = Counter()
    for one in confirmed:
        sums[one["purpose"], one["group_id"]] += one["amount_minor"] * (1 if one["side"] == "left" else -1)
    assert set(sums.values()) <= {0}
    assert found_in(company, lambda places: random.sample(list(places), len(places))) == found


def test_what_one_customer_s_document_explains_is_left_out_of_every_summary():
    """Else the journal of a month would need an invoice that is posted already."""
    company = ([("c1", 11, 0), ("c1", 13, 0), ("c2", 7, 0)], [("c1", 24, 0), ("", 7, 1)])
    confirmed = [one for one in found_in(company) if one["finding"] == "match" and one["status"] == "confirmed"]
    assert {(one["purpose"], one["row_id"].partition("|")[2]) for one in confirmed} == {
        ("posting", "invoice 0"),
        ("posting", "invoice 1"),
        ("posting", "posting 0"),
        ("summary", "invoice 2"),
        ("summary", "posting 1"),
    }
    assert AFTER == {"summary": ("posting",), "net_summary": ("posting", "summary")}


def test_a_lost_credit_does_not_make_the_invoices_of_its_month_look_lost():
    """Whole batches net of credits come after the gross ones, and see only what these left open."""
    billed = [("c1", 11, 0), ("c2", 13, 0), ("c1", 7, 5), ("c2", 9, 5)]
    company = (billed, [("", 24, 0), ("", 12, 5)], [(-5, 0), (-4, 5)])
    found = [one for one in found_in(company) if one["finding"] == "match"]
    assert {(one["purpose"], one["status"], one["row_id"].partition("|")[2]) for one in found} == {
        ("summary", "confirmed", "invoice 0"),
        ("summary", "confirmed", "invoice 1"),
        ("summary", "confirmed", "posting 0"),
        ("net_summary", "confirmed", "invoice 2"),
        ("net_summary", "confirmed", "invoice 3"),
        ("net_summary", "confirmed", "credit 1"),
        ("net_summary", "confirmed", "posting 1"),
    }


amounts = st.lists(st.integers(500, 100_000), min_size=17, max_size=30)


@settings(max_examples=40, deadline=None)
@given(amounts, st.data())
def test_a_month_that_lacks_one_invoice_is_matched_without_it_or_not_at_all(month, data):
    """The one that is left open must be the lost one: any other would be dunned, or written off, for nothing."""
    lost = data.draw(st.integers(0, len(month) - 1))
    rows = [
        row(f"invoice {number:02}", "left", amount, day=number, group_key="2026-03")
        for number, amount in enumerate(month)
    ]
    rows.append(row("journal", "right", sum(month) - month[lost], day=40, group_key="2026-03"))
    found = matched(rows, replace(PLANS["summary"], budget_steps=2_000))
    twins = [number for number, amount in enumerate(month) if amount == month[lost]]
    whole = {frozenset({"journal"} | {one.row_id for one in rows[:-1]} - {f"invoice {lost:02}"})}
    assert found.groups() == (whole if len(twins) == 1 else set())


def test_days_are_summed_before_the_month_and_a_search_says_within_which_month_it_looked():
    rows = [row(f"invoice {n}", "left", 100 + n, day=n // 2, group_key="m") for n in range(4)]
    rows += [
        row("first day", "right", 201, day=1, group_key="m"),
        row("second day", "right", 205, day=1, group_key="m"),
    ]
    assert matched(rows, PLANS["summary"]).groups() == {
        frozenset({"invoice 0", "invoice 1", "first day"}),
        frozenset({"invoice 2", "invoice 3", "second day"}),
    }
    rows = [
        row("a", "left", 5, group_key="m"),
        row("b", "left", 7, day=9, group_key="m"),
        row("c", "left", 9, group_key="m"),
    ]
    rows.append(row("sum", "right", 12, day=20, group_key="m"))
    found = matched(rows, PLANS["summary"])
    assert found.groups() == {frozenset({"a", "b", "sum"})}
    assert [(one.batch, one.outcome) for one in found.searches] == [("", "none"), ("m", "found")]
