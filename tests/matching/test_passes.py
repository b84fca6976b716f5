"""Each pass on its own edge: what it confirms, what it only suggests, and what it must leave open."""

import duckdb
import pytest

from dagster_project.matching import Plan, match_rows, passes
from tests.matching.worlds import matched, row


def test_two_payments_equal_an_invoice_less_a_credit_and_the_other_credit_stays_open():
    rows = [
        row("payment 1", "left", 983),
        row("payment 2", "left", 637, day=1),
        row("invoice", "right", 2095),
        row("credit 1", "right", -475, day=1),
        row("credit 2", "right", -725),
    ]
    found = matched(rows, Plan(window_days=1))
    assert found.groups() == {frozenset({"payment 1", "payment 2", "invoice", "credit 1"})}
    assert {one.kind for one in found.matches} == {"n:m"}
    assert {one.residual_minor for one in found.matches} == {0}
    assert [one.outcome for one in found.searches] == ["found"]


def test_a_receipt_that_names_two_invoices_settles_both_however_far_apart():
    rows = [
        row("invoice 1", "left", 100, references=("INV-1",)),
        row("invoice 2", "left", 50, references=("INV-2",)),
        row("receipt", "right", 150, day=60, references=("INV-2", "INV-1")),
    ]
    found = matched(rows)
    assert found.groups() == {frozenset({"invoice 1", "invoice 2", "receipt"})}
    assert {(one.kind, one.pass_name) for one in found.matches} == {("n:1", "exact_reference")}


def test_a_shared_reference_with_other_sums_is_not_confirmed():
    rows = [row("invoice", "left", 100, references=("A",)), row("receipt", "right", 90, references=("A",))]
    assert matched(rows).groups() == set()


def test_the_same_reference_of_another_customer_names_another_document():
    rows = [
        row("invoice", "left", 100, references=("A",), customer_id="one"),
        row("receipt", "right", 100, references=("A",), customer_id="two"),
    ]
    assert matched(rows).matches == ()


def test_nothing_matches_across_currencies_or_entities():
    rows = [
        row("a", "left", 100, legal_entity_code="US"),
        row("b", "right", 100, legal_entity_code="DE"),
        row("c", "left", 70, currency_code="USD"),
        row("d", "right", 70, currency_code="EUR"),
    ]
    assert matched(rows).matches == ()


@pytest.mark.parametrize(("days_apart", "confirmed"), [(0, 1), (2, 1), (3, 0), (-2, 1), (-3, 0)])
def test_the_window_counts_both_ways_and_ends_on_its_last_day(days_apart, confirmed):
    rows = [row("a", "left", 100), row("b", "right", 100, day=days_apart)]
    assert len(matched(rows, Plan(window_days=2)).groups()) == confirmed


def test_one_payment_and_two_equal_invoices_is_a_suggestion_never_a_confirmation():
    rows = [row("invoice 1", "left", 100), row("invoice 2", "left", 100), row("payment", "right", 100)]
    found = matched(rows)
    assert found.groups() == set()
    assert found.groups("suggested") == {frozenset({"invoice 1", "invoice 2", "payment"})}


def test_a_weaker_pass_does_not_decide_what_a_stronger_one_found_ambiguous():
    rows = [
        row("invoice 1", "left", 100),
        row("invoice 2", "left", 100),
        row("payment", "right", 100),
        row("big payment", "right", 200, day=1),
    ]
    assert matched(rows).groups() == set()


@pytest.mark.parametrize(("received", "residual"), [(98, 2), (102, -2)])
def test_drifts_of_either_sign_are_drifts(received, residual):
    found = matched([row("a", "left", 100), row("b", "right", received)], Plan(tolerance_minor=2))
    assert {(one.pass_name, one.residual_minor) for one in found.matches} == {("tolerance", residual)}


@pytest.mark.parametrize("received", [97, 103])
def test_a_residual_above_the_tolerance_stays_open(received):
    assert matched([row("a", "left", 100), row("b", "right", received)], Plan(tolerance_minor=2)).groups() == set()


def test_the_tolerance_is_of_the_residual_not_of_every_row():
    rows = [row(f"invoice {n}", "left", 100, references=("A",)) for n in range(5)]
    rows.append(row("receipt", "right", 490, references=("A",)))
    assert matched(rows, Plan(tolerance_minor=9)).groups() == set()
    assert len(matched(rows, Plan(tolerance_minor=10)).groups()) == 1


def test_opposite_amounts_within_the_tolerance_are_no_match():
    assert matched([row("a", "left", 1), row("b", "right", -1)], Plan(tolerance_minor=2)).groups() == set()


def test_a_batch_is_matched_to_the_one_row_of_its_sum():
    rows = [row(f"payment {n}", "left", 100 + n, group_key="batch") for n in range(30)]
    rows += [row("payment of another day", "left", 77), row("payout", "right", sum(100 + n for n in range(30)), day=1)]
    found = matched(rows)
    assert found.groups() == {frozenset({f"payment {n}" for n in range(30)} | {"payout"})}
    assert {(one.kind, one.pass_name) for one in found.matches} == {("n:1", "grouped_sum")}


