"""Shows the relations that were handed over as views of Spark, typed as the models expect them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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


def show(spark: Any, relations: Iterable[Mapping[str, Any]]) -> None:
    """(Re)creates one view per relation of the handover; tables come first, because others look into them."""
    known = list(relations)
    for schema in sorted({one["schema"] for one in known}):
        spark.sql(f"create database if not exists `{schema}`")
    for one in sorted(known, key=lambda one: one["is_restated"]):
        spark.sql(f"create or replace view `{one['schema']}`.`{one['name']}` as {query_of(one)}")


def query_of(relation: Mapping[str, Any]) -> str:
    """Its rows: per group of like files one scan, with null for a column that they do not have."""
    kinds = {name: spark_type(kind) for name, kind in relation["columns"]}
    nothing = ", ".join(f"cast(null as {kind}) as `{name}`" for name, kind in kinds.items())
    scans = [f"select {nothing} where false"] + [_scan(part, kinds) for part in relation["parts"]]
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


def _scan(part: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    held = set(part["columns"])
    listed = ", ".join(
        f"cast({f'`{name}`' if name in held else 'null'} as {kind}) as `{name}`" for name, kind in kinds.items()
    )
    folders: dict[str, list[str]] = {}
    for file in part["files"]:
        folder, _, name = file.rpartition("/")
        folders.setdefault(folder, []).append(name)
    scans = (f"select {listed} from parquet.`{_escaped(folder)}/{_one_of(names)}`" for folder, names in folders.items())
    return " union all ".join(scans)


def _one_of(names: list[str]) -> str:
    return _escaped(names[0]) if len(names) == 1 else "{" + ",".join(map(_escaped, names)) + "}"


def _escaped(path: str) -> str:
    """A path as a pattern that matches it alone."""
    return re.sub(r"([\\*?\[\]{},])", r"\\\1", path).replace("`", "``")
