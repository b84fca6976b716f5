"""Writes an evidence pack: populations, totals, bridge, sources, logic, workbook and manifest of one period.

Everything comes from the published snapshot and the archive; nothing is computed that `verify` cannot recompute.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project import leftovers, publish
from dagster_project.archive import mirror
from dagster_project.archive.engine import store_faults
from dagster_project.archive.head import HEAD
from dagster_project.archive.storage import read, storage_of
from dagster_project.errors import InputError
from dagster_project.evidence import manifest
from dagster_project.evidence.contents import write_contents
from dagster_project.evidence.logic import copy_logic
from dagster_project.evidence.readme import README, README_FILE
from dagster_project.evidence.seal import folder_name
from dagster_project.evidence.tables import TableWriter
from dagster_project.evidence.workbook import WORKBOOK, write_workbook
from dagster_project.settings import Settings
from dagster_project.sql import column, quoted, scalar
from dagster_project.version import code_version

_ISO = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"


@dataclass(frozen=True)
class Pack:
    """A written pack: its folder, its files and the root hash over them."""

    path: Path
    files: tuple[manifest.PackedFile, ...]
    root_hash: str


def write_pack(settings: Settings, period: str | None = None, entity: str | None = None) -> Pack:
    """Writes the pack of a period (default: the last that has ended) and entity (default: all) and returns it.

    The folder is named by period, entity and root hash, so that an earlier pack is never overwritten and the same
    snapshot gives the same folder again. Raises InputError for a period or entity that is not in the snapshot.
    """
    snapshot = publish.current(settings)
    with store_faults(snapshot), duckdb.connect() as con:
        con.execute(f"attach '{quoted(snapshot)}' as snapshot (read_only)")
        con.execute("use snapshot")
        chosen = _period(con, period)
        _check_entity(con, entity)
        settings.evidence_path.mkdir(parents=True, exist_ok=True)
        leftovers.clear(settings.evidence_path.glob(".*.tmp"))
        scratch = leftovers.scratch_of(settings.evidence_path / "pack")
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            with store_faults(scratch):
                return _write(con, settings, scratch, chosen, entity)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _write(con: duckdb.DuckDBPyConnection, settings: Settings, folder: Path, period: str, entity: str | None) -> Pack:
    folder.mkdir(parents=True)
    tables = TableWriter(con, folder)
    write_contents(con, tables, period, entity)
    _archive_manifests(settings, folder)
    copy_logic(settings, folder / "logic")
    facts = _facts(con, settings, period, entity, tables)
    write_workbook(con, folder, folder / WORKBOOK, facts)
    (folder / README_FILE).write_text(README, encoding="utf-8")
    files = manifest.describe(folder, tables.rows)
    root = manifest.write(folder, facts, files)
    target = settings.evidence_path / folder_name(period, entity, root)
    try:
        if not target.exists():
            os.replace(folder, target)
    except OSError:  # another run has just made the same pack
        if not target.exists():
            raise
    return Pack(target, tuple(files), root)


def _archive_manifests(settings: Settings, folder: Path) -> None:
    """The manifests of every batch as archived: they hold the hashes of the raw bytes and chain to each other."""
    for file in mirror.manifest_files(settings):
        target = folder / "sources" / file.relative_to(settings.archive_path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    head = read(storage_of(settings), HEAD)
    if head is not None:
        (folder / "sources" / HEAD).write_bytes(head)


def _facts(
    con: duckdb.DuckDBPyConnection, settings: Settings, period: str, entity: str | None, tables: TableWriter
) -> dict[str, Any]:
    return {
        "company": settings.company,
        "period": period,
        "entity": entity or "all",
        "as_of": scalar(con, f"select {_ISO.format('as_of')} from config.parameters"),
        "known_at": scalar(con, f"select {_ISO.format('max(extracted_at)')} from landed.batches"),
        "code_version": code_version(),
        "reporting_currency": settings.reporting_currency,
        "authority_model": settings.authority_model,
        "neutralised_csv_cells": tables.neutralised_cells,
    }


def _period(con: duckdb.DuckDBPyConnection, period: str | None) -> str:
    """The asked period, else the last that has ended at the run's `as_of`."""
    known = column(con, "select distinct period from marts.reconciliation_results where period is not null order by 1")
    if period is None:
        ended = column(
            con,
            "select distinct a.period from canonical.accounting_period as a, config.parameters as p"
            " where a.end_date < cast(p.as_of as date)",
        )
        chosen = max((one for one in known if one in ended), default=max(known, default=None))
        if chosen is None:
            raise InputError("the published snapshot holds no result of any period; nothing to give evidence of")
        return str(chosen)
    if period not in known:
        raise InputError(f"--period {period}: nothing of that period is published; expected one of {', '.join(known)}")
    return period


def _check_entity(con: duckdb.DuckDBPyConnection, entity: str | None) -> None:
    known = column(con, "select distinct legal_entity_code from canonical.legal_entity order by 1")
    if entity is not None and entity not in known:
        raise InputError(f"--entity {entity}: no such legal entity is published; expected one of {', '.join(known)}")
