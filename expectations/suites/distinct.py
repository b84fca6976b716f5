"""How many different events were delivered, by their ids in the archive and not by what landing found of copies.

What was counted of batches that are still as they were is kept: of new batches the ids are counted, less those that an
older one has as well. They are compared as they are, not by a hash. Any doubt counts all of them.
"""

from __future__ import annotations

import json

import duckdb

from dagster_project.sources.contracts import Contract
from dagster_project.version import code_version
from dagster_project.warehouse.facts import Batch
from expectations.suites.relations import is_of, landed
from expectations.suites.sql import names

Held = tuple[str, str, int]
"""Source instance, batch id and rows: a replay adds rows to a batch, nothing changes one."""

_TABLE = """
create schema if not exists state;
create table if not exists state.outcome_distinct (object varchar, code varchar, batches varchar, counts varchar)"""
_LANDED = """
select source_instance, batch_id, parsed_rows
from landed.batches
where state = 'loaded' and domain = ? and object = ? and parsed_rows > 0
order by all"""


def find_delivered(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Writes the temporary table `outcome_delivered`: per source instance the different keys that its batches have."""
    connection.execute(_TABLE)
    object_of = [contract.domain, contract.name]
    batches = [tuple(one) for one in connection.execute(_LANDED, object_of).fetchall()]
    counted, counts = _kept(connection, contract)
    if not counted or not counted <= set(batches):
        counted, counts = set(), {}
    new = [batch[:2] for batch in batches if batch not in counted]
    for source, found in _different(connection, contract, new, bool(counted)).items():
        counts[source] = counts.get(source, 0) + found
    connection.execute("delete from state.outcome_distinct where object = ?", [".".join(object_of)])
    kept = [".".join(object_of), code_version(), json.dumps(batches), json.dumps(counts)]
    connection.execute("insert into state.outcome_distinct values (?, ?, ?, ?)", kept)
    connection.execute(
        "create or replace temp table outcome_delivered as"
        " select unnest(?::varchar[]) as source_instance, unnest(?::bigint[]) as row_count",
        [[*counts], [*counts.values()]],
    )


def _kept(connection: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[set[Held], dict[str, int]]:
    query = "select batches, counts from state.outcome_distinct where object = ? and code = ?"
    for batches, counts in connection.execute(query, [f"{contract.domain}.{contract.name}", code_version()]).fetchall():
        return {tuple(one) for one in json.loads(batches)}, json.loads(counts)
    return set(), {}


def _different(
    connection: duckdb.DuckDBPyConnection, contract: Contract, new: list[Batch], has_older: bool
) -> dict[str, int]:
    """Per source instance: keys of these batches that no older one has."""
    keys, rows = names(contract.key), f"{landed(contract)} as r"
    if not new:
        return {}
    if not has_older:
        counted = f"select source_instance, count(distinct row({keys})) from {rows} group by all"
        return dict(connection.execute(counted).fetchall())
    connection.execute(
        f"create or replace temp table outcome_new as select distinct source_instance, {keys} from {rows}"
        f" where {is_of(new)}"
    )
    known = (
        f"select source_instance, count(distinct row({keys})) as row_count from {rows}"
        f" semi join outcome_new using (source_instance, {keys}) where not ({is_of(new)}) group by all"
    )
    counted = (
        "select source_instance, count(*) - coalesce(any_value(known.row_count), 0) from outcome_new"
        f" left join ({known}) as known using (source_instance) group by all"
    )
    return dict(connection.execute(counted).fetchall())
