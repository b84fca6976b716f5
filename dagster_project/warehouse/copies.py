"""`landed.conflicts`: parsed rows that do not count, because another copy of the same fact does.

The copy that counts has the earliest `ingested_at` where the object has one, then the smallest content hash, then the
smallest batch and row: never the one that arrived first, so that the order of deliveries moves no figure. A batch never
changes, so where batches only came, only facts of the new ones are looked at again, wherever their copies lie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from dagster_project.archive.parsing.content import content_hash, is_on_demand
from dagster_project.sources.contracts import Contract
from dagster_project.sql import scalar
from dagster_project.version import code_version
from dagster_project.warehouse.relations import name_of

Rows = Mapping[tuple[str, str], str]
"""Of each (source, batch) of an object what names its rows: equal names, equal rows."""

_EMPTY = """
create or replace table landed.conflicts (
    source_instance varchar, domain varchar, object varchar, key_text varchar, batch_id varchar, row_number bigint,
    content_hash varchar, kind varchar, counting_batch_id varchar, counting_row_number bigint,
    counting_content_hash varchar
)"""

_SEEN = "(relation varchar, source_instance varchar, batch_id varchar, rows varchar, code varchar)"

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
    """Brings the table up to date and completes accepted, duplicate and quarantined rows of `landed.batches`.

    `objects` are vendor, contract and the batches that the object's relation is made of.
    """
    find(con, objects)
    con.execute(_UPDATE_BATCHES)


def find(con: duckdb.DuckDBPyConnection, objects: Sequence[tuple[str, Contract, Rows]]) -> None:
    """Brings the table up to date: the surplus copies of every object, as if all were looked at for the first time."""
    seen = _seen(con)
    for vendor, contract, rows in objects:
        relation = name_of(vendor, contract)
        before = seen.get(relation, {})
        if before == rows:
            continue
        new = [batch for batch in rows if batch not in before]
        if before and all(rows.get(batch) == named for batch, named in before.items()):
            _look_again(con, relation, contract, new)
        else:
            _look_at_all(con, relation, contract)
        con.execute("delete from state.copies_seen where relation = ?", [relation])
        columns = [[source for source, _ in rows], [batch for _, batch in rows], list(rows.values())]
        listed = ", ".join(["unnest(?::varchar[])"] * len(columns))
        con.execute(f"insert into state.copies_seen select ?, {listed}, ?", [relation, *columns, code_version()])


def identity_of(contract: Contract) -> list[str]:
    """The columns that make two rows statements of one fact, or of one version of a record."""
    identity = ["source_instance", *contract.key]
    if contract.mode == "upsert" and any(column.name == "updated_at" for column in contract.columns):
        identity.append("updated_at")
    if contract.mode == "full":
        identity.append("batch_id")
    return identity


def _seen(con: duckdb.DuckDBPyConnection) -> dict[str, dict[tuple[str, str], str]]:
    """Of which batches the table speaks, per relation; nothing, and an empty table, where other code wrote it."""
    con.execute("create schema if not exists state")
    con.execute(f"create table if not exists state.copies_seen {_SEEN}")
    held = con.execute("select * from state.copies_seen").fetchall()
    is_there = scalar(
        con, "select count(*) from duckdb_tables() where schema_name = 'landed' and table_name = 'conflicts'"
    )
    if not is_there or any(code != code_version() for *_, code in held):
        con.execute(_EMPTY)
        con.execute("delete from state.copies_seen")
        return {}
    seen: dict[str, dict[tuple[str, str], str]] = {}
    for relation, source, batch, named, _ in held:
        seen.setdefault(relation, {})[source, batch] = named
    return seen


def _look_at_all(con: duckdb.DuckDBPyConnection, relation: str, contract: Contract) -> None:
    fact = _fact(contract)
    con.execute("delete from landed.conflicts where domain = ? and object = ?", [contract.domain, contract.name])
    con.execute(_surplus(relation, contract, f"select {fact} from {relation} group by all having count(*) > 1"))


def _look_again(con: duckdb.DuckDBPyConnection, relation: str, contract: Contract, new: list[tuple[str, str]]) -> None:
    fact = _fact(contract)
    con.execute(
        f"create or replace temp table new_facts as select distinct {fact} as fact from {relation}"
        " where (source_instance, batch_id) in (select unnest(?::varchar[]), unnest(?::varchar[]))",
        [list(part) for part in zip(*new, strict=True)],
    )
    con.execute(
        f"create or replace temp table repeated as select {fact} as fact from {relation}"
        f" where {fact} in (from new_facts) group by all having count(*) > 1"
    )
    con.execute(
        "delete from landed.conflicts where domain = ? and object = ? and (source_instance, batch_id, row_number) in"
        f" (select source_instance, batch_id, row_number from {relation} where {fact} in (from repeated))",
        [contract.domain, contract.name],
    )
    con.execute(_surplus(relation, contract, "from repeated"))
    con.execute("drop table new_facts")
    con.execute("drop table repeated")


def _fact(contract: Contract) -> str:
    """SQL: a hash of the fact; equal facts have equal hashes, the reverse need not hold."""
    return f"hash({', '.join(identity_of(contract))})"


def _surplus(relation: str, contract: Contract, repeated: str) -> str:
    """Candidates are found by hash first: sorting every usage event for a handful of repeats would take minutes.

    So would computing their hashes: one that is not kept is computed of candidates alone.
    """
    identity = ", ".join(identity_of(contract))
    names = {column.name for column in contract.columns}
    earliest = "ingested_at, " if "ingested_at" in names else ""
    window = f"(partition by {identity} order by {earliest}content_hash, batch_id, row_number)"
    key_text = " || '|' || ".join(f"{name}::varchar" for name in contract.key)
    columns = f"* exclude (content_hash), {content_hash(contract)} as content_hash" if is_on_demand(contract) else "*"
    return f"""
insert into landed.conflicts
select
    source_instance, '{contract.domain}', '{contract.name}', {key_text}, batch_id, row_number, content_hash,
    case when content_hash = first_value(content_hash) over copies then 'duplicate' else 'conflict' end,
    first_value(batch_id) over copies,
    first_value(row_number) over copies,
    first_value(content_hash) over copies
from (select {columns} from {relation} where {_fact(contract)} in ({repeated})) as candidates
window copies as {window}
qualify row_number() over copies > 1"""
