"""Finds and describes published records: an id as somebody read it on a page becomes the records that bear it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import duckdb

from dagster_project.lineage.kinds import KINDS, Kind
from dagster_project.money import major
from dagster_project.sql import listed, quoted

NEAR = 5
_FEW = 10_000
_LARGE = ("usage_event",)  # too many to look for near ids in


class Record(NamedTuple):
    """A record's identity: its kind, the source that issued its id, and the id."""

    kind: str
    instance: str
    id: str


@dataclass(frozen=True)
class Described:
    """What a reader is told of one record."""

    record: Record
    amount_minor: int | None
    currency: str | None
    status: str | None
    at: datetime | None
    correlation: str | None
    note: str | None
    content_hashes: tuple[str, ...]


def find(con: duckdb.DuckDBPyConnection, text: str, instance: str | None = None) -> list[Record]:
    """The records with that id, or whose document number it is; `kind:id` names the kind as well."""
    kind_name, _, rest = text.partition(":")
    chosen = [KINDS[kind_name]] if rest and kind_name in KINDS else list(KINDS.values())
    wanted = rest if rest and kind_name in KINDS else text
    parts, parameters = [], []
    for kind in (kind for kind in chosen if _published(con, kind)):
        for key in filter(None, (kind.key, kind.also_known_as)):
            parts.append(
                f"select '{kind.name}', source_instance, {kind.key} from canonical.{kind.table} where {key} = ?"
            )
            parameters.append(wanted)
    rows = con.execute(" union ".join(parts) + " order by all", parameters).fetchall() if parts else []
    return [Record(*row) for row in rows if instance is None or row[1] == instance]


def near(con: duckdb.DuckDBPyConnection, text: str) -> list[Record]:
    """The few records whose ids read most like the text."""
    text = text.partition(":")[2] if text.partition(":")[0] in KINDS else text
    parts = [
        f"(select '{kind.name}' as kind, source_instance, {kind.key} as id from canonical.{kind.table})"
        for kind in KINDS.values()
        if kind.name not in _LARGE and _published(con, kind)
    ]
    rows = con.execute(
        f"select distinct kind, source_instance, id, jaro_winkler_similarity(lower(id), lower(?)) as likeness"
        f" from ({' union all '.join(parts)}) where likeness > 0.7 order by likeness desc, kind, source_instance, id"
        f" limit {NEAR}",
        [text],
    ).fetchall()
    return [Record(*row[:3]) for row in rows]


def describe(con: duckdb.DuckDBPyConnection, records: list[Record]) -> dict[Record, Described]:
    """What is published about each record; a record that a link names and that was never delivered is left out."""
    found: dict[Record, Described] = {}
    for kind in KINDS.values():
        keys = [record for record in records if record.kind == kind.name]
        if not keys or not _published(con, kind):
            continue
        # as constants they reach the scan: what is computed of a large table's rows is then computed of these alone
        are_few = kind.name in _LARGE and len(keys) <= _FEW
        among = f"{kind.key} in ({listed(record.id for record in keys)})" if are_few else "true"
        rows = con.execute(
            f"""select source_instance, {kind.key} as id, sum({kind.amount})::hugeint, min({kind.currency}),
                min({kind.status}), min({kind.at}), min({kind.correlation}), min({kind.note}),
                list_sort(list(distinct {kind.content_hash}))
            from canonical.{kind.table}
            where (source_instance, {kind.key}) in (select unnest(?::varchar[]), unnest(?::varchar[]))
                and {kind.where} and {among}
            group by all""",
            [[record.instance for record in keys], [record.id for record in keys]],
        ).fetchall()
        for source, key, amount, currency, status, at, correlation, note, hashes in rows:
            record = Record(kind.name, source, key)
            known = tuple(one for one in hashes or [] if one)
            found[record] = Described(
                record, None if amount is None else int(amount), currency, status, at, correlation, note, known
            )
    return found


def exponents(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Decimals of each currency."""
    return dict(con.execute("select currency_code, exponent from seeds.currencies").fetchall())


def money(minor: int | None, currency: str | None, decimals: dict[str, int]) -> str:
    """An amount in words; empty where there is none."""
    return "" if minor is None or currency is None else f"{major(minor, decimals.get(currency, 2))} {currency}"


def events_at_hand(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether usage events can be read: they lie in the archive, which may have gone elsewhere since publishing."""
    try:
        con.execute("select 1 from canonical.usage_event limit 0")
    except (duckdb.IOException, duckdb.CatalogException):
        return False
    return True


def _published(con: duckdb.DuckDBPyConnection, kind: Kind) -> bool:
    if kind.name == "usage_event":
        return events_at_hand(con)
    query = "select 1 from information_schema.tables where table_schema = 'canonical' and table_name = ?"
    return bool(con.execute(query, [quoted(kind.table)]).fetchall())
