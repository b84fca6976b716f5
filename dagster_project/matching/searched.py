"""The search for combinations as a pass: every partition by itself, what it finds settled for all of them at once.

A statement per partition would cost more than its search: partitions are many and small.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

import duckdb

from dagster_project.matching import passes
from dagster_project.matching.model import PARTITION, Plan, Search
from dagster_project.matching.subset import Group, Outcome, search
from dagster_project.words import counted

_SUGGESTIONS_SHOWN = 20
_ALONE = "their sums are equal, and no other combination of so few rows fits"


@dataclass
class _Found:
    """Groups of all partitions as rows of `matching_set`, suggested ones by their score; and the rows they hold."""

    confirmed: list[tuple[str, str, str]] = field(default_factory=list)
    suggested: dict[int, list[tuple[str, str, str]]] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome, partition: int) -> None:
        """Of rivals the first few are kept, or one contested day would fill a disk; all their rows are held."""
        suggestions = 0
        for number, group in enumerate(outcome.groups):
            rows = [(f"{partition}|{number}", row_id, _reason(outcome, group)) for row_id in group.row_ids]
            if group.is_confirmed:
                self.confirmed += rows
                continue
            self.held += group.row_ids
            suggestions += 1
            if suggestions <= _SUGGESTIONS_SHOWN:
                self.suggested.setdefault(10_000 // (group.rivals + 2), []).extend(rows)

    def settle(self, con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
        """Confirmed groups claim their rows; suggested ones may share rows, which no weaker pass may decide."""
        if self.confirmed:
            _insert(con, self.confirmed)
            passes.settle(con, "subset_sum", passes.status_of(plan))
        for score, rows in sorted(self.suggested.items()):
            _insert(con, rows)
            con.execute(passes.SUGGEST.format(score=score))
        if self.held:
            con.execute("delete from matching_open where row_id in (select unnest(?::varchar[]))", [self.held])


def search_each(con: duckdb.DuckDBPyConnection, plan: Plan) -> list[Search]:
    """Combinations within the window of days, then among what is left within one group key, whatever the days."""
    searches = _search_each(con, plan, "''", "day", plan.run_budget_steps)
    if "group_key" in plan.batches:
        left_over = plan.run_budget_steps - sum(one.steps for one in searches)
        searches += _search_each(con, plan, "group_key", "0", left_over)
    return sorted(searches, key=lambda one: tuple(getattr(one, name) for name in (*PARTITION, "batch")))


def _search_each(con: duckdb.DuckDBPyConnection, plan: Plan, batch: str, day: str, left_over: int) -> list[Search]:
    """Every partition with open rows on both sides, fewest rows first, so that large ones cannot starve small ones."""
    rows = con.execute(
        f"""
        with sized as (
            select
                *,
                {batch} as batch,
                count(*) over together as open_rows,
                count(*) filter (where side = 'left') over together as lefts
            from matching_open
            where {batch} is not null
            window together as (partition by part, {batch})
        )
        select open_rows, {", ".join(PARTITION)}, batch, row_id, side, amount_minor, {day}
        from sized
        where lefts > 0 and lefts < open_rows
        order by open_rows, part, batch, row_id
        """
    ).fetchall()
    found, searches = _Found(), list[Search]()
    for (open_rows, *partition), members in groupby(rows, key=lambda row: row[:6]):
        sides: dict[str, list[tuple[str, int, int]]] = {"left": [], "right": []}
        for *_, row_id, side, amount, at in members:
            sides[side].append((row_id, amount, at))
        outcome = search(
            sides["left"],
            sides["right"],
            plan.window_days,
            plan.largest_group,
            min(plan.budget_steps, left_over),
            plan.whole_rows,
        )
        left_over -= outcome.steps
        found.add(outcome, len(searches))
        words = _words(outcome, open_rows)
        scope, entity, customer, currency, within = partition
        searches.append(
            Search(
                scope, entity, customer, currency, within, open_rows, outcome.state, outcome.steps,
                outcome.searched_rows, words,
            )
        )  # fmt: skip
    found.settle(con, plan)
    return searches


def _reason(outcome: Outcome, group: Group) -> str:
    if group.is_confirmed:
        return _ALONE
    if group.rivals:
        return f"their sums are equal, but {_others(group.rivals)} a row with it"
    if outcome.state == "budget_used" and not group.by_chance:
        return "their sums are equal, but the search ended before all others were looked at"
    return "their sums are equal, but among so many rows chance makes such combinations"


def _others(number: int) -> str:
    return f"{counted(number, 'other combination')} {'shares' if number == 1 else 'share'}"


def _insert(con: duckdb.DuckDBPyConnection, rows: Iterable[tuple[str, str, str]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    con.execute("insert into matching_set select unnest(?), unnest(?), unnest(?)", columns)


def _words(outcome: Outcome, open_rows: int) -> str:
    of_rows = f"of the {open_rows} open rows"
    if outcome.searched_rows < open_rows:
        of_rows = f"of up to {outcome.searched_rows} {of_rows}"
    if outcome.state == "none":
        return f"No combination {of_rows} balances."
    if outcome.state == "budget_used":
        return (
            f"The search ended after {outcome.steps} steps: combinations {of_rows} were all looked at,"
            " and whether a larger one balances is not known."
        )
    confirmed = sum(group.is_confirmed for group in outcome.groups)
    rivals = len(outcome.groups) - confirmed
    return (
        f"Combinations {of_rows} were all looked at: {confirmed} {'stands' if confirmed == 1 else 'stand'} alone,"
        f" {rivals} {'competes' if rivals == 1 else 'compete'} or may be chance."
    )
