"""Follows the links of the published lineage from one record, up to what it rests on and down to what became of it.

A step is a set of records of one kind, so that a wide fan is followed as a whole and summed up, not one by one.
Every link is followed once: a chain that comes back to a record says so and ends there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from dagster_project.lineage import FAN
from dagster_project.lineage.records import Described, Record, describe, events_at_hand

DEPTH = 16

_LATE = ("credited", "replaced", "paid", "refunded", "disputed", "settles", "sent")
"""Told after the straight way from usage to ledger, so that a document stands below its invoice, not its cash."""

_NEXT = """
    select {near}_type, {near}_instance, {near}_id, relation, {far}_type, {far}_instance, {far}_id
    from marts.lineage_edges
    where ({near}_type, {near}_instance, {near}_id) in (
        select unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[])
    )
    order by all
"""
_EVENTS = """
    select source_instance, event_id
    from canonical.usage_event
    where not is_test
        and (source_instance, subscription_id, meter_code, service_month)
            in (select unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::date[]))
    order by all
"""
_MONTH = """
    select distinct source_instance, subscription_id || '|' || meter_code || '|' || service_month::varchar
    from canonical.usage_event
    where (source_instance, event_id) in (select unnest(?::varchar[]), unnest(?::varchar[]))
    order by all
"""


@dataclass
class Step:
    """Records of one kind that the step before leads to by one relation; `seen` were shown earlier in the tree."""

    relation: str
    records: list[Described]
    missing: list[Record] = field(default_factory=list)
    seen: list[Record] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The kind of the step's records."""
        return [*(one.record.kind for one in self.records), *(one.kind for one in (*self.missing, *self.seen))][0]


def follow(con: duckdb.DuckDBPyConnection, start: Record, upward: bool, fan: int = FAN) -> list[Step]:
    """The tree above (`upward`) or below a record; a step with more than `fan` records is followed as a whole."""
    return _steps(con, [start], upward, fan, {start}, 1)


def _steps(
    con: duckdb.DuckDBPyConnection, records: list[Record], upward: bool, fan: int, shown: set[Record], depth: int
) -> list[Step]:
    if depth > DEPTH:
        return []
    found: list[Step] = []
    for (relation, _), targets in _grouped(con, records, upward).items():
        seen = [record for record in targets if record in shown]
        fresh = [record for record in targets if record not in shown]
        shown.update(fresh)
        known = describe(con, fresh)
        missing = [record for record in fresh if record not in known]
        if len(fresh) > fan or not fresh:
            step = Step(relation, [known[record] for record in fresh if record in known], missing, seen)
            step.steps = _steps(con, fresh, upward, fan, shown, depth + 1) if fresh else []
            found.append(step)
            continue
        for record in fresh:
            one = Step(relation, [known[record]] if record in known else [], [record] if record in missing else [])
            one.steps = _steps(con, [record], upward, fan, shown, depth + 1)
            found.append(one)
        if seen:
            found.append(Step(relation, [], [], seen))
    return found


def _grouped(
    con: duckdb.DuckDBPyConnection, records: list[Record], upward: bool
) -> dict[tuple[str, str], list[Record]]:
    """The records one link away, by relation and kind, each once."""
    near, far = ("to", "from") if upward else ("from", "to")
    rows = con.execute(
        _NEXT.format(near=near, far=far), [list(column) for column in zip(*records, strict=True)]
    ).fetchall()
    links = [(row[3], Record(*row[4:])) for row in rows] + _usage(con, records, upward)
    grouped: dict[tuple[str, str], dict[Record, None]] = {}
    for relation, record in links:
        grouped.setdefault((relation, record.kind), {})[record] = None
    return {key: list(grouped[key]) for key in sorted(grouped, key=lambda key: (key[0] in _LATE, key))}


def _usage(con: duckdb.DuckDBPyConnection, records: list[Record], upward: bool) -> list[tuple[str, Record]]:
    """Events are no links: a month's events are looked up when a month is reached, and the month from an event."""
    if not any(record.kind in ("usage_month", "usage_event") for record in records) or not events_at_hand(con):
        return []
    if upward:
        months = [(record.instance, *record.id.rsplit("|", 2)) for record in records if record.kind == "usage_month"]
        if not months:
            return []
        rows = con.execute(_EVENTS, [list(column) for column in zip(*months, strict=True)]).fetchall()
        return [("counted", Record("usage_event", *row)) for row in rows]
    events = [(record.instance, record.id) for record in records if record.kind == "usage_event"]
    if not events:
        return []
    rows = con.execute(_MONTH, [list(column) for column in zip(*events, strict=True)]).fetchall()
    return [("counted", Record("usage_month", *row)) for row in rows]
