"""Replays dead letters: reads what was rejected again, by the contract and the mapping in force now.

Accepted rows are never touched. What is rescued becomes further Parquet of its batch, and one link of the chain says
which rows, by which terms, and when: from then on they are known. A try that rescues nothing under terms that were
tried before leaves no trace, so that replaying twice does nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from dagster_project.archive import dead_letters, rows
from dagster_project.archive.agreement import agreed
from dagster_project.archive.at_hand import have_raw_at_hand
from dagster_project.archive.batches import Batch, batches
from dagster_project.archive.chain import Chain
from dagster_project.archive.engine import scratch, store_faults
from dagster_project.archive.lock import exclusive
from dagster_project.archive.manifest import Manifest, Replay
from dagster_project.archive.parsing import currencies
from dagster_project.archive.parsing.checks import broken
from dagster_project.archive.parsing.faults import FileFault
from dagster_project.archive.releases import Releases
from dagster_project.archive.replay_report import ReplayReport, Selection, read_report, select
from dagster_project.archive.replayed_figures import figures_after
from dagster_project.archive.rows import Terms
from dagster_project.errors import InputError
from dagster_project.settings import Settings
from dagster_project.sources import mapping as mappings
from dagster_project.sources.contracts import load_contracts
from dagster_project.sources.mapping import SourceMapping

Progress = Callable[[str], None]

# A version that the source has sent itself is left alone: two statements of one version would be a conflict. An older
# version is read again, for the history; the newest stays current.
_REPLAYABLE = (
    "(state in ('open', 'refused_again')"
    " or (state = 'mended_at_source' and row_number is not null and not is_restated))"
)


def replay(
    settings: Settings,
    selection: Selection,
    *,
    is_dry: bool = False,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> ReplayReport:
    """Reads the selected dead letters again, and reports what was accepted and what stays, and why.

    `now` is when what is rescued counts as known; with `is_dry` nothing is written. Raises InputError when nothing is
    selected, ConfigurationError for a fault in a mapping, HomeInUse when a run is at work, StoreError when the archive
    cannot be read or written.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    with store_faults(settings.archive_path), exclusive(settings), scratch(settings.archive_path / "tmp") as con:
        currencies.register(con)
        chain = Chain(settings)
        known = batches(chain.links)
        before = len(chain.links)
        _require_known(settings, known, selection.source)
        dead_letters.collect(con, settings, known)
        select(con, known, selection)
        work = _Work(settings, chain, con, moment, is_dry)
        try:
            for batch in _with_work(con, known):
                if progress:
                    progress(f"{batch.manifest.source_instance}/{batch.manifest.file_name}")
                work.take(batch)
        finally:
            chain.anchor()
        return read_report(con, known, is_dry, len(chain.links) - before)


def _require_known(settings: Settings, known: list[Batch], source: str | None) -> None:
    """A source that is no longer configured is known by what came from it."""
    names = {one.name for one in settings.sources} | {batch.manifest.source_instance for batch in known}
    if source is not None and source not in names:
        raise InputError(f"--source {source}: no source has that name; expected one of: {', '.join(sorted(names))}")


def _with_work(con: duckdb.DuckDBPyConnection, known: list[Batch]) -> list[Batch]:
    found = con.execute(f"select distinct batch_id from selected where {_REPLAYABLE}").fetchall()
    wanted = {batch_id for (batch_id,) in found}
    return [batch for batch in known if batch.manifest.batch_id in wanted]


