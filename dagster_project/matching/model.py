"""What goes into a matching and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

SIDES = ("left", "right")
PARTITION = ("scope", "legal_entity_code", "customer_id", "currency_code")
PASSES = (
    "exact_reference",
    "exact_composite",
    "date_window",
    "tolerance",
    "grouped_sum",
    "subset_sum",
    "fuzzy_text",
)
BATCHES = ("day", "group_key")


@dataclass(frozen=True)
class Row:
    """One row of one side. `amount_minor` is signed, in minor units; `day` a date, or an ordinal of any calendar.

    Rows match only within one partition: (`scope`, `legal_entity_code`, `customer_id`, `currency_code`). `references`
    are texts that name rows of the other side or are shared with them; `group_key` tells which rows belong together
    whatever their days (a batch, a month); `text` is what the fuzzy pass reads.
    """

    row_id: str
    side: str
    amount_minor: int
    day: date | int
    currency_code: str
    legal_entity_code: str = ""
    customer_id: str = ""
    references: tuple[str, ...] = ()
    group_key: str | None = None
    text: str | None = None
    scope: str = ""


@dataclass(frozen=True)
class Plan:
    """The passes in their order, and their bounds.

    `window_days`: how far apart the days of one match may lie. `tolerance_minor`: the most that may remain of a match,
    up or down, whatever the amounts and however many rows. `largest_group`: rows of both sides that a combination may
    have: more are no evidence, chance finds them; with up to `whole_rows` open rows every combination is looked at.
    `batches`: what makes a batch for the grouped sum, tried in this order. `budget_steps`: steps per partition,
    `run_budget_steps` for all, fewest rows first. `text_score`: likeness from which text is suggested, in basis points.
    `suggest_only`: nothing is confirmed.
    """

    passes: tuple[str, ...] = PASSES
    window_days: int = 1
    tolerance_minor: int = 0
    largest_group: int = 8
    whole_rows: int = 16
    batches: tuple[str, ...] = ("group_key",)
    budget_steps: int = 500_000
    run_budget_steps: int = 50_000_000
    text_score: int = 9_000
    suggest_only: bool = False

    def __post_init__(self) -> None:
        unknown = set(self.passes) - set(PASSES)
        if unknown:
            raise ValueError(f"Plan.passes: {sorted(unknown)}, expected some of {', '.join(PASSES)}")
        if not set(self.batches) <= set(BATCHES):
            raise ValueError(f"Plan.batches: {list(self.batches)}, expected some of {', '.join(BATCHES)}")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "int" and value < 0:
                raise ValueError(f"Plan.{field.name}: {value}, expected zero or more")


@dataclass(frozen=True)
class Match:
    """One row's part in a match: rows of one `group_id` belong together.

    `kind` is 1:1, 1:n, n:1 or n:m (left:right); `status` confirmed or suggested; `residual_minor` is left less right of
    the group, signed; `score` in basis points, 10000 where nothing competes.
    """

    group_id: str
    row_id: str
    side: str
    amount_minor: int
    kind: str
    pass_name: str
    status: str
    residual_minor: int
    score: int
    reason: str


@dataclass(frozen=True)
class Search:
    """One partition in which combinations were looked for: rows open then, and what came of it.

    `batch` is the group key within which they were looked for whatever their days, empty for the window of days.
    `outcome`: none (no combination of up to `largest_group` rows exists), found, ambiguous, budget_used (it is not
    known). `searched_rows` is the group size up to which the search is complete.
    """

    scope: str
    legal_entity_code: str
    customer_id: str
    currency_code: str
    batch: str
    open_rows: int
    outcome: str
    steps: int
    searched_rows: int
    reason: str


@dataclass(frozen=True)
class Matching:
    """Everything that came of a matching, in an order of its own, not that of the input."""

    matches: tuple[Match, ...]
    searches: tuple[Search, ...]

    def groups(self, status: str = "confirmed") -> set[frozenset[str]]:
        """The row ids of every group of that status."""
        found: dict[str, set[str]] = {}
        for one in self.matches:
            if one.status == status:
                found.setdefault(one.group_id, set()).add(one.row_id)
        return {frozenset(rows) for rows in found.values()}
