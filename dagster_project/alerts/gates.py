"""Gates of the close that say no: a finding per entity, period and gate.

A hard-closed period takes no entry any more, so its gates are information (S4): who was told of one hears once that it
was closed over, and not that it was resolved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import duckdb

from dagster_project.alerts.finding import Finding, Row, amounts, rows

GATES = {
    "gate_interface": ("R22", "Records are unaccounted for between the systems"),
    "gate_receivables": ("R14", "Invoices do not tie to receivables"),
    "gate_deferred_revenue": ("R31", "Deferred revenue does not roll forward to the ledger"),
    "gate_control_account": ("R33", "Receivables do not tie to the ledger"),
    "gate_unexplained": ("", "Unexplained differences exceed the limit"),
    "gate_open_s1": ("S1", "Open differences block the close"),
}
"""Gate of `marts.close_status`: the breaks behind it (a control, or S1: all of that severity) and what its no means."""
_BOOKS, _DATA = "GL", "ProductData"
_WORK = "Open the period and work its differences, the largest first."
_CLOSED = "Nothing can be posted there any more: correct what is open in the open period, as a prior-period item."
_DELIVER = "Have the objects delivered again, whole and with their sidecars, and run again."

_BLOCKED = f"""
    select source_instance, legal_entity_code, legal_entity_name, period, period_state, blocking_gates,
        base_currency_code, unexplained_minor, gate_source_health, {", ".join(GATES)}
    from marts.close_status
    where readiness = 'blocked'
    order by period, legal_entity_code, source_instance
"""
_BREAKS = """
    with problems as (
        select
            links.linked_instance as books, {behind} as behind, found.legal_entity_code as entity, found.period,
            found.currency_code, found.root_exception_key, max(abs(coalesce(found.delta_minor, 0))) as amount_minor,
            count(*) as breaks,
            arg_max(found.reason, row(abs(coalesce(found.delta_minor, 0)), found.exception_key)) as reason,
            min(found.owner_role) as owner_role
        from marts.exceptions as found
        inner join config.instance_links as links
            on links.source_instance = found.source_instance and links.domain = 'erp'
        where found.code <> 'R38' {condition}
        group by all
    )
    select
        books, behind, entity, period, currency_code, sum(amount_minor)::hugeint as amount_minor,
        sum(breaks)::bigint as breaks, arg_max(reason, row(amount_minor, root_exception_key)) as reason,
        mode(owner_role order by owner_role) as owner_role
    from problems
    group by all
    order by breaks desc, currency_code
"""
"""A problem that shows in several breaks is one amount: rollforward and proof of revenue miss the same money."""
Place = tuple[str, str | None, str | None, str]


def findings(con: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """The findings of the published snapshot, the oldest period first."""
    controls = {row["code"]: row for row in rows(con, "select code, owner_role, next_step from marts.controls")}
    breaks = _breaks(con, "found.code", "") | _breaks(con, "'S1'", "and found.severity = 'S1'")
    blocked = rows(con, _BLOCKED)
    for row in blocked:
        for gate, (behind, title) in GATES.items():
            if row[gate] != "passed":
                yield _finding(row, gate, title, _behind(breaks, row, behind), controls.get(behind, {}))
    yield from _source_gates(blocked)


def _finding(row: Row, gate: str, title: str, parts: list[dict[str, Any]], control: Row) -> Finding:
    is_unexplained, is_closed = gate == "gate_unexplained", row["period_state"] == "hard_closed"
    base = {"currency_code": row["base_currency_code"], "amount_minor": row["unexplained_minor"]}
    code, entity, period = control.get("code"), row["legal_entity_code"], row["period"]
    query = urlencode(
        {"control": code, "entity": entity, "period": period} if code else {"entity": entity, "period": period}
    )
    return Finding(
        key="|".join((gate, row["source_instance"], entity, period)),
        kind="unexplained" if is_unexplained else "gate",
        state="hard_closed" if is_closed else row[gate],
        severity="S4" if is_closed else "S1",
        owner_role=control.get("owner_role") or (parts[0]["owner_role"] if parts else _BOOKS),
        title=_title(title, row[gate], is_closed),
        where=f"{row['legal_entity_name'] or entity} ({entity}), {period}",
        amounts=amounts([base] if is_unexplained else parts),
        reason=_reason(parts) if parts else str(row["blocking_gates"]),
        next_step=_CLOSED if is_closed else control.get("next_step") or _WORK,
        page=f"controls?{query}" if code else f"?{query}",
    )


def _title(title: str, state: str, is_closed: bool) -> str:
    plain = title[0].lower() + title[1:]
    if is_closed:
        return f"The period was hard closed although {plain}"
    return title if state == "failed" else f"Could not be tested, so it blocks the close: {plain}"


def _source_gates(blocked: list[dict[str, Any]]) -> Iterator[Finding]:
    """One finding per ledger: the same source data stands in the way of all its entities and periods."""
    held = [row for row in blocked if row["gate_source_health"] != "passed" and row["period_state"] != "hard_closed"]
    for books in sorted({row["source_instance"] for row in held}):
        mine = [row for row in held if row["source_instance"] == books]
        entities, periods = ({row[name] for row in mine} for name in ("legal_entity_code", "period"))
        yield Finding(
            key=f"gate_source_health|{books}",
            kind="gate",
            state="failed" if any(row["gate_source_health"] == "failed" for row in mine) else "not_testable",
            severity="S1",
            owner_role=_DATA,
            title="Source data is not fit to close on",
            where=f"{', '.join(sorted(entities))}, {', '.join(sorted(periods))}",
            amounts=(),
            reason=str(mine[0]["blocking_gates"]),
            next_step=_DELIVER,
        )


def _breaks(con: duckdb.DuckDBPyConnection, behind: str, condition: str) -> dict[Place, list[dict[str, Any]]]:
    """Open breaks per books, entity, period and what they stand behind: a row per currency, most breaks first."""
    found: dict[Place, list[dict[str, Any]]] = {}
    for row in rows(con, _BREAKS.format(behind=behind, condition=condition)):
        found.setdefault((row["books"], row["entity"], row["period"], row["behind"]), []).append(row)
    return found


def _behind(breaks: dict[Place, list[dict[str, Any]]], row: Row, behind: str) -> list[dict[str, Any]]:
    """The breaks of entity and period; of S1 also those of no entity, or of no period while the books may change."""
    entities, periods = [row["legal_entity_code"]], [row["period"]]
    if behind == "S1":
        entities.append(None)
        periods += [None] * (row["period_state"] != "hard_closed")
    books = row["source_instance"]
    places = [(books, entity, period, behind) for entity in entities for period in periods]
    parts = [part for place in places for part in breaks.get(place, [])]
    return sorted(parts, key=lambda part: (-part["breaks"], part["currency_code"] or ""))


def _reason(parts: list[dict[str, Any]]) -> str:
    count = sum(part["breaks"] for part in parts)
    return f"{count:,} breaks, the largest: {parts[0]['reason']}" if count > 1 else str(parts[0]["reason"])
