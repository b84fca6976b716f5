"""Which rows of an object have been judged before, and kept every rule: they need not be judged again.

A landed row never changes, and neither does the verdict on it, so long as the contract and the code are the same and
what it refers to is still there. So an object all of whose checks passed is judged by its new batches alone. Any doubt
(a fault, something not testable, a batch less, a parent known only from quarantine, files that replace each other)
judges all rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import duckdb

from dagster_project.sources.contracts import Contract
from dagster_project.version import code_version
from dagster_project.warehouse.facts import Batch
from expectations.suites.model import ResultRow
from expectations.suites.references import references_of

Batches = set[tuple[str, str, int]]

_TABLE = """
create schema if not exists state;
create table if not exists state.boundary_clean (object varchar, conditions varchar, batches varchar)"""
_LANDED = """
select domain || '.' || object, source_instance, batch_id, parsed_rows from landed.batches where state = 'loaded'"""
_QUARANTINED = "select distinct domain || '.' || object from landed.quarantine"
_LINKS = "select source_instance, linked_instance, domain from config.instance_links order by all"
_OBJECTS = "select source_instance, domain, object, vendor from config.source_objects order by all"


class CleanRows:
    """What was judged in earlier runs, against what has landed now."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute(_TABLE)
        self._landed: dict[str, Batches] = {}
        for name, *batch in connection.execute(_LANDED).fetchall():
            self._landed.setdefault(name, set()).add(tuple(batch))
        self._quarantined = {name for (name,) in connection.execute(_QUARANTINED).fetchall()}
        configured = [connection.execute(query).fetchall() for query in (_LINKS, _OBJECTS)]
        self._conditions = json.dumps([code_version(), *configured])
        self._kept: dict[str, dict[str, Batches]] = {
            name: {one: {tuple(batch) for batch in listed} for one, listed in json.loads(batches).items()}
            for name, conditions, batches in connection.execute("from state.boundary_clean").fetchall()
            if conditions == self._conditions
        }

    def unjudged(self, contract: Contract) -> list[Batch] | None:
        """The batches of the object whose rows are still to be judged; None where all are, of old batches too.

        Of judged batches what is in conflict is to be judged again: an older row can become the one that contradicts.
        """
        name = _name(contract)
        before = self._kept.get(name)
        if before is None or any(not batches <= self._landed.get(one, set()) for one, batches in before.items()):
            return None
        return sorted(batch[:2] for batch in self._landed.get(name, set()) - before[name])

    def keep(self, contracts: Iterable[Contract], rows: Sequence[ResultRow]) -> None:
        """Remembers the objects all of whose checks passed, and forgets the others."""
        kept: list[tuple[Any, ...]] = []
        for contract in contracts:
            mine = [row for row in rows if row.asset_key == (contract.domain, contract.name)]
            rests_on = [_name(contract), *_targets(contract)]
            if (
                contract.mode != "full"
                and all(row.status == "passed" for row in mine if row.suite != "boundary.deliveries")
                and self._quarantined.isdisjoint(rests_on)
            ):
                batches = {one: sorted(self._landed.get(one, set())) for one in rests_on}
                kept.append((_name(contract), self._conditions, json.dumps(batches)))
        self._connection.execute("delete from state.boundary_clean")
        if kept:
            self._connection.executemany("insert into state.boundary_clean values (?, ?, ?)", kept)


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """All rows are judged when the suites run next."""
    connection.execute("drop table if exists state.boundary_clean")


def _name(contract: Contract) -> str:
    return f"{contract.domain}.{contract.name}"


def _targets(contract: Contract) -> list[str]:
    """The objects that its references point into."""
    found = [references_of(column) for column in contract.columns]
    return sorted({f"{domain}.{name}" for one in found if one for domain, name, _ in one.targets})
