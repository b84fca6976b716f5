"""`landed.conflicts`: parsed rows that do not count, because another copy of the same fact does.

The copy that counts has the earliest `ingested_at` where the object has one, then the smallest content hash, then the
smallest batch and row: never the one that arrived first, so that the order of deliveries moves no figure. Only facts of
batches that came or went are looked at again, wherever their copies lie (`facts`). `landed.usage_copies` has every
usage event of an id that came repeatedly: to look for those rows again would be to read all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from dagster_project.archive.parsing.content import content_hash, is_on_demand
from dagster_project.sources.contracts import Contract, load_contracts
from dagster_project.sql import column
from dagster_project.warehouse import facts
from dagster_project.warehouse.relations import name_of, types_of

Rows = Mapping[tuple[str, str], str]
"""Of each (source, batch) of an object what names its rows: equal names, equal rows."""

_USAGE = ("product", "usage_events")

_CONFLICTS = """
create or replace table landed.conflicts (
    source_instance varchar, domain varchar, object varchar, key_text varchar, batch_id varchar, row_number bigint,
    content_hash varchar, kind varchar, counting_batch_id varchar, counting_row_number bigint,
    counting_content_hash varchar
)"""

_FOUND = """
create or replace temp table found_copies as
select
    *,
    row_number() over copies as copy_number,
    content_hash = first_value(content_hash) over copies as is_equal_copy,
    count(*) over (partition by {identity}) as copies,
    first_value(batch_id) over copies as counting_batch_id,
    first_value(row_number) over copies as counting_row_number,
    first_value(content_hash) over copies as counting_content_hash,
from (select {columns} from {relation} where {within} and {fact} in (from repeated)) as candidates
window copies as (partition by {identity} order by {earliest}content_hash, batch_id, row_number)"""

_SURPLUS = """
insert into landed.conflicts
select
    source_instance, ?, ?, {key_text}, batch_id, row_number, content_hash,
    case when is_equal_copy then 'duplicate' else 'conflict' end,
    counting_batch_id, counting_row_number, counting_content_hash
from found_copies
where copy_number > 1"""

_AGAIN = """
(source_instance, batch_id, row_number) in (select source_instance, batch_id, row_number from found_copies)
or (source_instance, batch_id) in (select unnest(?::varchar[]), unnest(?::varchar[]))"""

_UPDATE_BATCHES = """
update landed.batches as batches
set
    duplicate_rows = copies.duplicates,
    quarantined_rows = batches.quarantined_rows + copies.conflicts,
    accepted_rows = batches.parsed_rows - copies.duplicates - copies.conflicts
from (
    select
        source_instance,
        batch_id,
        count(*) filter (where kind = 'duplicate') as duplicates,
        count(*) filter (where kind = 'conflict') as conflicts,
    from landed.conflicts
    group by all
) as copies
where
    batches.source_instance = copies.source_instance
    and batches.batch_id = copies.batch_id"""


def write(con: duckdb.DuckDBPyConnection, objects: Sequence[tuple[str, Contract, Rows]]) -> None:
    """Brings the tables up to date and completes accepted, duplicate and quarantined rows of `landed.batches`.

    `objects` are vendor, contract and the batches that the object's relation is made of.
    """
    find(con, objects)
    con.execute(_UPDATE_BATCHES)


def find(con: duckdb.DuckDBPyConnection, objects: Sequence[tuple[str, Contract, Rows]]) -> None:
    """Brings the tables up to date: the copies of every object, as if all were looked at for the first time."""
    entered = _standing(con)
    for vendor, contract, rows in objects:
        relation = name_of(vendor, contract)
        before = entered.get(relation, {})
        if {batch: one.rows for batch, one in before.items()} != rows:
            change = facts.enter(con, relation, fact_of(contract), before, rows)
            if change:
                _judge(con, relation, contract, change)


def identity_of(contract: Contract) -> list[str]:
    """The columns that make two rows statements of one fact, or of one version of a record."""
    identity = ["source_instance", *contract.key]
    if contract.mode == "upsert" and any(column.name == "updated_at" for column in contract.columns):
        identity.append("updated_at")
    if contract.mode == "full":
        identity.append("batch_id")
    return identity


def fact_of(contract: Contract) -> str:
    """SQL: a hash of the fact that a row states; equal facts have equal hashes, the reverse need not hold."""
    return f"hash({', '.join(identity_of(contract))})"


def _standing(con: duckdb.DuckDBPyConnection) -> dict[str, dict[facts.Batch, facts.Entered]]:
    """Of which batches the tables speak; nothing, and empty tables, where they are not all there."""
    entered = facts.entered(con)
    ours = "database_name = current_database() and schema_name = 'landed'"
    tables = set(column(con, f"select table_name from duckdb_tables() where {ours}"))
    if entered and tables.issuperset(("conflicts", "usage_copies")):
        return entered
    facts.forget(con)
    con.execute(_CONFLICTS)
    types = types_of(load_contracts()[_USAGE]) | {"copy_number": "bigint", "is_equal_copy": "boolean"}
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    con.execute(f"create or replace table landed.usage_copies ({columns})")
    return {}


def _judge(con: duckdb.DuckDBPyConnection, relation: str, contract: Contract, change: facts.Change) -> None:
    """Replaces what the tables say of the repeated facts; the rows of these alone are read, and hashed."""
    names = [column.name for column in contract.columns]
    columns = f"* exclude (content_hash), {content_hash(contract)} as content_hash" if is_on_demand(contract) else "*"
    con.execute(
        _FOUND.format(
            identity=", ".join(identity_of(contract)),
            earliest="ingested_at, " if "ingested_at" in names else "",
            columns=columns,
            relation=relation,
            within=facts.within(change.lying),
            fact=fact_of(contract),
        )
    )
    object_of, gone = [contract.domain, contract.name], [[part[place] for part in change.gone] for place in (0, 1)]
    con.execute(f"delete from landed.conflicts where domain = ? and object = ? and ({_AGAIN})", object_of + gone)
    key_text = " || '|' || ".join(f"{name}::varchar" for name in contract.key)
    con.execute(_SURPLUS.format(key_text=key_text), object_of)
    if (contract.domain, contract.name) == _USAGE:
        con.execute(f"delete from landed.usage_copies where {_AGAIN}", gone)
        kept = "* exclude (copies, counting_batch_id, counting_row_number, counting_content_hash)"
        con.execute(f"insert into landed.usage_copies by name select {kept} from found_copies where copies > 1")
    con.execute("drop table found_copies")
