"""Which controls have not the columns that all results share: a model far below them fails otherwise, and is blamed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from dagster_project.sql import column

_CONTROL = re.compile(r"r\d\d_\w+")
_RESULTS = "reconciliation_results"
_COLUMNS = """
    select column_name from information_schema.columns
    where table_catalog = current_database() and table_schema = 'reconciliation' and table_name = ?"""


def misshapen(con: duckdb.DuckDBPyConnection, contents: Mapping[str, Any]) -> Iterator[str]:
    """In words, each control that was built and lacks columns of the contract of `marts.reconciliation_results`."""
    models = [node for node in contents["nodes"].values() if node["resource_type"] == "model"]
    wanted = next((list(node["columns"]) for node in models if node["name"] == _RESULTS), [])
    for node in models:
        built = column(con, _COLUMNS, [node["name"]]) if _CONTROL.fullmatch(node["name"]) else []
        lacking = [name for name in wanted if name not in built] if built else []
        if lacking:
            where = f"control {node['name']} ({node['original_file_path']})"
            expected = f"the columns of {_RESULTS}, which the macro reconcile gives"
            yield f"{where} lacks {', '.join(lacking)}; expected {expected}"
