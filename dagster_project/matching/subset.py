"""Which combinations of rows of two sides have equal sums? Smallest first, bounded by steps, never by time.

A smaller combination is the stronger evidence: it is settled before larger ones are looked at, and its rows are gone. A
combination is confirmed where no other of its size shares a row with it, and where chance would hardly have made it;
else it is suggested, and its rows stay out of every larger one. Rows of one side that add up to zero prove nothing and
are in no combination.

Meet in the middle: a group of k rows is a first half of ceil(k/2) rows and a second half that comes wholly after it in
the order of rows, with opposite sums. So 40 rows and groups of 6 take some 10,000 halves, not 3.8 million groups.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

Item = tuple[str, int, int]  # row id, signed amount (left as it is, right negated), day


@dataclass(frozen=True)
class Group:
    """Row ids in the order of rows; `rivals` is the number of other combinations that share a row with it."""

    row_ids: tuple[str, ...]
    is_confirmed: bool
    rivals: int
    by_chance: bool = False


@dataclass(frozen=True)
class Outcome:
    """`state` is none, found, ambiguous or budget_used; complete for groups of up to `searched_rows` rows."""

    state: str
    groups: tuple[Group, ...]
    steps: int
    searched_rows: int


class BudgetUsed(Exception):
    """The steps allowed for a partition are used up."""


class _Budget:
    def __init__(self, steps: int) -> None:
        self.allowed, self.used = steps, 0

    def take(self, steps: int = 1) -> None:
        if self.used + steps > self.allowed:
            raise BudgetUsed
        self.used += steps


def search(
    left: Sequence[tuple[str, int, int]],
    right: Sequence[tuple[str, int, int]],
    window: int,
    largest_group: int,
    budget_steps: int,
    whole_rows: int = 0,
) -> Outcome:
    """Combinations of (row id, amount in minor units, day) of both sides with equal sums, days at most `window` apart.

    Groups have at most `largest_group` rows, or any number where no more than `whole_rows` rows are there.
    The same under any order of the rows. When the budget runs out, what was settled among smaller groups stands, what
    was seen at the size at work is only suggested.
    """
    items = [(row_id, amount, day) for row_id, amount, day in left if amount]
    items += [(row_id, -amount, day) for row_id, amount, day in right if amount]
    lefts = {row_id for row_id, _, _ in left}
    items.sort(key=lambda item: (item[2], item[0]))
    budget, settled = _Budget(budget_steps), list[Group]()
    largest = len(items) if len(items) <= whole_rows else min(largest_group, len(items))
    size = 2
    while size <= min(largest, len(items)):
        found: set[tuple[int, ...]] = set()
        try:
            for group in _balanced(items, lefts, size, window, budget):
                found.add(group)
        except BudgetUsed:
            settled += [Group(_ids(items, group), False, 0) for group in sorted(found)]
            return Outcome("budget_used", tuple(settled), budget.used, size - 1)
        judged = _judge(items, found, window)
        settled += judged
        taken = {row_id for group in judged for row_id in group.row_ids}
        items = [item for item in items if item[0] not in taken]
        size += 1
    state = "none" if not settled else "found" if any(group.is_confirmed for group in settled) else "ambiguous"
    return Outcome(state, tuple(settled), budget.used, largest)


def _balanced(items: list[Item], lefts: set[str], size: int, window: int, budget: _Budget) -> Iterator[tuple[int, ...]]:
    """Groups of exactly `size` rows that add up to zero, have both sides, and hold no smaller such set."""
    first_size = (size + 1) // 2
    second_size = size - first_size
    seconds: dict[int, list[tuple[int, ...]]] = {}
    for total, rows in _halves(items, second_size, window, budget):
        seconds.setdefault(total, []).append(rows)
    for total, first in _halves(items, first_size, window, budget):
        latest = items[first[0]][2] + window
        for second in seconds.get(-total, ()):
            budget.take()
            if second[0] <= first[-1] or items[second[-1]][2] > latest:
                continue
            group = first + second
            if _is_sound(items, lefts, group):
                yield group


def _halves(items: list[Item], size: int, window: int, budget: _Budget) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every set of `size` rows whose days fit into the window, with its sum; paid for before the first is made."""
    amounts, days = [item[1] for item in items], [item[2] for item in items]
    ends = [bisect_right(days, day + window) for day in days]
    budget.take(sum(comb(end - index - 1, size - 1) for index, end in enumerate(ends)))
    for index, end in enumerate(ends):
        for rest in combinations(range(index + 1, end), size - 1):
            yield amounts[index] + sum(amounts[other] for other in rest), (index, *rest)


def _is_sound(items: list[Item], lefts: set[str], group: tuple[int, ...]) -> bool:
    """Both sides are there, and no part of one side alone adds up to zero: that part would be mere ballast."""
    sides: tuple[list[int], list[int]] = ([], [])
    for index in group:
        sides[items[index][0] not in lefts].append(items[index][1])
    return all(side and not _has_zero_part(side) for side in sides)


def _has_zero_part(amounts: list[int]) -> bool:
    if min(amounts) > 0 or max(amounts) < 0:
        return False
    sums: set[int] = set()
    for amount in amounts:
        grown = {one + amount for one in sums} | {amount}
        if 0 in grown:
            return True
        sums |= grown
    return False


def _judge(items: list[Item], found: set[tuple[int, ...]], window: int) -> list[Group]:
    """The groups of one size as confirmed or suggested, in the order of rows."""
    users: dict[int, set[tuple[int, ...]]] = {}
    for group in found:
        for index in group:
            users.setdefault(index, set()).add(group)
    judged = []
    for group in sorted(found):
        rivals = len(set[tuple[int, ...]]().union(*(users[index] for index in group))) - 1
        chance = _is_chance(items, group, window)
        judged.append(Group(_ids(items, group), not rivals and not chance, rivals, chance))
    return judged


def _is_chance(items: list[Item], group: tuple[int, ...], window: int) -> bool:
    """Whether so many combinations of this size lie around it that one was to be expected, whatever the rows mean."""
    first, last = items[group[0]][2], items[group[-1]][2]
    around = sum(1 for _, _, day in items if last - window <= day <= first + window)
    return comb(around, len(group)) > sum(abs(items[index][1]) for index in group)


def _ids(items: list[Item], group: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(items[index][0] for index in group)
