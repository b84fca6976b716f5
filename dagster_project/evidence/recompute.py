"""Recomputes a pack's totals from its own Parquet files: nothing is read but the pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from dagster_project.evidence.close import close_faults
from dagster_project.evidence.totals import TOTALS
from dagster_project.sql import quoted, scalar

_VIEWS = {
    "population": "populations/*/*.parquet",
    "exceptions": "exceptions.parquet",
    **{
        name: f"bridge/{name}.parquet"
        for name in ("bridge_cells", "bridge_allocation", "bridge_tax", "bridge_reporting", "bridge_periods",
                     "bridge_rollforward")
    },
    **{
        name: f"results/{name}.parquet"
        for name in ("business_transactions", "business_transaction_steps", "in_tolerance", "tolerance_budget",
                     "lineage_edges", "controls", "close_status", "parameters", "instance_links")
    },
    **{f"stated_{name}": f"totals/{name}.parquet" for name in TOTALS},
}  # fmt: skip
_CELL = ("legal_entity_code", "customer_id", "subscription_id", "sku", "service_period_start", "currency_code")


def recompute(con: duckdb.DuckDBPyConnection, folder: Path, facts: dict[str, Any]) -> tuple[int, list[str]]:
    """How many stated totals were recomputed, and every difference in words (both ways: too much and too little)."""
    lacking = [f"{files}: is missing; no total can be recomputed without it" for files in _VIEWS.values()
               if not any(folder.glob(files))]  # fmt: skip
    if lacking:
        return 0, lacking
    for view, files in _VIEWS.items():
        con.execute(f"create view {view} as from read_parquet('{quoted(folder / files)}')")
    names = {view: view for view in _VIEWS}
    faults = [fault for name, query in TOTALS.items() for fault in _total_faults(con, name, query.format(**names))]
    faults += [
        *_exceptions_are_the_breaks(con),
        *_causes_sum_to_their_leg(con),
        *_tables_agree(con),
        *close_faults(con, facts),
    ]
    return sum(scalar(con, f"select count(*) from stated_{name}") for name in TOTALS), faults


def _total_faults(con: duckdb.DuckDBPyConnection, name: str, query: str) -> list[str]:
    rows = con.execute(_both_ways(f"(from stated_{name})", f"({query})")).fetchall()
    sides = {"one": "stated but not recomputed", "other": "recomputed but not stated"}
    return [f"totals/{name}.parquet: {sides[side]}: {', '.join(map(str, values))}" for side, *values in rows]


def _both_ways(one: str, other: str) -> str:
    """Rows of one that the other lacks, and the other way round, marked one or other."""
    return f"""
        select 'one' as side, * from (from {one} except all from {other})
        union all
        select 'other', * from (from {other} except all from {one})
        order by all
    """


def _exceptions_are_the_breaks(con: duckdb.DuckDBPyConnection) -> list[str]:
    key = "select code, source_instance, match_key, delta_minor from"
    rows = con.execute(_both_ways(f"({key} population where status = 'break')", f"({key} exceptions)")).fetchall()
    words = {"one": "is a break but no exception", "other": "is an exception but no break"}
    return [
        f"exceptions.parquet: {code} {key} ({delta} minor units) {words[side]}" for side, code, _, key, delta in rows
    ]


def _causes_sum_to_their_leg(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The identity of the bridge: in every cell each leg equals the sum of its causes, by integer equality."""
    cell = ", ".join(_CELL)
    legs = f"""
        (
            select {cell}, 'A' as leg, expected_minor - metered_minor as leg_minor from bridge_cells
            union all
            select {cell}, 'B', metered_minor - billed_minor from bridge_cells
            union all
            select {cell}, 'C', billed_minor - posted_minor from bridge_cells
            union all
            select {cell}, 'D', posted_minor - settled_minor from bridge_cells
        )
    """
    causes = f"""
        (
            select {cell}, leg, cast(sum(amount_minor) as decimal(38, 0)) as leg_minor
            from bridge_allocation
            group by all
        )
    """
    words = {"one": "its leg is", "other": "its causes sum to"}
    rows = con.execute(_both_ways(legs, causes)).fetchall()
    return [
        f"bridge: {entity} {customer} {subscription}|{sku}|{start} {currency}, leg {leg}:"
        f" {words[side]} {amount} minor units"
        for side, entity, customer, subscription, sku, start, currency, leg, amount in rows
    ]


_AGREEMENTS = {
    "bridge/bridge_reporting.parquet is another bridge than bridge/bridge_allocation.parquet": (
        """
        select legal_entity_code, currency_code, leg, cause_code, cast(sum(amount_minor) as decimal(38, 0))
        from bridge_reporting group by all having sum(amount_minor) <> 0
        """,
        """
        select legal_entity_code, currency_code, leg, cause_code, cast(sum(amount_minor) as decimal(38, 0))
        from bridge_allocation group by all having sum(amount_minor) <> 0
        """,
    ),
    "bridge/bridge_rollforward.parquet does not roll": (
        """
        select source_instance, legal_entity_code, currency_code, leg, period, opening_minor, closing_minor
        from bridge_rollforward
        """,
        """
        select
            source_instance, legal_entity_code, currency_code, leg, period,
            cast(sum(created_minor - reversed_minor) over items - created_minor + reversed_minor as decimal(38, 0)),
            cast(sum(created_minor - reversed_minor) over items as decimal(38, 0))
        from bridge_rollforward
        window items as (partition by source_instance, legal_entity_code, currency_code, leg order by period)
        """,
    ),
    "results/tolerance_budget.parquet is not what was tolerated": (
        """
        select
            code, legal_entity_code, currency_code, cast(sum(differences) as bigint),
            cast(sum(net_minor) as decimal(38, 0)), cast(sum(absolute_minor) as decimal(38, 0))
        from tolerance_budget group by all
        """,
        "from stated_tolerance_totals",
    ),
    "results/business_transactions.parquet does not follow from its steps": (
        """
        select
            workflow, business_transaction_id, source_instance, step_count, done_count, late_count, failed_count
        from business_transactions
        """,
        """
        select
            workflow, business_transaction_id, source_instance, count(*), count(*) filter (state in ('done', 'late')),
            count(*) filter (state = 'late'), count(*) filter (state in ('failed', 'missing'))
        from business_transaction_steps
        group by all
        """,
    ),
    "results/controls.parquet states another number of results than the populations hold": (
        "select code, results_in_pack from controls",
        """
        select c.code, count(p.code)
        from controls as c
        left join population as p on c.code = p.code
        group by c.code
        """,
    ),
}


def _tables_agree(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables that say the same thing twice must say it alike: the first is stated, the second follows."""
    sides = {"one": "stated", "other": "recomputed"}
    return [
        f"{words}: {sides[side]} {', '.join(map(str, values))}"
        for words, (stated, recomputed) in _AGREEMENTS.items()
        for side, *values in con.execute(_both_ways(f"({stated})", f"({recomputed})")).fetchall()
    ]
