"""What leaves the pipeline: the published snapshot that dashboards read, and the evidence pack of the period."""

import time
from contextlib import suppress

import dagster as dg
import duckdb
from pydantic import TypeAdapter

from dagster_project import evidence, progress, publish, warehouse
from dagster_project.archive.head import HEAD
from dagster_project.archive.storage import read, storage_of
from dagster_project.close import first_seen
from dagster_project.defs import observed
from dagster_project.defs.faults import in_words
from dagster_project.defs.periods import ACCOUNTING_PERIODS, DEFAULTED_TAG, register
from dagster_project.defs.resources import PACK, WRITER_POOL, Tieout
from dagster_project.errors import InputError
from dagster_project.settings import Settings
from dagster_project.sql import column
from dagster_project.warehouse import steps

SNAPSHOT = dg.AssetKey(["published", "snapshot"])


def build_snapshot(upstream: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """`published/snapshot`, after everything it copies: the marts and what the outcome suites found."""

    @dg.asset(key=SNAPSHOT, deps=upstream, group_name="published", kinds={"duckdb"}, pool=WRITER_POOL)
    def snapshot(context: dg.AssetExecutionContext, tieout: Tieout) -> dg.MaterializeResult:
        """A new read-only DuckDB file of public tables; `current.duckdb` is swapped to it atomically."""
        progress.announce(progress.PUBLISHING)
        began = time.monotonic()
        with in_words():
            published = publish.publish(tieout.settings, tieout.full_refresh)
            breaks, periods = remember(tieout.settings)
        observed.published(published.path)
        register(context.instance, periods)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(published.path)),
                "bytes": published.bytes,
                "tables": len(published.held.tables),
                "dagster/row_count": sum(published.held.tables.values()),
                "open breaks": breaks,
                "seconds": round(time.monotonic() - began, 3),
            }
        )

    return snapshot


@dg.asset(key=PACK, deps=[SNAPSHOT], group_name="evidence", partitions_def=ACCOUNTING_PERIODS)
def evidence_pack(context: dg.AssetExecutionContext, tieout: Tieout) -> dg.MaterializeResult:
    """What an auditor needs to re-perform the period without asking anybody; one partition per accounting period.

    Alone it is made of what is published, beside packs of other periods, and fails where the period has no result.
    """
    progress.announce(progress.EVIDENCE)
    began = time.monotonic()
    asked = context.partition_key if context.has_partition_key else None
    with in_words():
        pack, note = made_pack(tieout, asked, is_default=DEFAULTED_TAG in context.run.tags)
    if pack is None:
        return dg.MaterializeResult(metadata={"note": note})
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(pack.path)),
            "root hash": pack.root_hash,
            "files": len(pack.files),
            "bytes": sum(file.stat().st_size for file in pack.path.rglob("*") if file.is_file()),
            "seconds": round(time.monotonic() - began, 3),
        }
    )


def made_pack(tieout: Tieout, period: str | None, is_default: bool) -> tuple[evidence.Pack | None, str]:
    """The pack of the period, or None and why there is none; InputError for the latter where it is all that was asked
    for: the partition would look made."""
    if tieout.is_reading:
        return evidence.write_pack(tieout.settings, period), ""
    return write_pack_once(tieout, period, is_default)


_KEPT = TypeAdapter(tuple[evidence.Pack | None, str])


def write_pack_once(tieout: Tieout, period: str | None, is_default: bool) -> tuple[evidence.Pack | None, str]:
    """As `write_pack`, unless the same snapshot and archive have their pack already and no file of it was touched."""
    settings = tieout.settings

    def stands(made: str) -> bool:
        pack, _ = _KEPT.validate_json(made)
        return pack is None or evidence.is_untouched(pack.path)

    head = read(storage_of(settings), HEAD) or b""
    more = [str(publish.current(settings)), str(period), str(is_default), head.hex()]
    with warehouse.connect(settings) as con:
        inputs = steps.fingerprint(con, settings.archive_path, more=more)
        made = steps.once(
            con,
            "pack",
            inputs,
            lambda: _KEPT.dump_json(write_pack(settings, period, is_default)).decode(),
            stands,
            tieout.full_refresh,
        )
    return _KEPT.validate_json(made.json)


def write_pack(settings: Settings, period: str | None, is_default: bool) -> tuple[evidence.Pack | None, str]:
    """The pack of the period, or None and why there is none. A period that nobody asked for gives way to the last one
    with results: a company whose ledger ends earlier still gets its evidence."""
    try:
        return evidence.write_pack(settings, period), ""
    except InputError as error:
        if not is_default:
            return None, f"no evidence pack was written: {error}"
    try:
        return evidence.write_pack(settings, None), ""
    except InputError as error:
        return None, f"no evidence pack was written: {error}"


def catch_up(settings: Settings) -> None:
    """Records the breaks of a run that was killed after it had published them: else they look younger than they are."""
    with suppress(InputError, duckdb.Error):  # nothing published, or nothing that can be read: nobody has seen a break
        remember(settings)


def remember(settings: Settings) -> tuple[int, list[str]]:
    """Records when each open break was first seen; returns the number of open breaks and the known periods.

    Only after publishing: a break that nobody could have seen has not been seen. A run that looks back with `known_at`
    sees what was there before, and records nothing.
    """
    with publish.open_current(settings) as con:
        breaks = con.execute(
            "select code, source_instance, match_key, first_seen_at from marts.exceptions order by all"
        ).fetchall()
        periods = begun_periods(con)
    if settings.known_at is None:
        first_seen.record(settings, (first_seen.FirstSeen(*row) for row in breaks))
    return len(breaks), periods


def begun_periods(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The accounting periods that are not in the future."""
    return column(con, "select distinct period from canonical.accounting_period where status <> 'future' order by 1")


def register_published(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Makes the periods of what is published known as partitions: a history that begins anew knows none."""
    with suppress(InputError, duckdb.Error), publish.open_current(settings) as con:  # nothing readable is published yet
        register(instance, begun_periods(con))
