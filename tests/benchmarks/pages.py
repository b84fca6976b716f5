"""The queries behind each dashboard page, run through the page itself, over a snapshot with many result rows.

python -m tests.benchmarks.pages FOLDER --rows 10000000      # over a copy of a closed company, such as .demo
python -m tests.benchmarks.pages FOLDER [--floor]            # over the snapshot as it is
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from tests.benchmarks import inflated
from tests.benchmarks.measured import Result, measure, module
from tests.benchmarks.report import as_data

_SHOWN = 200
FIRST = (
    ("close", {}),
    ("variance", {}),
    ("controls", {}),
    ("sources", {}),
)


def case(folder: Path, rows: int) -> Result:
    """Visits every page over the published results of `folder`, inflated to `rows`."""
    home = folder / "pages"
    made = inflate(folder, home, rows)
    floor, _, _ = measure(module("pages", home, "--floor"))
    measured, out, _ = measure(module("pages", home))
    shutil.rmtree(home)
    taken = json.loads(out)
    details = {f"{kind} {name}": figures for kind, of in taken.items() for name, figures in of.items()}
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
        inflated.inflate(con, rows)
        (made,) = con.execute("select count(*) from marts.reconciliation_results").fetchone() or (0,)
    return int(made)


def visits(home: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Pages with what a reader narrows them to: the largest control, customer and month that there are."""
    with _opened(home) as con:
        code, period = _first(
            con, "select code, max(period) from marts.reconciliation_results group by code order by count(*) desc"
        )
        customer, month = _first(
            con,
            "select customer_id, strftime(max(service_period_start), '%Y-%m') from marts.bridge_cells"
            " group by customer_id order by count(*) desc, customer_id",
        )
        record, instance = _first(
            con,
            "select match_key, source_instance from marts.reconciliation_results"
            f" where code = '{code}' order by match_key desc",
        )
    yield from FIRST
    yield "close", {"period": "all"}
    for by in ("customer", "period"):
        yield "variance", {"by": by}
    yield "variance", {"by": "customer", "differing": "1", "period": month}
    yield "variance", {"by": "customer", "q": customer[-2:]}
    yield "variance", {"customer": customer, "by": "period", "records": "results"}
    for kind in ("results", "invoice_lines", "ar_documents", "cash_applications"):
        yield "variance", {"records": kind}
        yield "variance", {"records": kind, "period": month}
    yield "controls", {"control": "R14"}
    for status in ("break", "matched", "all"):
        yield "controls", {"control": code, "status": status}
    yield "controls", {"control": code, "status": "all", "period": period or ""}
    yield "controls", {"control": code, "status": "all", "q": record[-4:]}
    yield "controls", {"control": code, "record": record, "instance": instance}


def visit(home: Path) -> dict[str, dict[str, Any]]:
    """Seconds of each page, of them in queries, how many queries, and the slowest. No answer is cached."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from dagster_project.settings import CONFIG_VARIABLE
    from dashboards import snapshot
    from dashboards.serve import APP

    os.environ[CONFIG_VARIABLE] = str(home / "tieout.yml")
    asked: list[tuple[float, str]] = []
    answer = snapshot._rows

    def timed(path: str, sql: str, parameters: tuple[Any, ...]) -> Any:
        began = time.monotonic()
        rows = answer(path, sql, parameters)
        asked.append((time.monotonic() - began, sql))
        return rows

    snapshot._rows = timed
    found = {}
    for page, parameters in visits(home):
        app = AppTest.from_file(str(APP), default_timeout=600)
        if page != "close":
            app.run()
            app.switch_page(f"views/{page}.py")
        app.query_params.update(parameters)
        st.cache_data.clear()
        asked.clear()
        began, processor = time.monotonic(), time.process_time()
        app.run()
        assert not app.exception, [error.message for error in app.exception]
        slowest, sql = max(asked, default=(0.0, ""))
        found[" ".join([page, *(f"{name}={value}" for name, value in parameters.items())])] = {
            "seconds": round(time.monotonic() - began, 3),
            "processor": round(time.process_time() - processor, 3),
            "queries": len(asked),
            "query_seconds": round(sum(seconds for seconds, _ in asked), 3),
            "slowest_query": round(slowest, 3),
            **({"slow": " ".join(sql.split())[:_SHOWN]} if slowest > 1 else {}),
        }
    return found


def downloads(home: Path) -> dict[str, dict[str, Any]]:
    """Seconds to the first row and to the whole file of each download, over everything that there is."""
    from dashboards.export import to_csv
    from dashboards.queries import records, results, variance
    from dashboards.queries.scope import Scope
    from dashboards.snapshot import Snapshot

    db = Snapshot(str((home / ".tieout" / "published" / "current.duckdb").resolve()))
    asked = {
        "results": results.download(Scope()),
        "breaks": results.download(Scope(), "", "break"),
        "variance by customer": variance.download(Scope(), "customer", False),
        **{kind: records.download(kind, Scope()) for kind in records.LISTINGS},
    }
    found = {}
    for name, query in asked.items():
        began, processor = time.monotonic(), time.process_time()
        size = len(to_csv(db.stream(*query)))
        found[name] = {
            "seconds": round(time.monotonic() - began, 3),
            "processor": round(time.process_time() - processor, 3),
            "bytes": size,
        }
    return found


def _opened(home: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(home / ".tieout" / "published" / "current.duckdb"), read_only=True)


def _first(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = con.execute(f"{sql} limit 1").fetchone()
    return row or ("", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--floor", action="store_true", help="only count and add up the results once")
    parser.add_argument("--rows", type=int, help="inflate a copy of the snapshot to so many results first")
    asked = parser.parse_args()
    if asked.rows:
        print(json.dumps(as_data(case(asked.folder, asked.rows)), indent=1))  # noqa: T201
        return
    if asked.floor:
        with _opened(asked.folder) as con:
            con.execute(
                "select code, period, status, currency_code, count(*), sum(delta_minor)"
                " from marts.reconciliation_results group by all"
            ).fetchall()
        return
    print(json.dumps({"page": visit(asked.folder), "file": downloads(asked.folder)}))  # noqa: T201


if __name__ == "__main__":
    main()
