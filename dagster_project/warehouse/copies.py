"""`landed.conflicts`: parsed rows that do not count, because another copy of the same fact does.

The copy that counts has the earliest `ingested_at` where the object has one, then the smallest content hash, then the
smallest batch and row: never the one that arrived first, so that the order of deliveries moves no figure.
"""

from __future__ import annotations

import duckdb

from dagster_project.sources.contracts import Contract
from dagster_project.warehouse.relations import name_of

_EMPTY = """
create or replace table landed.conflicts (
    source_instance varchar, domain varchar, object varchar, key_text varchar, batch_id varchar, row_number bigint,
    content_hash varchar, kind varchar, counting_batch_id varchar, counting_row_number bigint
)"""

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


def write(con: duckdb.DuckDBPyConnection, objects: list[tuple[str, Contract]]) -> None:
    """Replaces the table and completes accepted, duplicate and quarantined rows of `landed.batches`."""
    find(con, objects)
    con.execute(_UPDATE_BATCHES)


def find(con: duckdb.DuckDBPyConnection, objects: list[tuple[str, Contract]]) -> None:
    """Replaces the table: the surplus copies of every object of which a batch has landed."""
    con.execute(_EMPTY)
    landed = {name for (name,) in con.execute("select distinct domain || '.' || object from landed.batches").fetchall()}
    for vendor, contract in objects:
        if f"{contract.domain}.{contract.name}" in landed:
            con.execute(_surplus(vendor, contract))


def identity_of(contract: Contract) -> list[str]:
    """The columns that make two rows statements of one fact, or of one version of a record."""
    identity = ["source_instance", *contract.key]
    if contract.mode == "upsert" and any(column.name == "updated_at" for column in contract.columns):
        identity.append("updated_at")
    if contract.mode == "full":
        identity.append("batch_id")
    return identity


def _surplus(vendor: str, contract: Contract) -> str:
    """Candidates are found by hash first: sorting every usage event for a handful of repeats would take minutes."""
    relation = name_of(vendor, contract)
    identity = identity_of(contract)
    names = {column.name for column in contract.columns}
    earliest = "ingested_at, " if "ingested_at" in names else ""
    fact = f"hash({', '.join(identity)})"
    window = f"(partition by {', '.join(identity)} order by {earliest}content_hash, batch_id, row_number)"
    key_text = " || '|' || ".join(f"{name}::varchar" for name in contract.key)
    return f"""
insert into landed.conflicts
select
    source_instance, '{contract.domain}', '{contract.name}', {key_text}, batch_id, row_number, content_hash,
    case when content_hash = first_value(content_hash) over copies then 'duplicate' else 'conflict' end,
    first_value(batch_id) over copies,
    first_value(row_number) over copies
from {relation}
where {fact} in (select {fact} from {relation} group by all having count(*) > 1)
window copies as {window}
qualify row_number() over copies > 1"""
