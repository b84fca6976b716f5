"""Counts in `landed.replays` the records that count twice because a replay brought them in: there must be none."""

from __future__ import annotations

import duckdb

from dagster_project.sources.contracts import Contract
from dagster_project.warehouse.copies import fact_of, identity_of
from dagster_project.warehouse.relations import name_of

_COUNT = """
update landed.replays set double_effect_count = found.records
from (
    with rescued as (
        select landed.batch_id, landed.row_number, landed.fact, spans.attempt
        from (select batch_id, row_number, {fact} as fact from {relation}) as landed
        inner join rescued_spans as spans
            on
                spans.batch_id = landed.batch_id
                and landed.row_number between spans.first_row and spans.last_row
    ),
    accepted as (
        select landed.batch_id, landed.row_number, count(*) over (partition by {identity}) as copies
        from (select * from {relation} where {fact} in (select fact from rescued)) as landed
        anti join (select * from landed.conflicts where domain = '{domain}' and object = '{object}') as conflicts
            using (source_instance, batch_id, row_number)
    )
    select rescued.batch_id, rescued.attempt, count(*) as records
    from accepted
    inner join rescued using (batch_id, row_number)
    where accepted.copies > 1
    group by rescued.batch_id, rescued.attempt
) as found
where landed.replays.batch_id = found.batch_id and landed.replays.attempt = found.attempt"""


def count(con: duckdb.DuckDBPyConnection, objects: list[tuple[str, Contract]]) -> None:
    """Looks at the objects of which a row was ever rescued, after `landed.conflicts` has been written."""
    query = "select distinct domain || '.' || object from landed.replays where rescued_rows > 0"
    rescued = {name for (name,) in con.execute(query).fetchall()}
    for vendor, contract in objects:
        if f"{contract.domain}.{contract.name}" in rescued:
            con.execute(
                _COUNT.format(
                    identity=", ".join(identity_of(contract)),
                    fact=fact_of(contract),
                    relation=name_of(vendor, contract),
                    domain=contract.domain,
                    object=contract.name,
                )
            )
