"""Which dead letters the source has mended itself: by delivering the record, or the file, once more and whole."""

from __future__ import annotations

import duckdb

from dagster_project.archive import store
from dagster_project.archive.batches import Batch
from dagster_project.archive.parsing.checks import reading
from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract, load_contracts

_WAITING = "letters.state in ('open', 'refused_again')"

_BY_KEY = """
create or replace temp table mended_letters as
with accepted as (
    select source_instance, batch_id, {key} as key_text, {version} as version, arrivals.is_replay
    from read_parquet(?, filename = true, union_by_name = true) as found
    inner join arrivals on arrivals.path = found.filename
),
letters as (
    select source_instance, batch_id, row_number, key_text, {letter_version} as version
    from dead_letters as letters
    where {waiting} and domain = ? and object = ? and key_text is not null
)
select
    letters.batch_id, letters.row_number,
    bool_or(letters.version is not distinct from accepted.version and not accepted.is_replay) as is_restated
from letters
inner join accepted
    on accepted.source_instance = letters.source_instance and accepted.key_text = letters.key_text
inner join batch_order as own on own.batch_id = letters.batch_id
inner join batch_order as other on other.batch_id = accepted.batch_id
where {is_mended}
group by letters.batch_id, letters.row_number"""

# A row without a readable key is mended when its file came again: later, under its name, nothing rejected, and with at
# least the rows and every key of the earlier one. A file that holds the next day's rows under the same name does not.
_BY_FILE = """
create or replace temp table mended_letters as
with accepted as (
    select batch_id, {key} as key_text from read_parquet(?, union_by_name = true)
),
pairs as (
    select distinct own.batch_id, other.batch_id as later_id
    from dead_letters as letters
    inner join batch_order as own on own.batch_id = letters.batch_id
    inner join batch_order as other
        on
            other.source_instance = own.source_instance
            and other.object = own.object
            and other.file_name = own.file_name
            and other.sequence > own.sequence
    where
        {waiting} and letters.domain = ? and letters.object = ?
        and letters.key_text is null and letters.row_number is not null
        and other.quarantined_rows = 0 and other.received_rows >= own.received_rows
),
whole as (
    select pairs.batch_id
    from pairs
    left join accepted on accepted.batch_id = pairs.batch_id
    left join accepted as again on again.batch_id = pairs.later_id and again.key_text = accepted.key_text
    group by pairs.batch_id, pairs.later_id
    having count(accepted.key_text) = count(again.key_text)
)
select distinct letters.batch_id, letters.row_number, false as is_restated
from dead_letters as letters
inner join whole on whole.batch_id = letters.batch_id
where {waiting} and letters.key_text is null and letters.row_number is not null"""

_MARK = """
update dead_letters set state = 'mended_at_source', is_restated = mended.is_restated
from mended_letters as mended
where dead_letters.batch_id = mended.batch_id and dead_letters.row_number = mended.row_number"""


def mark(con: duckdb.DuckDBPyConnection, settings: Settings, known: list[Batch]) -> None:
    """Gives the rows in `dead_letters` that the source has mended their state, and adds `is_restated` to all."""
    con.execute("alter table dead_letters add column is_restated boolean default false")
    objects = con.execute(
        f"select distinct domain, object, key_text is not null from dead_letters as letters"
        f" where {_WAITING} and row_number is not null order by all"
    ).fetchall()
    if not objects:
        return
    _order(con, known)
    contracts = load_contracts()
    for domain, name, has_key in objects:
        contract = contracts.get((domain, name))
        paths = _arrivals(con, settings, known, domain, name)
        if contract is None or not paths:
            continue
        query = _by_key(contract) if has_key else _BY_FILE.format(key=_key(contract), waiting=_WAITING)
        con.execute(query, [paths, domain, name])
        con.execute(_MARK)


def _by_key(contract: Contract) -> str:
    """A fact is mended by its key; a record by its version or a newer one, or, where that cannot be read, by any later
    delivery."""
    is_versioned = contract.mode == "upsert" and any(column.name == "updated_at" for column in contract.columns)
    text = "nullif(trim(json_extract_string(case when json_valid(fields) then fields end, '$.updated_at')), '')"
    is_later = "other.sequence > own.sequence"
    return _BY_KEY.format(
        key=_key(contract),
        version="updated_at" if is_versioned else "null::timestamp",
        letter_version=reading(contract.column("updated_at"), text) if is_versioned else "null::timestamp",
        waiting=_WAITING,
        is_mended=f"coalesce(accepted.version >= letters.version, {is_later})" if is_versioned else "true",
    )


def _key(contract: Contract) -> str:
    return " || '|' || ".join(f"{name}::varchar" for name in contract.key)


def _order(con: duckdb.DuckDBPyConnection, known: list[Batch]) -> None:
    con.execute(
        "create or replace temp table batch_order (source_instance varchar, object varchar, file_name varchar,"
        " batch_id varchar, sequence bigint, received_rows bigint, quarantined_rows bigint)"
    )
    rows = [
        (link.source_instance, link.object, link.file_name, link.batch_id, link.sequence, now.received_rows,
         now.quarantined_rows)
        for link, now in ((batch.manifest, batch.now) for batch in known if batch.state == "loaded")
    ]  # fmt: skip
    if rows:
        con.executemany("insert into batch_order values (?, ?, ?, ?, ?, ?, ?)", rows)


def _arrivals(
    con: duckdb.DuckDBPyConnection, settings: Settings, known: list[Batch], domain: str, name: str
) -> list[str]:
    """Makes `arrivals`, the Parquet of an object and whether a replay wrote it, and returns the paths."""
    files = [
        (str(store.parquet_path(settings, link)), link.kind == "replay")
        for batch in known
        if (batch.manifest.domain, batch.manifest.object) == (domain, name)
        for link in batch.with_rows
    ]
    con.execute("create or replace temp table arrivals (path varchar, is_replay boolean)")
    if files:
        con.executemany("insert into arrivals values (?, ?)", files)
    return [path for path, _ in files]
