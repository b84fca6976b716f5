"""What every plan must keep on any rows: each row at most once, the same for any order, nothing lost."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.matching import Plan
from dagster_project.matching.purposes import PLANS as PURPOSES
from tests.matching.worlds import matched, row

amounts = st.one_of(st.integers(-6, 12), st.sampled_from([100, 200, 300, 2095, -475, -725, 983, 637]))
companies = st.lists(
    st.builds(
        lambda side, amount, day, customer, references, group_key, text: {
            "side": side, "amount_minor": amount, "day": day, "customer_id": customer, "references": references,
            "group_key": group_key, "text": text,
        },
        st.sampled_from(["left", "right"]),
        amounts,
        st.integers(0, 3),
        st.sampled_from(["c1", "c2"]),
        st.lists(st.sampled_from(["A", "B", "C"]), max_size=2).map(tuple),
        st.sampled_from([None, None, "g", "h"]),
        st.sampled_from([None, "Acme", "Acme Ltd", "Beta"]),
    ),
    max_size=14,
)  # fmt: skip
PLANS = st.sampled_from(
    [
        Plan(),
        Plan(tolerance_minor=2, window_days=2),
        Plan(window_days=0, largest_group=4),
        Plan(whole_rows=2, largest_group=2, batches=("day", "group_key")),
        *PURPOSES.values(),
    ]
)


def built(company):
    return [row(f"row {number:02}", **fields) for number, fields in enumerate(company)]


@settings(max_examples=50, deadline=None)
@given(companies, PLANS)
def test_a_row_is_matched_at_most_once_every_group_is_sound_and_no_amount_is_lost(company, plan):
    rows = {one.row_id: one for one in built(company)}
    found = matched(list(rows.values()), plan)
    confirmed = [one for one in found.matches if one.status == "confirmed"]
    assert max(Counter(one.row_id for one in confirmed).values(), default=0) <= 1
    suggested = {one.row_id for one in found.matches if one.status == "suggested"}
    assert not suggested & {one.row_id for one in confirmed}
    for group in found.groups():
        members = [rows[row_id] for row_id in group]
        assert {one.side for one in members} == {"left", "right"}
        assert len({one.customer_id for one in members}) == 1
        drift = sum(one.amount_minor if one.side == "left" else -one.amount_minor for one in members)
        assert abs(drift) <= plan.tolerance_minor
        assert {one.residual_minor for one in confirmed if one.row_id in group} == {drift}
    assert {(one.row_id, one.side, one.amount_minor) for one in found.matches} <= {
        (one.row_id, one.side, one.amount_minor) for one in rows.values()
    }
    taken = {one.row_id for one in confirmed}
    for side in ("left", "right"):
        matched_minor = sum(one.amount_minor for one in confirmed if one.side == side)
        open_minor = sum(one.amount_minor for one in rows.values() if one.side == side and one.row_id not in taken)
        assert matched_minor + open_minor == sum(one.amount_minor for one in rows.values() if one.side == side)


@settings(max_examples=50, deadline=None)
@given(companies, PLANS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(company, plan, random):
    rows = built(company)
    before = matched(rows, plan)
    random.shuffle(rows)
    assert matched(rows, plan) == before
