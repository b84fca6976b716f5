"""Combinations: against brute force, and what is said when the search had to end."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.matching import Plan, search
from tests.matching.worlds import matched, row


def brute_force(left, right, window, largest):
    """Every combination of both sides with equal sums within the window, none of whose parts balances to zero."""
    rows = [(name, amount, day) for name, amount, day in left] + [(name, -amount, day) for name, amount, day in right]
    names = {name for name, _, _ in left}
    balanced = []
    for size in range(2, largest + 1):
        for group in combinations(rows, size):
            days = [day for _, _, day in group]
            if sum(amount for _, amount, _ in group) or max(days) - min(days) > window:
                continue
            if len({name in names for name, _, _ in group}) < 2:
                continue
            parts = (part for smaller in range(1, size) for part in combinations(group, smaller))
            if not any(sum(amount for _, amount, _ in part) == 0 for part in parts):
                balanced.append(frozenset(name for name, _, _ in group))
    return balanced


sides = st.lists(st.tuples(st.integers(-60, 60), st.integers(0, 3)), min_size=1, max_size=5)


def named(prefix, pairs):
    return [(f"{prefix}{number}", amount, day) for number, (amount, day) in enumerate(pairs)]


def smallest_first(every):
    """Of all combinations those that stand: a settled smaller one takes its rows away from every larger one."""
    standing, uncontested, taken = set(), set(), set()
    for size in sorted({len(group) for group in every}):
        here = {group for group in every if len(group) == size and not group & taken}
        standing |= here
        uncontested |= {group for group in here if not any(group & other for other in here - {group})}
        taken |= set().union(*here)
    return standing, uncontested


@settings(max_examples=300, deadline=None)
@given(sides, sides, st.integers(0, 3))
def test_what_is_found_is_what_brute_force_finds_and_only_the_uncontested_is_confirmed(lefts, rights, window):
    left, right = named("l", lefts), named("r", rights)
    found = search(left, right, window, largest_group=10, budget_steps=10**6)
    standing, uncontested = smallest_first(brute_force(left, right, window, 10))
    assert {frozenset(group.row_ids) for group in found.groups} == standing
    confirmed = {frozenset(group.row_ids) for group in found.groups if group.is_confirmed}
    by_chance = {frozenset(group.row_ids) for group in found.groups if group.by_chance}
    assert confirmed == uncontested - by_chance
    assert sum(map(len, confirmed)) == len(frozenset().union(*confirmed))


@settings(max_examples=300, deadline=None)
@given(sides, sides, st.integers(0, 3))
def test_none_means_that_brute_force_finds_none_either(lefts, rights, window):
    left, right = named("l", lefts), named("r", rights)
    found = search(left, right, window, largest_group=10, budget_steps=10**6)
    assert (found.state == "none") == (not brute_force(left, right, window, 10))
    assert found.searched_rows == len([amount for _, amount, _ in left + right if amount])


def test_a_search_that_ran_out_of_steps_does_not_say_that_nothing_exists():
    left = [(f"l{n}", 1_000_003 + 7 * n * n, 0) for n in range(30)]
    right = [(f"r{n}", 2_000_101 + 11 * n * n, 0) for n in range(30)]
    bounded = search(left, right, window=0, largest_group=8, budget_steps=5_000)
    assert (bounded.state, bounded.searched_rows) == ("budget_used", 3)
    assert bounded.steps <= 5_000


def test_steps_are_the_same_on_any_machine_and_order():
    left = [(f"l{n}", 1_003 + 7 * n * n, n % 3) for n in range(12)]
    right = [(f"r{n}", 2_101 + 11 * n * n, n % 3) for n in range(12)]
    one = search(left, right, 1, 6, 100_000)
    other = search(left[::-1], right[::-1], 1, 6, 100_000)
    assert one == other
    assert one.steps > 0


def test_what_was_settled_before_the_budget_ran_out_stands_and_the_rest_is_suggested():
    rows = [row("a", "left", 500), row("b", "right", 500, day=1)]
    rows += [row(f"l{n}", "left", 100_003 + 7 * n * n) for n in range(15)]
    rows += [row(f"r{n}", "right", 200_101 + 11 * n * n) for n in range(15)]
    found = matched(rows, Plan(passes=("subset_sum",), budget_steps=2_000))
    assert frozenset({"a", "b"}) in found.groups()
    (searched,) = found.searches
    assert searched.outcome == "budget_used"
    assert "is not known" in searched.reason


def test_the_smallest_partitions_are_searched_first_when_the_run_has_few_steps():
    rows = [row(f"l{n}", "left", 100_003 + 7 * n * n, customer_id="large") for n in range(20)]
    rows += [row(f"r{n}", "right", 200_101 + 11 * n * n, customer_id="large") for n in range(20)]
    rows += [row("x", "left", 30, customer_id="small"), row("y", "left", 12, customer_id="small")]
    rows += [row("z", "right", 42, customer_id="small")]
    found = matched(rows, Plan(passes=("subset_sum",), run_budget_steps=100))
    assert found.groups() == {frozenset("xyz")}
    assert {one.customer_id: one.outcome for one in found.searches} == {"small": "found", "large": "budget_used"}


def test_a_combination_that_chance_would_make_is_only_suggested():
    left = [(f"l{n:02}", 3 + n, 0) for n in range(14)]
    right = [("r", 1 + 2 + 3, 0), ("s", 9_000, 0)]
    found = search(left, right, window=0, largest_group=3, budget_steps=10**6)
    assert not [group for group in found.groups if group.is_confirmed and len(group.row_ids) > 2]


def test_a_bill_and_its_credit_do_not_ride_along_in_a_match():
    left, right = [("a", 60, 0), ("b", 40, 0)], [("sum", 100, 0), ("bill", 25, 0), ("credit", -25, 0)]
    found = search(left, right, window=0, largest_group=5, budget_steps=10**4)
    assert [set(group.row_ids) for group in found.groups] == [{"a", "b", "sum"}]
