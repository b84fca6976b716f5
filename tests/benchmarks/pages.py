"""The queries behind each dashboard page, run through the page itself, over a snapshot with many result rows.

    python -m tests.benchmarks.pages FOLDER [--floor]

FOLDER holds a home whose snapshot was inflated by `inflate`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import duckdb

from tests.benchmarks.measured import Result, measure, module

VISITS: tuple[tuple[str, dict[str, str]], ...] = (
    ("close", {}),
    ("variance", {}),
    ("controls", {}),
    ("controls", {"control": "R21"}),
    ("sources", {}),
)
_BREAKS = 1000  # one result in so many is made a break: the company of the benchmark is a clean one
_WIDENED = ("reconciliation_results", "bridge_cells", "bridge_allocation")
_KEYS = {
    "reconciliation_results": "match_key",
    "bridge_cells": "subscription_id",
    "bridge_allocation": "subscription_id",
}


def case(folder: Path, rows: int) -> Result:
    """Visits every page over the published results of `folder`, inflated to `rows`."""
    home = folder / "pages"
    made = inflate(folder, home, rows)
    floor, _, _ = measure(module("pages", home, "--floor"))
    measured, out, _ = measure(module("pages", home))
    shutil.rmtree(home)
    details = {"pages": json.loads(out)}
    return Result("pages", "every dashboard page, over many results", made, measured, floor, details)


def inflate(folder: Path, home: Path, rows: int) -> int:
    """A home of its own with the snapshot of `folder`, in which results and cells come often enough; gives results."""
    shutil.rmtree(home, ignore_errors=True)
    published = home / ".tieout" / "published"
    published.mkdir(parents=True)
    shutil.copy(folder / "tieout.yml", home / "tieout.yml")
    file = published / "tieout-000001.duckdb"
    shutil.copy(folder / ".tieout" / "published" / "current.duckdb", file)
    (published / "current.duckdb").symlink_to(file.name)
    with duckdb.connect(str(file), config={"threads": 2, "memory_limit": "3GB"}) as con:
        (there,) = con.execute("select count(*) from marts.reconciliation_results").fetchone() or (1,)
        times = max(1, -(-rows // there))
        for table in _WIDENED:
            key = _KEYS[table]
            con.execute(
                f"insert into marts.{table} select held.* replace (held.{key} || '#' || n as {key})"
                f" from marts.{table} as held, range(1, {times}) as t(n)"
            )
        con.execute(
            f"""
            insert into marts.exceptions by name
            select
                md5(concat_ws('|', code, source_instance, match_key)) as exception_key, code, source_instance, match_key,
                'x99' as cause_code, 1 as delta_minor, coalesce(currency_code, 'USD') as currency_code, legal_entity_code,
                customer_id, period, 'S2' as severity, 'AR' as owner_role, 'open' as state, 'made' as reason,
                'none' as next_step, left_ref, right_ref, exception_key as root_exception_key
            from marts.reconciliation_results
            where hash(code, match_key) % {_BREAKS} = 0
            """
        )
        (made,) = con.execute("select count(*) from marts.reconciliation_results").fetchone() or (0,)
    return int(made)


def visit(home: Path) -> dict[str, dict[str, Any]]:
    """Seconds of each page, of them in queries, how many queries, and the slowest. No answer is cached."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from dagster_project.settings import CONFIG_VARIABLE
    from dashboards import snapshot
    from dashboards.serve import APP

    os.environ[CONFIG_VARIABLE] = str(home / "tieout.yml")
    asked: list[float] = []
    answer = snapshot._rows

    def timed(*arguments: Any) -> Any:
        began = time.monotonic()
        rows = answer(*arguments)
        asked.append(time.monotonic() - began)
        return rows

    snapshot._rows = timed
    found = {}
    for page, parameters in VISITS:
        app = AppTest.from_file(str(APP), default_timeout=600)
        if page != "close":
            app.run()
            app.switch_page(f"views/{page}.py")
        app.query_params.update(parameters)
        st.cache_data.clear()
        asked.clear()
        began = time.monotonic()
        app.run()
        assert not app.exception, [error.message for error in app.exception]
        name = " ".join([page, *parameters.values()])
        found[name] = {
            "seconds": round(time.monotonic() - began, 3),
            "query_seconds": round(sum(asked), 3),
            "queries": len(asked),
            "slowest_query": round(max(asked, default=0), 3),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--floor", action="store_true", help="only count and add up the results once")
    asked = parser.parse_args()
    if asked.floor:
        with duckdb.connect(str(asked.folder / ".tieout" / "published" / "current.duckdb"), read_only=True) as con:
            con.execute(
                "select code, period, status, currency_code, count(*), sum(delta_minor)"
                " from marts.reconciliation_results group by all"
            ).fetchall()
        return
    print(json.dumps(visit(asked.folder)))  # noqa: T201


if __name__ == "__main__":
    main()
