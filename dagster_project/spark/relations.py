"""Shows the relations that were handed over as views of Spark, typed as the models expect them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_TYPES = {
    "VARCHAR": "string",
    "HUGEINT": "decimal(38, 0)",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double",
    "TIMESTAMP": "timestamp",
}
_DECIMAL = re.compile(r"DECIMAL\(\d+, ?\d+\)")


@dataclass(frozen=True)
class Scan:
    """Like files of one folder: the table that reads them, the pattern that matches them alone, what they hold."""

    table: str
    path: str
    columns: frozenset[str]


def show(spark: Any, relations: Iterable[Mapping[str, Any]]) -> None:
    """Makes one view per relation of the handover; tables come first, because others look into them.

    Files are read by tables beneath the views: of a path in a view Spark would list the files and read their columns
    again with every statement that reads the view.
    """
    known = list(relations)
    for schema in sorted({one["schema"] for one in known}):
        spark.sql(f"create database if not exists `{schema}`")
    for one in sorted(known, key=lambda one: one["is_restated"]):
        for scan in scans_of(one):
            spark.catalog.createTable(f"{one['schema']}.{scan.table}", path=scan.path, source="parquet")
        spark.sql(f"create view `{one['schema']}`.`{one['name']}` as {query_of(one)}")


def scans_of(relation: Mapping[str, Any]) -> list[Scan]:
    """What is read of a relation: per group of like files and folder one scan."""
    found: list[Scan] = []
    for part in relation["parts"]:
        folders: dict[str, list[str]] = {}
        for file in part["files"]:
            folder, _, name = file.rpartition("/")
            folders.setdefault(folder, []).append(name)
        for folder, names in folders.items():
            table, path = f"{relation['name']}__files_{len(found)}", f"{_escaped(folder)}/{_one_of(names)}"
            found.append(Scan(table, path, frozenset(part["columns"])))
    return found


def query_of(relation: Mapping[str, Any]) -> str:
    """Its rows: all of its scans, with null for a column that they do not have."""
    kinds = {name: spark_type(kind) for name, kind in relation["columns"]}
    nothing = ", ".join(f"cast(null as {kind}) as `{name}`" for name, kind in kinds.items())
    scans = [
        f"select {_held(scan, kinds)} from `{relation['schema']}`.`{scan.table}`" for scan in scans_of(relation)
    ] or [f"select {nothing} where false"]
    rows = " union all ".join(scans)
    if not relation["is_restated"]:
        return rows
    listed = ", ".join(
        "batches.`extracted_at`" if name == "extracted_at" else f"landed_rows.`{name}`" for name in kinds
    )
    return (
        f"select {listed} from ({rows}) as landed_rows left join `landed`.`batches` as batches"
        " on batches.source_instance = landed_rows.source_instance and batches.batch_id = landed_rows.batch_id"
    )


def spark_type(kind: str) -> str:
    """Spark's name of a DuckDB type; ValueError for one that no handed-over relation has."""
    if kind.endswith("[]"):
        return f"array<{spark_type(kind[:-2])}>"
    if _DECIMAL.fullmatch(kind):
        return kind.lower()
    if kind not in _TYPES:
        raise ValueError(f"no type of Spark is known for DuckDB's {kind}; expected one of {', '.join(_TYPES)}")
    return _TYPES[kind]


def _held(scan: Scan, kinds: Mapping[str, str]) -> str:
    return ", ".join(
        f"cast({f'`{name}`' if name in scan.columns else 'null'} as {kind}) as `{name}`" for name, kind in kinds.items()
    )


def _one_of(names: list[str]) -> str:
    return _escaped(names[0]) if len(names) == 1 else "{" + ",".join(map(_escaped, names)) + "}"


def _escaped(path: str) -> str:
    """A path as a pattern that matches it alone."""
    return re.sub(r"([\\*?\[\]{},])", r"\\\1", path)
