"""Which models, seeds and data tests must run again: those whose code or inputs are not those of their last success.

A node's fingerprint is a digest of the code, of the landed relations it reads and of the fingerprints of the nodes it
follows from. So a changed source costs what follows from it, and a run with nothing new costs no statement at all. What
is kept of a node is its fingerprint and the event in which dbt said that it succeeded; whatever failed, was held back
or was killed has none, and runs again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

KINDS = ("model", "seed", "test")
_TABLE = """
create schema if not exists state;
create table if not exists state.nodes (unique_id varchar, fingerprint varchar, built_at timestamp, event varchar)"""


@dataclass(frozen=True)
class Success:
    """The last success of a node: what it followed from, when, and dbt's event."""

    fingerprint: str
    built_at: datetime
    event: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """`wanted`: fingerprint per node, parents first; `held`: the successes that still stand in the warehouse."""

    nodes: Mapping[str, Mapping[str, Any]]
    wanted: Mapping[str, str]
    held: Mapping[str, Success]

    @property
    def stale(self) -> list[str]:
        """The nodes that must run."""
        return [name for name in self.wanted if not self.is_current(name)]

    @property
    def current(self) -> dict[str, Success]:
        """The nodes that need not, each with its last success."""
        return {name: self.held[name] for name in self.wanted if self.is_current(name)}

    def is_current(self, name: str) -> bool:
        """Whether the node stands in the warehouse as it would be built now."""
        return name in self.held and self.held[name].fingerprint == self.wanted[name]


def plan(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], code: str, landed: Mapping[str, str]) -> Plan:
    """Compares the project with the warehouse. `landed`: digest per `schema.relation` of what the models read."""
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in KINDS}
    sources = {name: f"{one['schema']}.{one['identifier']}" for name, one in manifest["sources"].items()}
    wanted: dict[str, str] = {}
    for name in _parents_first(nodes):
        parents = sorted(nodes[name]["depends_on"].get("nodes", ()))
        inputs = [wanted[one] if one in wanted else landed.get(sources.get(one, one), "none") for one in parents]
        wanted[name] = hashlib.sha256("\0".join([code, name, *inputs]).encode()).hexdigest()[:32]
    return Plan(nodes, wanted, _held(con, nodes))


def forget(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Before a build: whatever is about to be written has no success until it is recorded."""
    con.execute(_TABLE)
    con.execute("delete from state.nodes where unique_id in (select unnest(?))", [list(names)])


def record(con: duckdb.DuckDBPyConnection, made: Plan, events: Iterable[Mapping[str, Any]]) -> None:
    """After a build: keeps each success whose parents all stand as they would be built now."""
    now = datetime.now(UTC).replace(tzinfo=None)
    succeeded = {name: event for event in events if (name := event["data"]["node_info"]["unique_id"]) in made.wanted}
    current = set(made.current) - set(succeeded)
    rows = []
    for name in made.wanted:
        parents = [one for one in made.nodes[name]["depends_on"].get("nodes", ()) if one in made.wanted]
        if name in succeeded and _is_good(succeeded[name]) and current.issuperset(parents):
            current.add(name)
            rows.append([name, made.wanted[name], now, json.dumps(succeeded[name], default=str)])
    forget(con, succeeded)
    for lists in [list(zip(*rows, strict=True))] if rows else []:
        con.execute(
            "insert into state.nodes select unnest(?), unnest(?), unnest(?), unnest(?)", [list(one) for one in lists]
        )


def _is_good(event: Mapping[str, Any]) -> bool:
    return event["data"]["node_info"]["node_status"] in ("success", "pass", "warn")


def _held(con: duckdb.DuckDBPyConnection, nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, Success]:
    con.execute(_TABLE)
    standing = set(con.execute("select table_schema, table_name from information_schema.tables").fetchall())
    return {
        name: Success(fingerprint, built_at.replace(tzinfo=UTC), json.loads(event))
        for name, fingerprint, built_at, event in con.execute("from state.nodes").fetchall()
        if name in nodes
        and (nodes[name]["resource_type"] == "test" or (nodes[name]["schema"], nodes[name]["alias"]) in standing)
    }


def _parents_first(nodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    from graphlib import TopologicalSorter

    graph = {name: [one for one in node["depends_on"].get("nodes", ()) if one in nodes] for name, node in nodes.items()}
    return list(TopologicalSorter(graph).static_order())