@dataclass
class _Work:
    """One replay at work: results go to the table `selected`, rescued rows to the archive unless it is dry."""

    settings: Settings
    chain: Chain
    con: duckdb.DuckDBPyConnection
    now: datetime
    is_dry: bool
    _mappings: dict[str, SourceMapping | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.releases = Releases(self.settings, self.chain.links)

    def take(self, batch: Batch) -> None:
        """Replays what is selected of one batch: its rejected rows, or the file that was refused whole."""
        terms = self._terms(batch.manifest)
        if terms is None or batch.manifest.sha256 is None:
            return  # no contract knows the object any more, or no byte of the file was ever read
        have_raw_at_hand(self.settings, [batch.manifest, *batch.replays])
        declaring = batch.manifest.model_copy(update={"sidecar": batch.sidecar})
        with rows.room(self.con, self.settings, batch.manifest):
            try:
                terms = terms.under(agreed(self.con, self.settings, self.releases, declaring, terms))
            except FileFault as fault:
                self._result(batch, "stays", fault.refusal.reason)
                return
            if batch.state == "loaded":
                self._rows(batch, terms)
            else:
                self._file(batch, terms)

    def _file(self, batch: Batch, terms: Terms) -> None:
        try:
            parsed = rows.parse_raw(self.con, self.settings, batch.manifest, terms)
        except FileFault as fault:
            self._result(batch, "stays", fault.refusal.reason)
            if not terms.are_those_of(self.settings, batch.now):
                self._add(batch, terms, Replay(attempt=_next(batch)), state="refused", refusal=fault.refusal)
            return
        figures = parsed.figures
        self._result(batch, "accepted", f"{figures.parsed:,} rows accepted, {figures.rejected:,} set aside")
        refused = rows.spans(self.con, "rejected", "row_number", "true") if figures.rejected else ("", 0)
        if figures.rejected:
            self._show_rejects(batch)
        rescued = rows.spans(self.con, "checked", "tieout_row", f"not ({broken(terms.contract)})")
        self._add(batch, terms, _replay(batch, rescued, refused), **rows.figures_of(parsed, terms.contract))

    def _rows(self, batch: Batch, terms: Terms) -> None:
        self.con.execute(
            "create or replace temp table tried as select row_number, last_attempt from selected"
            f" where batch_id = ? and {_REPLAYABLE}",
            [batch.manifest.batch_id],
        )
        try:
            parsed = rows.parse_raw(self.con, self.settings, batch.manifest, terms)
        except FileFault as fault:
            self._result(batch, "stays", fault.refusal.reason)
            return
        good = f"not ({broken(terms.contract)}) and tieout_row in (select row_number from tried)"
        self._judge(batch, good, has_rejects=parsed.figures.rejected > 0)
        rescued = rows.spans(self.con, "checked", "tieout_row", good)
        refused = self._refused(batch, terms) if parsed.figures.rejected else ("", 0)
        if rescued[1] or refused[1]:
            after = figures_after(self.con, self.settings, batch, terms.contract, parsed, good)
            self._add(batch, terms, _replay(batch, rescued, refused), **after)

    def _terms(self, link: Manifest) -> Terms | None:
        contract = load_contracts().get((link.domain, link.object))
        if contract is None:
            return None
        if link.source_instance not in self._mappings:
            source = next((one for one in self.settings.sources if one.name == link.source_instance), None)
            place = self.settings.mapping_place(link.source_instance)
            self._mappings[link.source_instance] = mappings.load(source, place) if source else None
        return Terms(contract, self._mappings[link.source_instance])

    def _refused(self, batch: Batch, terms: Terms) -> tuple[str, int]:
        """Rows rejected again whose last try was by other terms: the others were judged by these before."""
        links = (batch.manifest, *batch.replays)
        others = [n for n, link in enumerate(links) if not terms.are_those_of(self.settings, link)]
        listed = ", ".join(map(str, others)) or "null"
        new = f"select row_number from tried where last_attempt in ({listed})"
        return rows.spans(self.con, "rejected", "row_number", f"row_number in ({new})")

    def _judge(self, batch: Batch, good: str, has_rejects: bool) -> None:
        batch_id = batch.manifest.batch_id
        self.con.execute(
            "update selected set result = 'accepted' where batch_id = ?"
            f" and row_number in (select tieout_row from checked where {good})",
            [batch_id],
        )
        if has_rejects:
            self.con.execute(
                "update selected set reason = rejected.reason from rejected where selected.batch_id = ?"
                " and selected.row_number = rejected.row_number and selected.result = 'stays'",
                [batch_id],
            )

    def _result(self, batch: Batch, result: str, reason: str) -> None:
        """Of everything selected of a batch that is not settled."""
        self.con.execute(
            "update selected set result = ?, reason = ? where batch_id = ? and result = 'stays'",
            [result, reason, batch.manifest.batch_id],
        )

    def _show_rejects(self, batch: Batch) -> None:
        """Rows that stay behind when their file is loaded are dead letters of their own."""
        link = batch.manifest
        self.con.execute(
            "insert into selected by name select ? as source_instance, ? as domain, ? as object, ? as batch_id,"
            " row_number, reason, 'stays' as result from rejected",
            [link.source_instance, link.domain, link.object, link.batch_id],
        )

    def _add(self, batch: Batch, terms: Terms, tried: Replay, **figures: Any) -> None:
        """Writes the Parquet of a replay, and then the link that makes it exist."""
        if self.is_dry:
            return
        common = batch.manifest.model_dump(
            include={"source_instance", "domain", "vendor", "object", "batch_id", "file_name", "sha256", "bytes",
                     "format", "is_gzip"}
        )  # fmt: skip
        draft = self.chain.draft(
            kind="replay",
            received_at=self.now,
            **terms.stamp,
            mapping_sha256=terms.mapping_sha256,
            replay=tried,
            **common,
        ).model_copy(update={"sidecar": batch.manifest.sidecar, **figures})
        rows.keep(self.settings, terms)
        files = rows.write(self.con, self.settings, draft, terms.contract)
        self.chain.add(draft.model_copy(update={"files": files}))


def _next(batch: Batch) -> int:
    return len(batch.replays) + 1


def _replay(batch: Batch, rescued: tuple[str, int], refused: tuple[str, int]) -> Replay:
    return Replay(
        attempt=_next(batch),
        rescued=rescued[0],
        refused=refused[0],
        rescued_rows=rescued[1],
        refused_rows=refused[1],
    )
