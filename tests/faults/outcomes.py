"""What an ingestion leaves behind, said in a way that two of them can be compared."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from dagster_project.archive import store
from dagster_project.settings import load


def archived(folder: Path) -> dict[str, str]:
    """Every file of the archive with the hash of its bytes, what was left half-written included."""
    root = load(folder / "tieout.yml").archive_path
    files = sorted(file for file in root.rglob("*") if file.is_file())
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def landed(folder: Path) -> dict[str, tuple[int, int]]:
    """Rows and an order-free hash of every relation of `landed` and `config`."""
    with duckdb.connect(str(load(folder / "tieout.yml").warehouse_path), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        names = con.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('landed', 'config') order by all"
        ).fetchall()
        hashed = " union all ".join(
            f"select '{name}', count(*), coalesce(sum(hash(t)::hugeint), 0)::hugeint from {name} as t"
            for (name,) in names
        )
        return {name: (int(rows), int(total)) for name, rows, total in con.execute(hashed).fetchall()}


def faults_visible_to_readers(folder: Path) -> list[str]:
    """What a reader would meet at this moment: torn manifests, Parquet that does not open, raw bytes of another name."""
    settings = load(folder / "tieout.yml")
    faults = store.chain_faults(store.read_manifests(settings))
    for file in settings.archive_path.rglob("*"):
        if file.name.startswith(".") or not file.is_file() or "tmp" in file.relative_to(settings.archive_path).parts:
            continue
        content = file.read_bytes()
        is_torn = file.suffix == ".parquet" and (content[:4] != b"PAR1" or content[-4:] != b"PAR1")
        is_other = "raw" in file.parts and hashlib.sha256(content).hexdigest() != file.name
        if is_torn or is_other:
            faults.append(f"{file.relative_to(settings.archive_path)} is not whole")
    return faults
