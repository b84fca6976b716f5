"""Recomputes what of a close follows from the pack: readiness from its gates, gates from the period's results.

Not recomputed: the gates of source health and of unexplained differences, whose deliveries and rates lie in no pack.
"""

from __future__ import annotations

from typing import Any

import duckdb

from dagster_project.sql import listed

_GATES = {
    "R22": "gate_interface",
    "R14": "gate_receivables",
    "R31": "gate_deferred_revenue",
    "R33": "gate_control_account",
}
_ALL = (*_GATES.values(), "gate_source_health", "gate_unexplained", "gate_open_s1")
_READINESS = f"""
    select
        source_instance, legal_entity_code, period, 'readiness', readiness as stated,
        case
            when end_date >= cast(as_of as date) then 'running'
            when 'failed' in ({", ".join(_ALL)}) or 'not_testable' in ({", ".join(_ALL)}) then 'blocked'
            else 'ready'
        end as follows
    from close_status
    cross join parameters
"""
# what was not tested and has no period or entity may be in another period's pack: it leaves a gate not tested here
_GATE = """
    select
        c.source_instance, c.legal_entity_code, c.period, '{gate}', c.{gate} as stated,
        case
            when count(*) filter (
                p.status = 'break' and p.period = c.period and p.legal_entity_code = c.legal_entity_code
            ) > 0 then 'failed'
            when count(*) filter (p.status = 'not_testable') > 0 then 'not_testable'
            when c.{gate} = 'failed' then 'passed'
            else c.{gate}
        end as follows
    from asked as c
    left join erp_links as l on c.source_instance = l.linked_instance
    left join population as p
        on
            p.source_instance = l.source_instance and p.code = '{code}'
            and coalesce(p.legal_entity_code, c.legal_entity_code) = c.legal_entity_code
    group by c.source_instance, c.legal_entity_code, c.period, c.{gate}
"""
_OPEN_S1 = """
    select c.*, count(e.code) as found
    from asked as c
    cross join parameters as t
    left join erp_links as l on c.source_instance = l.linked_instance
    left join exceptions as e
        on
            e.source_instance = l.source_instance and e.severity = 'S1' and e.code <> 'R38'
            and coalesce(e.legal_entity_code, c.legal_entity_code) = c.legal_entity_code
            and (
                e.period = c.period
                or (e.period is null and c.period_state <> 'hard_closed' and c.start_date <= t.as_of)
            )
    group by all
"""


def close_faults(con: duckdb.DuckDBPyConnection, facts: dict[str, Any]) -> list[str]:
    """Every readiness, gate and number of open S1 that does not follow, in words."""
    entity = "" if facts["entity"] == "all" else f"and legal_entity_code in ({listed([facts['entity']])})"
    period = listed([facts["period"]])
    con.execute(f"create temp view asked as from close_status where period = {period} {entity}")
    con.execute("create temp view erp_links as from instance_links where domain = 'erp'")
    con.execute(f"create temp view open_s1 as {_OPEN_S1}")
    row = "source_instance, legal_entity_code, period"
    queries = [
        _READINESS,
        *(_GATE.format(gate=gate, code=code) for code, gate in _GATES.items()),
        f"select {row}, 'open_s1_exceptions', cast(open_s1_exceptions as varchar), cast(found as varchar) from open_s1",
        f"select {row}, 'gate_open_s1', gate_open_s1, case when found > 0 then 'failed' else 'passed' end from open_s1",
    ]
    compared = " union all ".join(f"({query})" for query in queries)
    columns = "source_instance, legal_entity_code, period, name, stated, follows"
    rows = con.execute(f"from ({compared}) as t({columns}) where stated is distinct from follows order by all")
    return [
        f"results/close_status.parquet: {source} {entity} {period}, {name}: stated {stated}, but {follows} follows from"
        " the pack"
        for source, entity, period, name, stated, follows in rows.fetchall()
    ]
