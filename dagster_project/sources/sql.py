"""The SQL connector: every object of a database as of one moment, read in one transaction, as JSON lines.

All objects of a run are read before the first is archived, so that an invoice and its lines are of the same snapshot
and no transaction stays open at the source. A pull that breaks begins anew: another transaction sees other data.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from dagster_project.connections import SqlConnector as Connection
from dagster_project.connections import SqlObject
from dagster_project.errors import StoreError, is_out_of_space, no_space
from dagster_project.sources.connector import Format, Listing, Pull
from dagster_project.sources.retry import Sleep, SourceFailed, persist
from dagster_project.sources.sqlfaults import fault_of
from dagster_project.sources.sqltext import line

_ROWS = 5_000
_SQLITE_PATIENCE = 5.0
"""Seconds that SQLite itself waits for a lock."""

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class SqlConnector:
    """One database."""

    name: str
    connection: Connection
    pull: Pull
    sleep: Sleep = time.sleep
    _outcome: dict[str, int | SourceFailed] | None = None

    def fault(self) -> str | None:
        """None: whether it answers is seen when it is asked."""
        return None

    def describe(self) -> str:
        """Where its address is written."""
        return f"database {self.connection.url or f'of ${self.connection.url_env}'}"

    def offers(self, objects: Iterable[str]) -> Listing:
        """One delivery per configured object; nothing is asked before one is opened."""
        known = [name for name in objects if name in self.connection.objects]
        return Listing(tuple(SqlDelivery(name, self) for name in known))

    def file(self, object: str) -> Path:
        """Where the object's rows lie until the archive holds them."""
        return self.pull.folder / object / "rows.jsonl"

    def rows(self, object: str) -> int:
        """Reads the snapshot when first asked, and returns the object's rows; SourceFailed where it cannot be read."""
        if self._outcome is None:
            try:
                self._outcome = persist(self._snapshot, self.connection.retry, self.sleep)
            except SourceFailed as error:
                self._outcome = dict.fromkeys(self.connection.objects, error)
        found = self._outcome[object]
        if isinstance(found, SourceFailed):
            raise found
        return found

    def _snapshot(self) -> dict[str, int | SourceFailed]:
        engine = self._engine()
        place = _place(engine.url)
        outcome: dict[str, int | SourceFailed] = {}
        try:
            with _consistent(engine) as connection:
                for name in (wanted for wanted in self.pull.wanted if wanted in self.connection.objects):
                    outcome[name] = self._read(connection, name, place)
        except DBAPIError as error:
            raise fault_of(error, place) from error
        finally:
            engine.dispose()
        return outcome

    def _read(self, connection: sa.Connection, name: str, place: str) -> int | SourceFailed:
        """The object's rows in its file; a fault of its own query leaves the other objects readable."""
        settings = self.connection.objects[name]
        try:
            with connection.begin_nested():
                statement, values = self._statement(connection, settings, name)
                streamed = {"stream_results": True, "max_row_buffer": _ROWS}
                result = connection.execute(statement, values, execution_options=streamed)
                return self._write(name, tuple(result.keys()), result.partitions(_ROWS))
        except DBAPIError as error:
            fault = fault_of(error, f"{place}, object {name}")
            if isinstance(fault, SourceFailed) and not error.connection_invalidated:
                return fault
            raise

    def _statement(
        self, connection: sa.Connection, settings: SqlObject, name: str
    ) -> tuple[sa.TextClause, dict[str, str | datetime]]:
        newest = self.pull.since(name)
        if settings.query is not None:
            text = settings.query
        else:
            prepare = connection.dialect.identifier_preparer
            table = ".".join(prepare.quote(part) for part in str(settings.table).split("."))
            is_part = settings.updated_since is not None and newest is not None
            text = f"select * from {table}"
            text += f" where {prepare.quote(str(settings.updated_since))} > :since" if is_part else ""
        statement = sa.text(text)
        if "since" not in statement._bindparams:
            return statement, {}
        since = _FIRST if newest is None else newest - timedelta(seconds=settings.overlap_seconds)
        # SQLite compares times as text; a blank sorts before the T of ISO times, so that none is lost by it.
        is_text = connection.dialect.name == "sqlite"
        return statement, {"since": since.strftime("%Y-%m-%d %H:%M:%S") if is_text else since}

    def _write(self, name: str, columns: tuple[str, ...], parts: Iterable[Iterable[sa.Row]]) -> int:
        file, count = self.file(name), 0
        with _store(file):
            file.parent.mkdir(parents=True, exist_ok=True)
        with _store(file), file.open("wb") as stream:
            for part in parts:
                lines = [line(columns, row) for row in part]
                stream.writelines(lines)
                count += len(lines)
                self.pull.tell(f"{name}: {count:,} rows")
        return count

    def _engine(self) -> sa.Engine:
        """An engine without a pool; SQLite files are opened read-only, and never made by looking for them."""
        address = self.connection.url or self.pull.secret(str(self.connection.url_env))
        if address is None:
            words = f"{self.name}: the environment variable {self.connection.url_env} is not set"
            raise SourceFailed(words, "the address of the database in it", is_whole_source=True)
        try:
            url = sa.make_url(address)
            if url.get_backend_name() == "sqlite":
                file = Path(url.database or "").absolute()
                url = url.set(database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})
                return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": _SQLITE_PATIENCE})
            return sa.create_engine(url, poolclass=sa.NullPool)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            words = f"{self.name}: its address is of no database that can be reached from here"
            expected = "an address such as postgresql+psycopg://user:password@host/database, with its driver installed"
            raise SourceFailed(f"{words} ({type(error).__name__})", expected, is_whole_source=True) from None


