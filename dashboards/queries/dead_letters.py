"""Which rows and files were set aside, why, how much money is at stake, and what has become of them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboards.queries.scope import where
from dashboards.snapshot import Row, Snapshot

WAITING = "waiting"
"""Stands for the states in which a dead letter is in the way of a figure."""

STATES = ("open", "refused_again", "replayed", "mended_at_source")
_WAITS = "state in ('open', 'refused_again')"
_ALIKE = "source_instance, domain, object, kind, failure_class, state, owner_role, next_step, reason"


@dataclass(frozen=True)
class Letters:
    """Which dead letters are shown; an empty text means all. `object` is `domain.object`."""

    source: str = ""
    object: str = ""
    failure_class: str = ""
    state: str = ""

    def condition(self) -> tuple[str, tuple[Any, ...]]:
        """SQL over `marts.dead_letters`, and its values."""
        is_waiting = self.state == WAITING
        condition, values = where(
            ("source_instance = ?", self.source),
            ("domain || '.' || object = ?", self.object),
            ("failure_class = ?", self.failure_class),
            ("state = ?", "" if is_waiting else self.state),
        )
        return f"{condition} and {_WAITS}" if is_waiting else condition, values


def objects(db: Snapshot) -> list[str]:
    """Objects that have a dead letter, as `domain.object`."""
    rows = db.rows("select distinct domain || '.' || object as name from marts.dead_letters order by 1")
    return [row["name"] for row in rows]


def totals(db: Snapshot, letters: Letters) -> Row:
    """How many dead letters and groups of alike ones there are, how many wait, and what these put at stake.

    `amounts` are structs of currency and minor units; `unstated` counts waiting ones that do not state their money.
    """
    condition, values = letters.condition()
    return db.row(
        f"""
        with letters as (select * from marts.dead_letters where {condition}),
        at_stake as (
            select currency_code as currency, sum(amount_minor) as amount
            from letters where {_WAITS} and amount_minor is not null group by currency_code
        )
        select
            count(*) as letters,
            count(distinct ({_ALIKE})) as groups,
            count(*) filter (where {_WAITS}) as waiting,
            count(*) filter (where {_WAITS} and amount_minor is null) as unstated,
            (select list({{'currency': currency, 'amount': amount}} order by currency) from at_stake) as amounts
        from letters
        """,
        values,
    )


def groups(db: Snapshot, letters: Letters, limit: int, offset: int) -> list[Row]:
    """Alike dead letters with one reason: what waits first, then the most."""
    condition, values = letters.condition()
    return db.rows(
        f"""
        with per_currency as (
            select
                {_ALIKE}, currency_code, count(*) as letters, count(amount_minor) as stated,
                sum(amount_minor) as amount, min(key_text) as key_text, min(run_batch_id) as batch_id,
                min(run_file_name) as file_name, min(run_line_number) as line_number, max(run_attempts) as attempts
            from marts.dead_letters
            where {condition}
            group by {_ALIKE}, currency_code
        )
        select
            {_ALIKE},
            sum(letters)::bigint as letters,
            (sum(letters) - sum(stated))::bigint as unstated,
            list({{'currency': currency_code, 'amount': amount}} order by currency_code)
                filter (where amount is not null) as amounts,
            min(key_text) as key_text,
            min(batch_id) as batch_id,
            min(file_name) as file_name,
            min(line_number) as line_number,
            max(attempts) as attempts
        from per_currency
        group by {_ALIKE}
        order by {_WAITS} desc, sum(letters) desc, {_ALIKE}
        limit ? offset ?
        """,
        (*values, limit, offset),
    )
