"""Which landed rows a check looks at: by the rule that staging follows, so that deliveries repeated change nothing."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from dagster_project.archive.parsing.content import is_on_demand
from dagster_project.sources.contracts import Contract
from dagster_project.warehouse.facts import Batch
from expectations.suites.sql import literal, names


def landed(contract: Contract) -> str:
    """The landed relation of an object."""
    return f"landed.generic__{contract.domain}__{contract.name}"


def relation_name(contract: Contract) -> str:
    """The temporary view that an object's suite runs on."""
    return f"boundary__{contract.domain}__{contract.name}"


def find_surplus(connection: duckdb.DuckDBPyConnection, contract: Contract) -> str:
    """Writes the temporary table of rows that do not count, or that contradict one that does; returns its name.

    Columns: source_instance, batch_id, row_number, is_conflict (key and version of the row in force, other content).
    Rows that are not in force and agree with it (copies, older versions, files replaced as a whole) have false.
    Only keys that occur more than once are sorted: deduplicating every row of a large object costs seconds.
    """
    table = _surplus_name(contract)
    connection.execute(f"create or replace temp table {table} as {_surplus_sql(contract)}")
    return table


def rows_sql(
    connection: duckdb.DuckDBPyConnection, contract: Contract, surplus: str, new: Collection[Batch] | None = None
) -> str:
    """A query: the rows in force and those in conflict with them, with the boolean `is_conflict`.

    `surplus` is the table that `find_surplus` wrote. With `new`, rows of these batches, and of others what conflicts.
    """
    columns = "r.* exclude (content_hash)" if is_on_demand(contract) else "r.*"  # computed of failing rows alone
    condition = "" if new is None else f" and {is_of(new)}"
    (found,) = connection.execute(f"select count(*) from {surplus}").fetchone() or (0,)
    if not found:
        return f"select {columns}, false as is_conflict from {landed(contract)} as r where true{condition}"
    rows = (
        f"select {columns}, coalesce(s.is_conflict, false) as is_conflict from {landed(contract)} as r "
        f"left join {surplus} as s using (source_instance, batch_id, row_number) "
        f"where coalesce(s.is_conflict, true){condition}"
    )
    if new is None:
        return rows
    return (
        f"{rows} union all by name select {columns}, true as is_conflict from {_kept(contract)} as r semi join "
        f"(select * from {surplus} as r where is_conflict and not ({is_of(new)})) as s "
        "using (source_instance, batch_id, row_number)"
    )


def _surplus_name(contract: Contract) -> str:
    return f"{relation_name(contract)}__surplus"


def count_sql(contract: Contract) -> str:
    """A query: per source instance how many rows are in force or in conflict, after `find_surplus`."""
    return (
        f"select source_instance, cast(sum(rows) as bigint) from (select source_instance, count(*) as rows from "
        f"{landed(contract)} group by all union all select source_instance, -count(*) from "
        f"{_surplus_name(contract)} where not is_conflict group by all) group by all"
    )


def is_of(batches: Collection[Batch]) -> str:
    """SQL over a row `r`: whether it came in one of these; by single constants the engine leaves out whole files."""
    if not batches:
        return "false"
    pairs = ", ".join(f"({literal(source)}, {literal(batch)})" for source, batch in sorted(batches))
    names_of = ", ".join(sorted({literal(batch) for _, batch in batches}))
    return f"r.batch_id in ({names_of}) and (r.source_instance, r.batch_id) in ({pairs})"


def _kept(contract: Contract) -> str:
    """Where the rows of repeated keys can be read: of usage events apart, so that not all are read for them."""
    if is_on_demand(contract):
        return "(select * exclude (copy_number, is_equal_copy) from landed.usage_copies)"
    return landed(contract)


def _surplus_sql(contract: Contract) -> str:
    """Of a fact every row is in force but the copies, which landing has found; of a record older versions are not."""
    return _copies_sql(contract) if contract.mode == "append" else _versions_sql(contract)


def _copies_sql(contract: Contract) -> str:
    fact = names(("source_instance", *contract.key))
    return f"""
        select
            source_instance,
            batch_id,
            row_number,
            copies.copy_kind = 'conflict' and row_number() over (
                partition by {fact}, copies.copy_hash order by {_earliest(contract)}batch_id, row_number
            ) = 1 as is_conflict
        from {_kept(contract)}
        inner join (
            select source_instance, batch_id, row_number, kind as copy_kind, content_hash as copy_hash
            from landed.conflicts
            where domain = {literal(contract.domain)} and object = {literal(contract.name)}
        ) as copies using (source_instance, batch_id, row_number)
    """


def _versions_sql(contract: Contract) -> str:
    key = names(("source_instance", *contract.key))
    if contract.mode == "full":
        candidates = landed(contract)
        in_force = (
            "dense_rank() over (partition by source_instance order by extracted_at desc nulls last, batch_id desc) = 1"
        )
        version = key
    else:
        candidates = (
            f"(select * from {landed(contract)} semi join "
            f"(select {key} from {landed(contract)} group by {key} having count(*) > 1) using ({key}))"
        )
        in_force = "true"
        version = key
        if contract.mode == "upsert":
            in_force = f"updated_at is not distinct from max(updated_at) over (partition by {key})"
    earliest = _earliest(contract)
    return f"""
        with versions as (
            select *, {in_force} as is_newest from {candidates}
        ),
        ranked as (
            select
                *,
                row_number() over (
                    partition by {version}, is_newest order by {earliest}content_hash, batch_id, row_number
                ) as place,
                row_number() over (
                    partition by {version}, is_newest, content_hash order by {earliest}batch_id, row_number
                ) as copy,
                first_value(content_hash) over (
                    partition by {version}, is_newest order by {earliest}content_hash, batch_id, row_number
                ) as winner
            from versions
        )
        select
            source_instance,
            batch_id,
            row_number,
            is_newest and copy = 1 and content_hash <> winner as is_conflict,
        from ranked
        where not is_newest or place > 1
    """


def _earliest(contract: Contract) -> str:
    return "ingested_at, " if any(column.name == "ingested_at" for column in contract.columns) else ""
