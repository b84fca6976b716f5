"""What assets are given: the settings of the run, its clock, and the sole right to write in its home."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from dagster_project import settings as configuration
from dagster_project.archive.lock import exclusive
from dagster_project.defs.observed import observed
from dagster_project.settings import Settings

WRITER_POOL = "duckdb_writer"
RESOURCE_KEY = "tieout"


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

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Tieout"]:
        """Loads the settings; within a run it also holds the home's lock until the run ends."""
        self._settings = resolve(self.load(), self.as_of, _created_at(context), self.known_at)
        if context.run is None:
            yield self
            return
        with exclusive(self._settings), observed(self._settings, context):
            yield self

    def load(self) -> Settings:
        """The settings as written, without a run's clock; raises ConfigurationError."""
        return configuration.load(Path(self.config_path) if self.config_path else None)

    @property
    def settings(self) -> Settings:
        """The settings of this run, `as_of` always set."""
        return self._settings or resolve(self.load(), self.as_of, datetime.now(UTC), self.known_at)


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
