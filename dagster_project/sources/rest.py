"""The REST connector: one delivery per object and pull, JSON lines exactly as the server wrote its records.

Pages go to a checkpoint one by one; the delivery exists when the last is in. A killed pull goes on at the page after
the last that was kept.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import BinaryIO

from dagster_project.connections import RestConnector as Connection
from dagster_project.connections import RestObject, UpdatedSince
from dagster_project.sources.checkpoint import Checkpoint, Position, digest
from dagster_project.sources.connector import Format, Listing, Pull
from dagster_project.sources.http import Answer, Http, Refused, without_secrets
from dagster_project.sources.paging import Page, Request, pager_for
from dagster_project.sources.records import Body, Truncated, WrongBody
from dagster_project.sources.retry import Sleep, SourceFailed, Transient, persist

_ABSENT_CURSOR = frozenset({400, 404, 410, 422})
"""What servers say of a cursor that they no longer know, after a pause."""


@dataclass
class RestConnector:
    """One source behind a JSON interface; `sleep` and `clock` are those of the machine but in tests."""

    name: str
    connection: Connection
    pull: Pull
    sleep: Sleep = time.sleep
    clock: Callable[[], float] = time.monotonic
    _http: Http | None = None
    _down: SourceFailed | None = None

    def fault(self) -> str | None:
        """None: whether it answers is seen when it is asked."""
        return None

    def describe(self) -> str:
        """The address."""
        return f"interface {self.connection.url}"

    def offers(self, objects: Iterable[str]) -> Listing:
        """One delivery per configured object; nothing is asked before it is opened."""
        known = [name for name in objects if name in self.connection.objects]
        return Listing(tuple(RestDelivery(name, self) for name in known))

    def pulled(self, object: str) -> Checkpoint:
        """Every page of the object; SourceFailed when the server does not give them."""
        if self._down is not None:
            raise self._down
        try:
            return _ObjectPull(self, object, self.connection.objects[object]).run()
        except SourceFailed as error:
            if error.is_whole_source:
                self._down = error
            raise

    @property
    def http(self) -> Http:
        """The client, made when it is first needed."""
        if self._http is None:
            headers, secrets = self._secrets()
            self._http = Http(self.connection, headers, secrets, self.sleep, self.clock)
        return self._http

    def _secrets(self) -> tuple[dict[str, str], tuple[str, ...]]:
        names = dict(self.connection.headers_env)
        if self.connection.token_env:
            names["Authorization"] = self.connection.token_env
        values = {header: self.pull.secret(name) for header, name in names.items()}
        missing = sorted({names[header] for header, value in values.items() if value is None})
        if missing:
            words = f"{self.name}: the environment variable {' and '.join(missing)} is not set"
            raise SourceFailed(words, "the source's secret in it", is_whole_source=True)
        found = {header: value for header, value in values.items() if value is not None}
        bearer = {"Authorization": f"Bearer {found['Authorization']}"} if self.connection.token_env else {}
        return found | bearer, tuple(found.values())


@dataclass
class RestDelivery:
    """What an object's pull brings; the same name every time, so that a good pull follows a failed one."""

    object: str
    connector: RestConnector
    format: Format = "jsonl"
    is_gzip: bool = False
    _checkpoint: Checkpoint | None = None

    @property
    def name(self) -> str:
        return f"{self.object}/pull.jsonl"

    def open(self) -> BinaryIO:
        """The records, pulled when first asked for."""
        if self._checkpoint is None:
            self._checkpoint = self.connector.pulled(self.object)
        return self._checkpoint.open()

    def sidecar(self) -> bytes | None:
        """When the pull began, and how many records the server counted, or else this connector."""
        if self._checkpoint is None:
            return None
        counted = [head.reported_total for head in self._checkpoint.heads if head.reported_total is not None]
        report = {
            "extracted_at": self._checkpoint.started_at.isoformat(),
            "row_count": counted[-1] if counted else self._checkpoint.records,
        }
        return json.dumps(report).encode()

    def taken(self) -> None:
        """Forgets the pages."""
        if self._checkpoint is not None:
            self._checkpoint.remove()


