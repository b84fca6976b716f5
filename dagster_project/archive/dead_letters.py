"""Every dead letter of the archive, a rejected row or a file refused whole, and what has become of it since.

open              rejected, and nothing else is known
refused_again     a replay read it again and rejected it again
replayed          a replay rescued it: it counts like any other row
mended_at_source  the source has delivered the record itself, in that version or a newer one, or the file again

Where its version can be read, the order in which deliveries came decides nothing. Only of a row whose `updated_at` or
key cannot be read must the later delivery speak, as it does for files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from dagster_project import tables
from dagster_project.archive import mended, stake, store
from dagster_project.archive.batches import Batch
from dagster_project.archive.manifest import Manifest
from dagster_project.settings import Settings

WAITING = ("open", "refused_again")
"""The states of what stands in the way of a figure; the others are history."""

_REJECTED = {
    "source_instance": "varchar",
    "domain": "varchar",
    "vendor": "varchar",
    "object": "varchar",
    "batch_id": "varchar",
    "row_number": "bigint",
    "line_number": "bigint",
    "column_name": "varchar",
    "value": "varchar",
    "expected": "varchar",
    "reason": "varchar",
    "failure_class": "varchar",
    "key_text": "varchar",
    "payload": "varchar",
    "fields": "varchar",
}
_FATE = {
    "payload_sha256": "varchar",
    "attempts": "bigint",
    "state": "varchar",
    "replayed_at": "timestamp",
    "last_attempt": "bigint",
}
_SPAN = {
    "batch_id": "varchar",
    "attempt": "bigint",
    "first_row": "bigint",
    "last_row": "bigint",
    "replayed_at": "timestamp",
}

_ROWS = """
insert into dead_letters
with rejected as (
    select found.*, files.attempt
    from (
        select * from read_parquet(?, filename = true, union_by_name = true)
        union all by name
        select null::varchar as fields where false
    ) as found
    inner join reject_files as files on files.path = found.filename
),
tries as (
    select batch_id, row_number, max(attempt) as newest, min(attempt) + count(*) as attempts
    from rejected
    group by batch_id, row_number
),
rescued as (
    select tries.batch_id, tries.row_number, min(spans.replayed_at) as replayed_at
    from tries
    inner join rescued_spans as spans
        on spans.batch_id = tries.batch_id and tries.row_number between spans.first_row and spans.last_row
    group by all
)
select
    {rejected}, sha256(rejected.payload), tries.attempts + case when rescued.batch_id is null then 0 else 1 end,
    case
        when rescued.batch_id is not null then 'replayed'
        when tries.attempts > 1 then 'refused_again'
        else 'open'
    end,
    rescued.replayed_at, tries.newest
from rejected
inner join tries
    on
        tries.batch_id = rejected.batch_id
        and tries.row_number = rejected.row_number
        and tries.newest = rejected.attempt
left join rescued on rescued.batch_id = rejected.batch_id and rescued.row_number = rejected.row_number"""


def collect(con: duckdb.DuckDBPyConnection, settings: Settings, known: list[Batch]) -> None:
    """Makes the temporary table `dead_letters`, one row per dead letter: where it lies, why, its payload as received.

    `fields` is the payload by the contract's names, `last_attempt` the replay that rejected it last (0 none),
    `is_restated` says that the source has sent this very version, and `amount_minor` with `currency_code` is the money
    at stake, null where it cannot be stated. `rescued_spans` beside it holds the rows that each replay rescued.
    """
    types = _REJECTED | _FATE
    _fill(con, "dead_letters", types, _refused_files(known))
    _fill(con, "rescued_spans", _SPAN, (span for batch in known for link in batch.replays for span in _spans(link)))
    files = [
        {"path": str(store.quarantine_path(settings, link)), "attempt": link.replay.attempt if link.replay else 0}
        for batch in known
        for link in batch.with_rejects
    ]
    if files:
        _fill(con, "reject_files", {"path": "varchar", "attempt": "bigint"}, files)
        listed = ", ".join(
            "coalesce(rejected.fields, rejected.payload)" if name == "fields" else f"rejected.{name}"
            for name in _REJECTED
        )
        con.execute(_ROWS.format(rejected=listed), [[file["path"] for file in files]])
    mended.mark(con, settings, known)
    stake.state(con, settings, known)


def _refused_files(known: list[Batch]) -> Iterable[dict[str, Any]]:
    for batch in known:
        if batch.manifest.state != "refused":
            continue
        tried = [link for link in (batch.manifest, *batch.replays) if link.state == "refused"]
        rescuer = next((link for link in batch.replays if link.state == "loaded"), None)
        yield _refused_file(batch, tried, rescuer)


def _refused_file(batch: Batch, tried: list[Manifest], rescuer: Manifest | None) -> dict[str, Any]:
    link, refusal = batch.manifest, tried[-1].refusal
    assert refusal is not None
    open_state = "refused_again" if len(tried) > 1 else "open"
    return {
        "source_instance": link.source_instance,
        "domain": link.domain,
        "vendor": link.vendor,
        "object": link.object,
        "batch_id": link.batch_id,
        "line_number": refusal.line_number,
        "column_name": refusal.column_name,
        "value": refusal.value,
        "expected": refusal.expected,
        "reason": refusal.reason,
        "failure_class": refusal.failure_class,
        "payload_sha256": link.sha256,
        "attempts": len(tried) + (rescuer is not None),
        "state": {"loaded": "replayed", "replaced": "mended_at_source"}.get(batch.state, open_state),
        "replayed_at": rescuer.received_at.replace(tzinfo=None) if rescuer else None,
        "last_attempt": len(tried) - 1,
    }


def _spans(link: Manifest) -> Iterable[dict[str, Any]]:
    if link.replay is None or not link.replay.rescued:
        return
    for part in link.replay.rescued.split(","):
        first, _, last = part.partition("-")
        yield {
            "batch_id": link.batch_id,
            "attempt": link.replay.attempt,
            "first_row": first,
            "last_row": last or first,
            "replayed_at": link.received_at.replace(tzinfo=None),
        }


def _fill(
    con: duckdb.DuckDBPyConnection, table: str, types: Mapping[str, str], rows: Iterable[Mapping[str, Any]]
) -> None:
    """A temporary table of plain values, which travel as text."""
    tables.create(con, table, types, ([row.get(name) for name in types] for row in rows), temporary=True)