def _place(url: sa.URL) -> str:
    """The address as a message may name it, and as tieout.yml has it: without password and options."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{unquote(str(url.database).removeprefix('file:'))}"
    return url.render_as_string(hide_password=True).split("?")[0]


@dataclass
class SqlDelivery:
    """One object of the snapshot; the same name every time, so that a good pull follows a failed one."""

    object: str
    connector: SqlConnector
    format: Format = "jsonl"
    is_gzip: bool = False

    @property
    def name(self) -> str:
        return f"{self.object}/pull.jsonl"

    def open(self) -> BinaryIO:
        """The rows, read when first asked for."""
        self.connector.rows(self.object)
        return self.connector.file(self.object).open("rb")

    def sidecar(self) -> bytes | None:
        """When the transaction began, and how many rows it gave."""
        report = {"extracted_at": self.connector.pull.now.isoformat(), "row_count": self.connector.rows(self.object)}
        return json.dumps(report).encode()

    def taken(self) -> None:
        """Deletes the rows' file."""
        with _store(self.connector.file(self.object)):
            shutil.rmtree(self.connector.file(self.object).parent, ignore_errors=True)


@contextmanager
def _consistent(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One read-only transaction in which every statement sees the same moment."""
    if engine.dialect.name == "sqlite":
        # The driver begins a transaction before it writes, and this one never does.
        sa.event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("begin"))
        options: dict[str, object] = {}
    else:
        options = {"isolation_level": "REPEATABLE READ"}
        if engine.dialect.name == "postgresql":
            options["postgresql_readonly"] = True
    with engine.connect().execution_options(**options) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            _keep_json_as_text(connection)
        yield connection


def _keep_json_as_text(connection: sa.Connection) -> None:
    """The driver would read numbers within JSON as doubles."""
    if connection.dialect.driver == "psycopg":
        from psycopg.types.json import set_json_loads

        set_json_loads(_text, connection.connection.driver_connection)


def _text(json: str | bytes | bytearray) -> str:
    return json if isinstance(json, str) else bytes(json).decode()


@contextmanager
def _store(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_out_of_space(error):
            raise no_space(file) from error
        raise StoreError(f"{error.filename or file}: cannot be written ({error.strerror or error})") from error
