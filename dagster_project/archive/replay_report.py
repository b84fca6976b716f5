"""Which dead letters a replay takes, and what it reports about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from dagster_project.archive.batches import Batch
from dagster_project.errors import InputError

Result = Literal["accepted", "accepted before", "mended at the source", "stays"]


@dataclass(frozen=True)
class Selection:
    """Dead letters that meet every condition given; all of them where none is.

    `batch` is the beginning of a batch's id or the name of its file, `object` the name of an object with or without
    its domain, `reason` a part of the reason, `key` the whole key, its parts joined by |.
    """

    batch: str | None = None
    source: str | None = None
    object: str | None = None
    reason: str | None = None
    key: str | None = None

    def in_words(self) -> str:
        """The conditions as the command takes them."""
        given = ((name, value) for name, value in vars(self).items() if value is not None)
        return " ".join(f"--{name} {value}" for name, value in given)


@dataclass(frozen=True)
class Outcome:
    """Dead letters of one file with one result and one reason. Amounts are minor units by currency, of the rows that
    state one; `owner_role` acts on what stays."""

    source_instance: str
    domain: str
    object: str
    file_name: str
    result: Result
    reason: str
    rows: int
    amounts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class ReplayReport:
    """What came of a replay; `links` counts what was written to the chain."""

    outcomes: tuple[Outcome, ...]
    is_dry: bool
    links: int

    def count(self, *results: Result) -> int:
        """Dead letters with one of the results."""
        return sum(outcome.rows for outcome in self.outcomes if outcome.result in results)


_OUTCOMES = """
with told as (
    select
        *,
        case
            when row_number is null then reason
            else regexp_replace(reason, '^.*?, (line|row) [0-9]+: ', '')
        end as why
    from selected
),
sums as (
    select
        source_instance, domain, object, batch_id, result, why, currency_code,
        sum(amount_minor)::hugeint as amount, count(*) as letters
    from told
    group by all
)
select
    source_instance, domain, object, batch_id, result, why, sum(letters)::bigint as letters,
    list({'currency': currency_code, 'amount': amount::varchar} order by currency_code)
        filter (where amount is not null) as amounts
from sums
group by source_instance, domain, object, batch_id, result, why
order by result = 'stays' desc, result, source_instance, domain, object, batch_id, why"""


def select(con: duckdb.DuckDBPyConnection, known: list[Batch], selection: Selection) -> None:
    """Makes the table `selected`: the dead letters chosen, with the result and reason that each has by now.

    Raises InputError when there is none.
    """
    conditions: list[str] = ["true"]
    values: list[Any] = []
    if selection.batch is not None:
        text = selection.batch
        conditions.append("batch_id in (select unnest(?::varchar[]))")
        values.append([
            batch.manifest.batch_id
            for batch in known
            if batch.manifest.batch_id.startswith(text) or batch.manifest.file_name == text
        ])  # fmt: skip
    for column, value in (("source_instance", selection.source), ("key_text", selection.key)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if selection.object is not None:
        conditions.append("? in (object, domain || '.' || object)")
        values.append(selection.object)
    if selection.reason is not None:
        conditions.append("contains(lower(reason), lower(?))")
        values.append(selection.reason)
    con.execute(
        "create or replace temp table selected as select *, case state when 'replayed' then 'accepted before'"
        " when 'mended_at_source' then 'mended at the source' else 'stays' end as result from dead_letters"
        f" where {' and '.join(conditions)}",
        values,
    )
    if not _count(con, "selected"):
        raise InputError(_nothing(con, selection))


def read_report(con: duckdb.DuckDBPyConnection, known: list[Batch], is_dry: bool, links: int) -> ReplayReport:
    """The outcomes in `selected`, those that stay first."""
    files = {batch.manifest.batch_id: batch.manifest.file_name for batch in known}
    found = con.execute(_OUTCOMES).fetchall()
    outcomes = tuple(
        Outcome(source, domain, name, files[batch], result, why, count, _amounts(amounts))
        for source, domain, name, batch, result, why, count, amounts in found
    )
    return ReplayReport(outcomes, is_dry, links)


def _amounts(listed: list[dict[str, str]] | None) -> tuple[tuple[str, int], ...]:
    return tuple((item["currency"], int(item["amount"])) for item in listed or ())


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _nothing(con: duckdb.DuckDBPyConnection, selection: Selection) -> str:
    count = _count(con, "dead_letters")
    if not count:
        return "there is no dead letter: every row and every file that was received has been accepted"
    objects = [
        f"{domain}.{name} ({letters:,})"
        for domain, name, letters in con.execute(
            "select domain, object, count(*) from dead_letters group by all order by all"
        ).fetchall()
    ]
    return f"no dead letter has {selection.in_words()}; there are {count:,}, of {', '.join(objects)}"
