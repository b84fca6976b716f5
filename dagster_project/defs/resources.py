"""What assets are given: the settings of the run, its clock, and the sole right to write in its home.

Every asset but the pack is in the writer's pool: the queue starts one run with any of them at a time. The home's lock
holds whatever the queue does not know of, such as a replay: a run that the queue has started waits for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from dagster_project import settings as configuration
from dagster_project.abandoned import this_process
from dagster_project.archive.lock import exclusive, reading
from dagster_project.dagster_home import kept_open
from dagster_project.defs.observed import observed
from dagster_project.settings import Settings

WRITER_POOL = "duckdb_writer"
RESOURCE_KEY = "tieout"
PACK = dg.AssetKey(["evidence", "pack"])
EVIDENCE = "evidence"
PATIENCE_SECONDS = 3600.0
"""How long a run of UI, schedule or backfill waits for the home before it fails; a worker is busy meanwhile."""


class Tieout(dg.ConfigurableResource):
    """The settings of `config_path` (empty: $TIEOUT_CONFIG, else ./tieout.yml), with `as_of` fixed for the whole run.

    `as_of`: ISO time with offset; empty: that of tieout.yml, else `known_at`, else the moment the run was created, so
    that every window, age and due time of one run is measured at one instant. `known_at`: ISO time with offset; empty:
    that of tieout.yml, else everything received counts. `full_refresh`: computes everything again, though nothing it
    follows from has changed.
    """

    config_path: str = ""
    as_of: str = ""
    known_at: str = ""
    full_refresh: bool = False

    _settings: Settings | None = PrivateAttr(default=None)
    _is_reading: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Tieout"]:
        """Loads the settings; within a run it also holds the home's lock until the run ends, and waits for it."""
        self._settings = resolve(self.load(), self.as_of, _created_at(context), self.known_at)
        if context.run is None:
            yield self
            return
        self._is_reading = only_reads(context.run)
        hold = reading if self._is_reading else exclusive
        tell = context.log.info if context.log is not None else None
        with as_worker(context), hold(self._settings, PATIENCE_SECONDS, tell), observed(self._settings, context):
            yield self

    def load(self) -> Settings:
        """The settings as written, without a run's clock; raises ConfigurationError."""
        return configuration.load(Path(self.config_path) if self.config_path else None)

    @property
    def is_reading(self) -> bool:
        """Whether this run may only read, beside others that do."""
        return self._is_reading

    @property
    def settings(self) -> Settings:
        """The settings of this run, `as_of` always set."""
        return self._settings or resolve(self.load(), self.as_of, datetime.now(UTC), self.known_at)


@contextmanager
def as_worker(context: dg.InitResourceContext) -> Iterator[None]:
    """Notes which process the run is, and keeps its connections to the run history; a command has done both."""
    run, instance = context.run, context.instance
    if run is None or instance is None or this_process().items() <= run.tags.items():
        yield
        return
    instance.add_run_tags(run.run_id, this_process())
    with kept_open(instance):
        yield


def only_reads(run: dg.DagsterRun) -> bool:
    """Whether the run makes packs and nothing else; of whatever is not known to, it is taken that it writes."""
    return run.job_name == EVIDENCE or (run.asset_selection is not None and run.asset_selection == {PACK})


def resolve(settings: Settings, as_of: str, created_at: datetime, known_at: str = "") -> Settings:
    """Settings whose `as_of` is set: the one asked for, else that of the file, else `known_at`, else the run's
    creation."""
    known = _utc(known_at) or settings.known_at
    chosen = _utc(as_of) or settings.as_of or known or created_at.astimezone(UTC)
    return settings.model_copy(update={"as_of": chosen, "known_at": known})


def _utc(text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _created_at(context: dg.InitResourceContext) -> datetime:
    record = context.instance.get_run_record_by_id(context.run_id) if context.instance and context.run_id else None
    return record.create_timestamp if record else datetime.now(UTC)
