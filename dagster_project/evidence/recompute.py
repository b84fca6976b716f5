"""Recomputes a pack's totals from its own Parquet files: nothing is read but the pack."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.evidence import totals
from dagster_project.sql import quoted, scalar

_VIEWS = {
    "population": "populations/*/*.parquet",
    "exceptions": "exceptions.parquet",
    "cells": "bridge/bridge_cells.parquet",
    "allocation": "bridge/bridge_allocation.parquet",
    "stated_control_totals": "totals/control_totals.parquet",
    "stated_bridge_totals": "totals/bridge_totals.parquet",
}
_CELL = ("legal_entity_code", "customer_id", "subscription_id", "sku", "service_period_start", "currency_code")


def recompute(con: duckdb.DuckDBPyConnection, folder: Path) -> tuple[int, list[str]]:
    """How many stated totals were recomputed, and every difference in words (both ways: too much and too little)."""
    for view, files in _VIEWS.items():
        con.execute(f"create view {view} as from read_parquet('{quoted(folder / files)}')")
    faults = [
        *_differences(con, "control_totals", totals.TOTALS.format(population="population")),
        *_differences(con, "bridge_totals", totals.BRIDGE_LEGS.format(allocation="allocation")),
        *_exceptions_are_the_breaks(con),
        *_causes_sum_to_their_leg(con),
    ]
    compared = sum(scalar(con, f"select count(*) from stated_{name}") for name in ("control_totals", "bridge_totals"))
    return compared, faults


def _differences(con: duckdb.DuckDBPyConnection, name: str, query: str) -> list[str]:
    rows = con.execute(
        f"""
        with recomputed as ({query})
        select 'stated but not recomputed' as side, * from (from stated_{name} except all from recomputed)
        union all
        select 'recomputed but not stated', * from (from recomputed except all from stated_{name})
        """
    ).fetchall()
    return [f"totals/{name}.parquet: {side}: {', '.join(map(str, values))}" for side, *values in rows]


def _exceptions_are_the_breaks(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute(
        """
        with breaks as (
            select code, source_instance, match_key, delta_minor from population where status = 'break'
        ),
        open_exceptions as (select code, source_instance, match_key, delta_minor from exceptions)
        select 'is a break but no exception', * from (from breaks except all from open_exceptions)
        union all
        select 'is an exception but no break', * from (from open_exceptions except all from breaks)
        """
    ).fetchall()
    return [f"exceptions.parquet: {code} {key} ({delta} minor units) {words}" for words, code, _, key, delta in rows]


def _causes_sum_to_their_leg(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The identity of the bridge: in every cell each leg equals the sum of its causes, by integer equality."""
    cell = ", ".join(_CELL)
    rows = con.execute(
        f"""
        with legs as (
            select {cell}, 'A' as leg, expected_minor - metered_minor as leg_minor from cells
            union all
            select {cell}, 'B', metered_minor - billed_minor from cells
            union all
            select {cell}, 'C', billed_minor - posted_minor from cells
            union all
            select {cell}, 'D', posted_minor - settled_minor from cells
        ),
        causes as (
            select {cell}, leg, cast(sum(amount_minor) as decimal(38, 0)) as leg_minor from allocation group by all
        )
        select 'its leg is', * from (from legs except all from causes)
        union all
        select 'its causes sum to', * from (from causes except all from legs)
        order by all
        """
    ).fetchall()
    return [
        f"bridge: {entity} {customer} {subscription}|{sku}|{start} {currency}, leg {leg}: {words} {amount} minor units"
        for words, entity, customer, subscription, sku, start, currency, leg, amount in rows
    ]
