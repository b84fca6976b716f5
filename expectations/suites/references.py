"""References between landed objects: a value resolves when a row of one of its targets holds it, in an instance that
its source is linked to.

A value whose parent is in quarantine is no orphan: the parent came, and the fault is the parent's. Where a target was
not delivered, or rows of it are in quarantine with unreadable keys, nobody can say what is missing: not testable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from dagster_project.sources.contracts import Column, Contract, load_contracts
from expectations.suites.sql import identifier, literal

TARGETS_SQL = """
    create or replace temp table boundary_targets as
    with delivered as (
        select distinct source_instance, domain, object
        from landed.batches
        where state = 'loaded'
    ),
    unreadable as (
        select distinct source_instance, domain, object
        from landed.quarantine
        where key_text is null and state in ('open', 'refused_again')
    )
    select
        links.source_instance,
        links.linked_instance,
        targets.domain,
        targets.object,
        delivered.object is not null and unreadable.object is null as is_complete
    from config.instance_links as links
    inner join config.source_objects as targets
        on links.linked_instance = targets.source_instance and links.domain = targets.domain
    left join delivered
        on
            targets.source_instance = delivered.source_instance
            and targets.domain = delivered.domain
            and targets.object = delivered.object
    left join unreadable
        on
            targets.source_instance = unreadable.source_instance
            and targets.domain = unreadable.domain
            and targets.object = unreadable.object
"""


@dataclass(frozen=True)
class Reference:
    """The targets of one column, as (domain, object, column)."""

    targets: tuple[tuple[str, str, str], ...]

    @property
    def words(self) -> str:
        """The targets for people."""
        return " or ".join(f"{domain}.{name}" for domain, name, _ in self.targets)

    @property
    def testable_sql(self) -> str:
        """Source instances for which every linked instance has delivered every target completely."""
        wanted = ", ".join(literal(f"{domain}.{name}") for domain, name, _ in self.targets)
        return (
            f"select source_instance from boundary_targets where domain || '.' || object in ({wanted}) "
            f"group by source_instance having bool_and(is_complete) "
            f"and count(distinct domain || '.' || object) = {len(self.targets)}"
        )

    def dangling_sql(self, cell: str, rows: str) -> str:
        """(source_instance, value) that a column of the rows names and nobody holds."""
        missing = " and ".join(
            f"not exists (select 1 from {holders_name(target)} as p "
            "where p.source_instance = r.source_instance and p.value = r.value)"
            for target in self.targets
        )
        named = f"select distinct source_instance, cast({cell} as varchar) as value from ({rows})"
        unknown = f"r.value is not null and {missing}"
        return f"from ({named}) as r where {unknown} and r.source_instance in ({self.testable_sql})"


def references_of(column: Column) -> Reference | None:
    """The column's reference, or none."""
    targets = tuple(tuple(target.split(".")) for target in column.references)
    return Reference(targets) if targets else None  # type: ignore[arg-type]


def find_targets(connection: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> None:
    """Writes the temporary tables that references of these objects are judged by: deliveries, and the values held."""
    connection.execute(TARGETS_SQL)
    references = [references_of(column) for contract in contracts for column in contract.columns]
    for target in dict.fromkeys(target for reference in references if reference for target in reference.targets):
        connection.execute(f"create or replace temp table {holders_name(target)} as {_holders_sql(*target)}")


def find_dangling(connection: duckdb.DuckDBPyConnection, contract: Contract, rows: str) -> None:
    """Writes the temporary tables of what references of the rows, an SQL query, name in vain.

    A value is looked for once, however many rows name it: a million events name a few thousand records.
    """
    for column in contract.columns:
        reference = references_of(column)
        if reference:
            sql = reference.dangling_sql(identifier(column.name), rows)
            connection.execute(f"create or replace temp table {_dangling_name(contract, column)} as {sql}")


def dangles(contract: Contract, column: Column) -> str:
    """The predicate of a dangling value, for a row `r` of the object; `find_dangling` has looked for them.

    As `exists` with a condition on the row, the engine would first look for the different ones among all rows: ten
    times the time of everything else that is asked of them.
    """
    found = f"select (source_instance, value) from {_dangling_name(contract, column)}"
    return f"coalesce((r.source_instance, cast(r.{identifier(column.name)} as varchar)) in ({found}), false)"


def _dangling_name(contract: Contract, column: Column) -> str:
    return f"boundary_dangling__{contract.domain}__{contract.name}__{column.name}"


def holders_name(target: tuple[str, str, str]) -> str:
    """The temporary table of (referring source_instance, value) of one target column."""
    return "boundary_values__" + "__".join(target)


def _holders_sql(domain: str, name: str, column: str) -> str:
    contract = load_contracts()[domain, name]
    links = (
        "select source_instance, linked_instance from boundary_targets "
        f"where domain = {literal(domain)} and object = {literal(name)}"
    )
    held = (
        f"select l.source_instance, cast(t.{identifier(column)} as varchar) as value "
        f"from landed.generic__{domain}__{name} as t inner join ({links}) as l on t.source_instance = l.linked_instance"
    )
    if column in contract.key:
        held += (
            f" union select l.source_instance, string_split(q.key_text, '|')[{contract.key.index(column) + 1}] "
            f"from landed.quarantine as q inner join ({links}) as l on q.source_instance = l.linked_instance "
            f"where q.domain = {literal(domain)} and q.object = {literal(name)}"
        )
    return f"select distinct source_instance, value from ({held}) where value is not null"
