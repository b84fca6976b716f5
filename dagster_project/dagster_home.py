"""DAGSTER_HOME in the home: run history that `tieout run` and the Dagster UI share, with telemetry off."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from dagster_project import dagster_storage, leftovers
from dagster_project.errors import StoreError
from dagster_project.settings import Settings

if TYPE_CHECKING:
    import dagster as dg
    from sqlalchemy.engine import Engine

UI_FILE, COMMAND_FILE = "dagster.yaml", "command.yaml"
COMMON = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},  # no form for an e-mail address before the graph
    # a worker that died before its run began must not keep others in the queue for ever
    "run_monitoring": {"enabled": True, "start_timeout_seconds": 600},
}
ONE_WRITER = {"granularity": "run", "default_limit": 1}
"""Of the runs that write, the queue starts the second when the first has ended, however many workers there are."""
# the command shows its own progress; capturing its output would put a pipe between it and the terminal
COMMAND_ONLY = {
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
}


def prepare(settings: Settings) -> Path:
    """Makes an empty history where there is none, writes both configuration files where they differ, and returns the
    folder; StoreError when it cannot, or when the database of `dagster.storage` does not answer."""
    dagster_storage.require(settings)
    folder = settings.home / "dagster"
    try:
        if not folder.exists():
            _begin(folder, settings)
        _configure(folder, settings)
    except OSError as error:
        raise StoreError(f"{folder}: the run history cannot be written: {error.strerror}") from None
    return folder


def _begin(folder: Path, settings: Settings) -> None:
    """Whole or not at all: Dagster never completes databases whose making was killed, and asks for a migration."""
    import dagster as dg

    folder.parent.mkdir(parents=True, exist_ok=True)
    leftovers.clear(folder.parent.glob(".*.tmp"))
    scratch = leftovers.scratch_of(folder)
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir()
        _configure(scratch, settings)
        if settings.dagster.storage is None:
            with dg.DagsterInstance.from_config(str(scratch), COMMAND_FILE):
                pass
        try:
            scratch.rename(folder)
        except OSError:  # the UI, or a command beside it, was first
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _configure(folder: Path, settings: Settings) -> None:
    runs = {"max_concurrent_runs": settings.dagster.workers}
    content: dict[str, object] = {**COMMON, "concurrency": {"runs": runs, "pools": ONE_WRITER}}
    if settings.dagster.storage is not None:
        content["storage"] = dagster_storage.section(settings.dagster.storage)
    _write(folder / UI_FILE, content)
    _write(folder / COMMAND_FILE, {**content, **COMMAND_ONLY})


@contextmanager
def opened(folder: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of a command. Its databases stay open, written without waiting for the disk at every event.

    Dagster opens and closes SQLite per event, and each closing moves the log into the database: on a shared disk that
    took longer than the reconciliation. The history may lose its last events in a power cut; no figure depends on it.
    """
    import dagster as dg
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    readers: dict[str, sqlite3.Connection] = {}
    joined: set[str] = set()

    def relax(connection: Any, _: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        path = connection.execute("pragma database_list").fetchone()[2]
        if not path or not Path(path).is_relative_to(folder):
            return
        connection.execute("pragma synchronous = normal")
        if path not in joined:  # a reader that stays: the log is moved once, when the run ends
            if path not in readers:
                readers[path] = sqlite3.connect(path, check_same_thread=False)
            readers[path].execute("select count(*) from sqlite_master").fetchall()  # joins the log, once there is one
            if readers[path].execute("pragma journal_mode").fetchone() == ("wal",):
                joined.add(path)

    event.listen(Engine, "connect", relax)
    try:
        with dg.DagsterInstance.from_config(str(folder), COMMAND_FILE) as instance, kept_open(instance):
            yield instance
    finally:
        event.remove(Engine, "connect", relax)
        for connection in readers.values():
            connection.close()


@contextmanager
def kept_open(instance: dg.DagsterInstance) -> Iterator[None]:
    """Within it the instance keeps its connections; in a worker, what it writes afterwards still arrives."""
    engines = _Engines()
    engines.keep_open(instance)
    try:
        yield
    finally:
        engines.close()


class _Engines:
    """One SQLAlchemy engine per database of the history, for as long as a run lasts.

    Of SQLite Dagster makes a new one per event: each compiles every statement again and opens the file again, which
    took a sixth of the time of a reconciliation. Of PostgreSQL it opens connections per event. Others stay as they are.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Engine] = {}

    def keep_open(self, instance: dg.DagsterInstance) -> None:
        """Lets the event log and the run storage of this instance reuse their engines."""
        from dagster._core.storage.event_log import SqliteEventLogStorage
        from dagster._core.storage.runs import SqliteRunStorage

        events: Any = getattr(instance.event_log_storage, "_storage", instance.event_log_storage)
        runs: Any = getattr(instance.run_storage, "_storage", instance.run_storage)
        if type(events) is SqliteEventLogStorage:
            first_connect = events._connect

            @contextmanager
            def connect(shard: str) -> Iterator[Any]:
                if shard not in events._initialized_dbs:  # a new database: Dagster makes its tables
                    with first_connect(shard):
                        pass
                with events._db_lock, self._of(events.conn_string_for_shard(shard)).begin() as connection:
                    yield connection

            events._connect = connect  # type: ignore[method-assign]
            self._remember_schema(events)
        if type(runs) is SqliteRunStorage:
            runs.connect = lambda: self._of(runs._conn_string).begin()  # type: ignore[method-assign]
        for storage in (events, runs):
            if type(storage).__name__ in ("PostgresEventLogStorage", "PostgresRunStorage"):
                storage._engine = self._pooled(storage.postgres_url)

    @staticmethod
    def _remember_schema(events: Any) -> None:
        """What the databases have is asked once: Dagster asks at each event whether its own tables and columns are
        there, which took a third of the time to write one down. No migration runs while a command does."""
        has_column = events._has_asset_key_col_on_connection
        columns: dict[str, bool] = {}

        def column(connection: Any, name: str) -> bool:
            if name not in columns:
                columns[name] = has_column(connection, name)
            return columns[name]

        events.has_table = cache(events.has_table)
        events._has_asset_key_col_on_connection = column

    def close(self) -> None:
        for engine in self._kept.values():
            engine.dispose()

    def _pooled(self, address: str) -> Engine:
        """Asked before each use whether they still stand: a server that was restarted meanwhile ends no run."""
        from sqlalchemy import create_engine

        if address not in self._kept:
            self._kept[address] = create_engine(address, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        return self._kept[address]

    def _of(self, address: str) -> Engine:
        from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
        from sqlalchemy import create_engine

        if address not in self._kept:
            self._kept[address] = create_engine(address, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
        return self._kept[address]


def _write(file: Path, content: dict[str, object]) -> None:
    """Replaces the file atomically, and only when it differs: a running UI reads it."""
    text = yaml.safe_dump(content, sort_keys=True)
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    scratch = leftovers.scratch_of(file)
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(file)