def test_a_batch_and_a_row_of_its_own_key_match_whatever_their_days():
    rows = [row("a", "left", 10, group_key="2026-02"), row("b", "left", 20, group_key="2026-02")]
    summary = row("summary", "right", 30, day=20, group_key="2026-02")
    assert matched([*rows, summary]).groups() == {frozenset({"a", "b", "summary"})}
    assert matched([*rows, row("summary", "right", 30, day=20, group_key="2026-03")]).groups() == set()


def test_batches_of_both_sides_with_one_key_and_sum_are_one_match():
    rows = [row("a", "left", 10, group_key="g"), row("b", "left", 20, group_key="g")]
    rows += [row("c", "right", 13, group_key="g"), row("d", "right", 17, group_key="g")]
    assert {one.kind for one in matched(rows).matches if one.status == "confirmed"} == {"n:m"}


def test_all_rows_around_one_are_taken_together_but_not_where_their_signs_differ():
    rows = [row("a", "left", 60), row("b", "left", 40), row("sum", "right", 100, day=1)]
    assert {one.pass_name for one in matched(rows).matches} == {"grouped_sum"}
    only_sums = Plan(passes=("grouped_sum",))
    rows += [row("bill", "left", 25), row("its credit", "left", -25)]
    assert matched(rows, only_sums).matches == ()


def test_one_batch_and_two_rows_of_its_sum_is_a_suggestion():
    rows = [row("a", "left", 60, group_key="g"), row("b", "left", 41, group_key="g")]
    rows += [row("first", "right", 101), row("second", "right", 101, day=1)]
    found = matched(rows, Plan(passes=("grouped_sum",)))
    assert found.groups() == set()
    assert found.groups("suggested") == {frozenset({"a", "b", "first", "second"})}


def test_text_only_suggests_even_when_it_is_equal():
    rows = [row("a", "left", 100, text="Acme Ltd"), row("b", "right", 160, text="ACME LTD")]
    found = matched(rows)
    assert found.groups() == set()
    assert {(one.pass_name, one.status, one.score) for one in found.matches} == {("fuzzy_text", "suggested", 10_000)}


def test_a_plan_that_only_suggests_confirms_nothing():
    found = matched([row("a", "left", 100), row("b", "right", 100)], Plan(suggest_only=True))
    assert found.groups() == set() and len(found.groups("suggested")) == 1


def test_rows_of_zero_match_by_reference_alone():
    rows = [row("a", "left", 0), row("b", "right", 0)]
    assert matched(rows).matches == ()
    named = [row("a", "left", 0, references=("A",)), row("b", "right", 0, references=("A",))]
    assert len(matched(named).groups()) == 1


def test_amounts_beyond_what_a_float_can_tell_apart_are_told_apart():
    big = 2**60
    rows = [row("a", "left", big + 1, references=("A",)), row("b", "right", big, references=("A",))]
    assert matched(rows).groups() == set()
    rows = [row("a", "left", big), row("b", "left", 1), row("c", "right", big + 1)]
    assert matched(rows).groups() == {frozenset("abc")}


def test_a_row_that_comes_twice_is_refused_by_name():
    with pytest.raises(ValueError, match="row_id: 'a' comes more than once"):
        match_rows([row("a", "left", 1), row("a", "left", 1)], Plan())


def test_a_wrong_side_is_refused_by_name():
    with pytest.raises(ValueError, match="side of 'a': 'middle', expected left or right"):
        match_rows([row("a", "middle", 1)], Plan())


def test_an_unknown_pass_is_refused_by_name():
    with pytest.raises(ValueError, match="expected some of exact_reference"):
        Plan(passes=("guess",))


def test_a_second_claim_of_a_row_is_an_error_whatever_a_pass_believes():
    with duckdb.connect(":memory:") as con:
        con.execute(passes.PREPARE)
        con.execute("create temp table matching_open (row_id varchar, side varchar, amount_minor bigint)")
        con.execute("insert into matching_set values ('one', 'a', 'because')")
        passes.settle(con, "exact_reference", "confirmed")
        con.execute("insert into matching_set values ('two', 'a', 'because')")
        with pytest.raises(duckdb.ConstraintException):
            passes.settle(con, "date_window", "confirmed")


def test_a_group_of_ambiguous_rows_never_floods_the_results():
    rows = [row(f"l{n:02}", "left", 100) for n in range(40)] + [row(f"r{n:02}", "right", 100) for n in range(40)]
    found = matched(rows, Plan(passes=("subset_sum",)))
    assert found.groups() == set() and 0 < len(found.groups("suggested")) <= 20
    assert [one.outcome for one in found.searches] == ["ambiguous"]
