"""Suggestions stand beside the results of R19 and R36, in words, and in none of their counts."""

from __future__ import annotations

import pytest

from tests.dashboards import snapshots
from tests.dashboards.reading import tables, words


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory):
    """A company with customers that look alike and a receipt that may be booked twice."""
    return snapshots.write(tmp_path_factory.mktemp("doubtful"), extra=snapshots.SUGGESTIONS)


def test_customers_that_are_likely_one_are_told_with_their_score_in_words(visit, doubtful):
    shown = tables(visit(doubtful, "controls", control="R19"))["likely"]
    assert shown.row("Umi KK")["Likely the same as"] == "Umi Kabushiki C9"
    assert shown.row("Umi KK")["How likely"] == "Very likely 97.05 %"
    assert shown.row("Umi KK")["What agrees and what does not"] == "Equal: tax id, country Alike: name"
    assert shown.row(snapshots.NAME)["How likely"] == "More likely than not 51.00 %"
    assert shown.links == [
        "variance?customer=C2",
        "variance?customer=C9",
        "variance?customer=C1",
        "variance?customer=C3",
    ]


def test_a_receipt_that_equals_one_of_a_payment_is_shown_with_both_and_what_to_do(visit, doubtful):
    app = visit(doubtful, "controls", control="R19")
    shown = tables(app)["copies"].row("R-LOOSE")
    assert shown["Equals receipt"] == "R-7, R-8 payment P-7, P-8, received 2026-09-03"
    assert shown["Amount"] == "JPY 5,500"
    assert "reverse the receipt that names no payment" in words(app)
    assert "block nothing" in words(app)


def test_suggestions_follow_the_entity_and_what_is_left_is_said(visit, doubtful):
    app = visit(doubtful, "controls", control="R19", entity="US")
    assert tables(app)["likely"].column("Legal entity") == ["US"]
    assert "copies" not in tables(app)
    assert "No receipt without a payment equals one that names a payment." in words(app)


def test_a_missing_link_between_systems_stands_beside_the_drift_of_masters(visit, doubtful):
    shown = tables(visit(doubtful, "controls", control="R36"))["likely"]
    assert shown.row("A-1") == {
        "CRM account": "A-1 A-1, account in the CRM",
        "Likely the same as": "E-77 E-77, customer in the ERP",
        "How likely": "Almost certain 99.90 %",
        "What agrees and what does not": "Equal: name, tax id",
        "Legal entity": "US",
    }


def test_other_controls_and_older_snapshots_show_no_suggestions(visit, doubtful, books):
    assert "likely" not in tables(visit(doubtful, "controls", control="R14"))
    assert "Worth a look" not in words(visit(books, "controls", control="R14"))
