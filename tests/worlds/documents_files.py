"""Rows as landing files: CSV or JSON lines, with the sidecar that the source would write beside them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dagster_project.sources.contracts import load_contracts

AS_IT_IS: Mapping[str, Any] = MappingProxyType({})  # no change
EXTRACTED = "2026-05-18T05:00:00Z"
COLUMNS = {
    (domain, name): [column.name for column in contract.columns]
    for (domain, name), contract in load_contracts().items()
}


def write_object(
    folder: Path, name: str, rows: list[dict[str, Any]], suffix: str = "csv", stem: str | None = None,
    sidecar: Mapping[str, Any] | None = AS_IT_IS,
) -> Path:  # fmt: skip
    """One file of the object and its sidecar with the changes of `sidecar`; None: no sidecar. Returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{stem or name}.{suffix}"
    header = list(rows[0]) if rows else _header(name)
    with file.open("w", encoding="utf-8", newline="") as out:
        if suffix == "jsonl":
            for row in rows:
                out.write(json.dumps({key: _plain(value) for key, value in row.items()}, ensure_ascii=False) + "\n")
        else:
            writer = csv.DictWriter(out, header, lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
    if sidecar is not None:
        report = {"extracted_at": EXTRACTED, "row_count": len(rows), "schema_version": "1"} | sidecar
        file.with_name(file.name + ".manifest.json").write_text(json.dumps(report), encoding="utf-8")
    return file


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _header(name: str) -> list[str]:
    """The header of an empty file: every column of the contract."""
    return next(columns for (_, key), columns in COLUMNS.items() if key == name)