@dataclass(frozen=True)
class _Kept:
    """A page, and what its pager reads out of it."""

    records: list[bytes]
    following: Position | None
    total: int | None


@dataclass
class _ObjectPull:
    connector: RestConnector
    object: str
    settings: RestObject

    def __post_init__(self) -> None:
        self.pager = pager_for(self.settings.paging or self.connector.connection.paging)
        self._seen: set[str] = set()

    def run(self) -> Checkpoint:
        pull, connection = self.connector.pull, self.connector.connection
        longest = timedelta(hours=connection.checkpoint_hours)
        checkpoint = Checkpoint(pull.folder / self.object, self._query(), pull.now, longest)
        self._seen = {head.sha256 for head in checkpoint.heads if head.records}
        is_resumed, may_restart = bool(checkpoint.heads), True
        while not checkpoint.is_whole:
            at = self._next(checkpoint)
            try:
                page = persist(partial(self._page, at), connection.retry, self.connector.sleep)
            except Refused as error:
                expired = {*connection.expired_status, *(_ABSENT_CURSOR if is_resumed else ())}
                if not (checkpoint.heads and may_restart and error.status in expired):
                    raise
                checkpoint.restart(pull.now)
                self._seen.clear()
                is_resumed = may_restart = False
                continue
            is_resumed = False
            head = checkpoint.add(page.records, at, page.following, page.total)
            self._seen |= {head.sha256} if head.records else set()
            pull.tell(f"{self.object}: page {len(checkpoint.heads):,}, {checkpoint.records:,} records")
        return checkpoint

    def _next(self, checkpoint: Checkpoint) -> Position:
        following = checkpoint.heads[-1].next if checkpoint.heads else None
        return self.pager.first() if following is None else following

    def _page(self, at: Position) -> _Kept:
        """One attempt at one page."""
        asked = self.pager.request(at)
        url = asked.url or self.connector.connection.url.rstrip("/") + "/" + self.settings.path.lstrip("/")
        if asked.url is None:
            fixed = tuple((name, str(value)) for name, value in self.settings.parameters.items())
            asked = Request(None, (*fixed, *self._since(), *asked.parameters), asked.headers)
        where = f"GET {without_secrets(url)}"
        try:
            page = self._read(self._answer(url, asked, is_first=at == self.pager.first()))
            kept = _Kept(page.records, self.pager.following(at, page), self.pager.total(page))
        except Truncated as error:
            raise Transient(f"{where}: {error}") from error
        except WrongBody as error:
            expected = "records and paging as tieout.yml says: mend the object there"
            raise SourceFailed(f"{where}: {error}", expected) from error
        if kept.following == at or (kept.records and digest(kept.records) in self._seen):
            raise Transient(f"{where}: the server gave an earlier page again")
        return kept

    def _answer(self, url: str, asked: Request, is_first: bool) -> Answer:
        try:
            return self.connector.http.get(url, asked)
        except Refused as error:
            if error.status == 416 and asked.headers and not is_first:
                return Answer(url, 416, b"", None)  # nothing lies beyond the last record
            raise

    def _read(self, answer: Answer) -> Page:
        if answer.status in (204, 416):
            return Page(answer.url, Body(b"{}"), [])
        place = self.connector.connection.records if self.settings.records is None else self.settings.records
        body = Body(answer.body)
        return Page(answer.url, body, body.records(place), answer.next_link)

    def _since(self) -> tuple[tuple[str, str], ...]:
        wanted, newest = self.settings.updated_since, self.connector.pull.since(self.object)
        return ((wanted.parameter, _moment(wanted, newest)),) if wanted and newest else ()

    def _query(self) -> str:
        """Names what is asked for: pages of another question must not be mixed into this one's."""
        connection = self.connector.connection
        settings = self.settings.model_dump_json()
        parts = (connection.url, connection.records, connection.paging.model_dump_json(), settings, repr(self._since()))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _moment(wanted: UpdatedSince, newest: datetime) -> str:
    since = newest.astimezone(UTC) - timedelta(seconds=wanted.overlap_seconds)
    return str(int(since.timestamp())) if wanted.format == "epoch" else since.strftime("%Y-%m-%dT%H:%M:%SZ")
