"""Which models, seeds and data tests must run again: those whose code or inputs are not those of their last success.

A node's fingerprint is a digest of the code, of the landed relations it reads and of what its parents hold. What a node
holds is named by the fingerprint with which its rows last became other rows: built again with the same rows it keeps
the name, and what follows from it alone has no need to run. So a changed source costs what follows from it, another
day what it changes, and a run with nothing new costs no statement at all. What is kept of a node is its fingerprint,
what it holds, and the event in which dbt said that it succeeded; whatever failed, was held back or was killed has none,
and runs again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import duckdb

KINDS = ("model", "seed", "test")
_TABLE = """
create schema if not exists state;
create table if not exists state.nodes (unique_id varchar, fingerprint varchar, built_at timestamp, event varchar);
alter table state.nodes add column if not exists content varchar"""
_COLUMNS = "unique_id, fingerprint, content, built_at, event"


@dataclass(frozen=True)
class Success:
    """The last success of a node: what it followed from, what it holds since, when it was, and dbt's event."""

    fingerprint: str
    content: str
    built_at: datetime
    event: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What must run, as far as is known before it runs; and while it runs, node by node, what need not after all.

    `order`: every node, parents first; `held`: the successes that stand in the warehouse; `landed`: digest per source
    that models read; `content`: what each node holds that is known to be as it would be built now.
    """

    nodes: Mapping[str, Mapping[str, Any]]
    order: Sequence[str]
    code: str
    landed: Mapping[str, str]
    held: Mapping[str, Success]
    content: dict[str, str] = field(default_factory=dict)
    stood: set[str] = field(default_factory=set)

    @property
    def stale(self) -> list[str]:
        """The nodes that must run unless, when their parents have run, they stand."""
        return [name for name in self.order if name not in self.content]

    @property
    def current(self) -> dict[str, Success]:
        """The nodes that had no need to run, each with its last success."""
        return {name: self.held[name] for name in self.order if name in self.stood}

    def from_nothing(self) -> Plan:
        """The same where nothing stands: every node runs."""
        return replace(self, held={}, content={}, stood=set())

    def stands(self, name: str) -> bool:
        """Whether the node is as it would be built now; to be asked when what it follows from has been built."""
        fingerprint = self.fingerprint(name)
        if fingerprint is None or name not in self.held or self.held[name].fingerprint != fingerprint:
            return False
        self.content[name] = self.held[name].content
        self.stood.add(name)
        return True

    def built(self, name: str, with_same_rows: bool = False) -> None:
        """Notes that the node was built, and whether it holds the rows of its last success."""
        fingerprint = self.fingerprint(name)
        if fingerprint is not None:
            self.content[name] = self.held[name].content if with_same_rows else fingerprint

    def changed_parts(self, name: str) -> tuple[str, ...] | None:
        """Of a table that is made of parts (`parts_by` in its meta names the column): the values of those whose rows
        may be others than the table holds. None where that is not known, or where it may be any.

        A part is the rows that follow from one parent, which says its value under the same name in its own meta; what
        other parents changed may be in any. What the table followed from is known where the fingerprint of its last
        success comes out again of the last successes of its parents.
        """
        column, before = _meta(self.nodes[name]).get("parts_by"), {one: held.content for one, held in self.held.items()}
        if column is None or name not in self.held or self._digest(name, before) != self.held[name].fingerprint:
            return None
        changed = [one for one in self._parents(name) if one in self.nodes and self.content.get(one) != before[one]]
        parts = [_meta(self.nodes[one]).get(column) for one in changed if one in self.content]
        return tuple(map(str, parts)) if len(parts) == len(changed) and None not in parts else None

    def fingerprint(self, name: str) -> str | None:
        """Of the node as it would be built now; None where a parent is not known to be as it would be."""
        return self._digest(name, self.content)

    def _digest(self, name: str, content: Mapping[str, str]) -> str | None:
        inputs = []
        for parent in self._parents(name):
            found = content.get(parent) if parent in self.nodes else self.landed.get(parent, "none")
            if found is None:
                return None
            inputs.append(found)
        return hashlib.sha256("\0".join([self.code, name, *inputs]).encode()).hexdigest()[:32]

    def _parents(self, name: str) -> list[str]:
        return sorted(self.nodes[name]["depends_on"].get("nodes", ()))


def plan(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], code: str, landed: Mapping[str, str]) -> Plan:
    """Compares the project with the warehouse. `landed`: digest per `schema.relation` of what the models read."""
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in KINDS}
    sources = {name: f"{one['schema']}.{one['identifier']}" for name, one in manifest["sources"].items()}
    read = {name: landed.get(relation, "none") for name, relation in sources.items()}
    made = Plan(nodes, _parents_first(nodes), code, read, _held(con, nodes))
    for name in made.order:
        made.stands(name)
    return made


def forget(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Before a build: whatever is about to be written has no success until it is recorded."""
    con.execute(_TABLE)
    con.execute("delete from state.nodes where unique_id in (select unnest(?))", [list(names)])


def record(con: duckdb.DuckDBPyConnection, made: Plan, events: Iterable[Mapping[str, Any]]) -> None:
    """After a build: keeps what stood, and each success whose parents all are as they would be built now."""
    now = datetime.now(UTC)
    ran = {str(event["data"]["node_info"]["unique_id"]): event for event in events}
    rows = []
    for name in made.order:
        if name in ran and _is_good(ran[name]):
            if name not in made.content:
                made.built(name)
            if name in made.content:
                rows.append((name, Success(str(made.fingerprint(name)), made.content[name], now, ran[name])))
        elif name in made.stood and name not in ran:
            rows.append((name, made.held[name]))
    forget(con, [*ran, *(name for name, _ in rows)])
    if rows:
        values = [[name, *_stored(success)] for name, success in rows]
        lists = [list(column) for column in zip(*values, strict=True)]
        con.execute(f"insert into state.nodes ({_COLUMNS}) select {', '.join(['unnest(?)'] * len(lists))}", lists)


def _stored(success: Success) -> list[Any]:
    at, event = success.built_at.replace(tzinfo=None), json.dumps(success.event, default=str)
    return [success.fingerprint, success.content, at, event]


def _is_good(event: Mapping[str, Any]) -> bool:
    return event["data"]["node_info"]["node_status"] in ("success", "pass", "warn")


def _held(con: duckdb.DuckDBPyConnection, nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, Success]:
    con.execute(_TABLE)
    standing = set(con.execute("select table_schema, table_name from information_schema.tables").fetchall())
    return {
        name: Success(fingerprint, content, built_at.replace(tzinfo=UTC), json.loads(event))
        for name, fingerprint, content, built_at, event in con.execute(f"select {_COLUMNS} from state.nodes").fetchall()
        if name in nodes
        and (nodes[name]["resource_type"] == "test" or (nodes[name]["schema"], nodes[name]["alias"]) in standing)
    }


def _parents_first(nodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    from graphlib import TopologicalSorter

    graph = {name: [one for one in node["depends_on"].get("nodes", ()) if one in nodes] for name, node in nodes.items()}
    return list(TopologicalSorter(graph).static_order())


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = node["config"].get("meta") or {}
    return found
