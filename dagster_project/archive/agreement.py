"""The version of the contract that a delivery and this home agree on, or why they do not."""

from __future__ import annotations

import duckdb

from dagster_project.archive import rows
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.parsing.faults import FileFault
from dagster_project.archive.releases import Releases, UnknownVersion
from dagster_project.archive.rows import Terms
from dagster_project.settings import Settings
from dagster_project.sources.contracts import DomainContract


def agreed(
    con: duckdb.DuckDBPyConnection, settings: Settings, releases: Releases, link: Manifest, terms: Terms
) -> DomainContract:
    """The contract that the file of `link` is checked against: the version that its sidecar declares, else the current.

    Raises FileFault when the declared version is not released, and says how the file, mapped, differs from the current.
    """
    declared = link.sidecar.schema_version if link.sidecar else None
    try:
        return releases.asked(link.domain, declared)
    except UnknownVersion as unknown:
        current = releases.current(link.domain)
        difference = _difference(con, settings, link, terms.under(current))
        raise FileFault(
            link.file_name,
            f"{unknown}; held against {current.version}: {difference}",
            f"one of the released versions {', '.join(releases.line(link.domain).live)}: release the new version with"
            " `tieout contract release`, or have the source declare one of these",
            column="schema_version",
            value=declared,
        ) from None


def _difference(con: duckdb.DuckDBPyConnection, settings: Settings, link: Manifest, terms: Terms) -> str:
    try:
        parsed = rows.parse_raw(con, settings, link, terms)
    except FileFault as fault:
        return fault.found
    new = [drift.column_name for drift in parsed.drift if drift.drift == "new_column"]
    return f"it has the new columns {', '.join(new)}" if new else "its columns do not differ"
