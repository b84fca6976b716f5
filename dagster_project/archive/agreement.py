"""The version of the contract that a delivery and this home agree on, or why they do not."""

from __future__ import annotations

import duckdb

from dagster_project.archive.manifest import SidecarRecord
from dagster_project.archive.parsing.faults import FileFault
from dagster_project.archive.parsing.parse import parse
from dagster_project.archive.parsing.rawfile import RawFile
from dagster_project.archive.releases import Releases, UnknownVersion
from dagster_project.sources.contracts import Contract, DomainContract


def agreed(
    con: duckdb.DuckDBPyConnection,
    releases: Releases,
    domain: str,
    object: str,
    file: RawFile,
    sidecar: SidecarRecord | None,
) -> DomainContract:
    """The contract that the file is checked against: the version that its sidecar declares, else the current one.

    Raises FileFault when the declared version is not released, and says how the file differs from the current one.
    """
    declared = sidecar.schema_version if sidecar else None
    try:
        return releases.asked(domain, declared)
    except UnknownVersion as unknown:
        current = releases.current(domain)
        difference = _difference(con, file, current.object(object))
        raise FileFault(
            file.name,
            f"{unknown}; held against {current.version}: {difference}",
            f"one of the released versions {', '.join(releases.line(domain).live)}: release the new version with"
            " `tieout contract release`, or have the source declare one of these",
            column="schema_version",
            value=declared,
        ) from None


def _difference(con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract) -> str:
    try:
        parsed = parse(con, file, contract)
    except FileFault as fault:
        return fault.found
    new = [drift.column_name for drift in parsed.drift if drift.drift == "new_column"]
    return f"it has the new columns {', '.join(new)}" if new else "its columns do not differ"
