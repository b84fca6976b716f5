"""When each break was first seen: `<home>/state.sqlite`, which is kept from run to run and never rebuilt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Column, DateTime, Engine, MetaData, String, Table, create_engine, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError

from dagster_project.errors import StoreError, is_out_of_space, no_space
from dagster_project.settings import Settings

_METADATA = MetaData()
_FIRST_SEEN = Table(
    "first_seen",
    _METADATA,
    Column("code", String, primary_key=True),
    Column("source_instance", String, primary_key=True),
    Column("match_key", String, primary_key=True),
    Column("first_seen_at", DateTime, nullable=False),
)


class FirstSeen(NamedTuple):
    """One break and the `as_of` (UTC) of the first run that saw it."""

    code: str
    source_instance: str
    match_key: str
    first_seen_at: datetime


def read(settings: Settings) -> list[FirstSeen]:
    """Every break ever seen, ordered by code, source instance and key; empty before the first run."""
    if not settings.state_path.exists():
        return []
    try:
        with _engine(settings).connect() as connection:
            rows = connection.execute(select(_FIRST_SEEN).order_by(*_FIRST_SEEN.primary_key.columns)).all()
    except SQLAlchemyError as error:
        raise _fault(settings, error) from error
    return [FirstSeen._make(row) for row in rows]


def record(settings: Settings, rows: Iterable[FirstSeen]) -> None:
    """Remembers breaks that are not yet known; a break once seen keeps its first time, so its age is never reset."""
    values = [row._replace(first_seen_at=_utc(row.first_seen_at))._asdict() for row in map(FirstSeen._make, rows)]
    if not values:
        return
    try:
        settings.state_path.parent.mkdir(parents=True, exist_ok=True)
        with _engine(settings).begin() as connection:
            connection.execute(insert(_FIRST_SEEN).on_conflict_do_nothing(), values)
    except (SQLAlchemyError, OSError) as error:
        raise _fault(settings, error) from error


def _engine(settings: Settings) -> Engine:
    engine = create_engine(f"sqlite:///{settings.state_path}")
    _METADATA.create_all(engine)
    return engine


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _fault(settings: Settings, error: Exception) -> StoreError:
    if is_out_of_space(error):
        return no_space(settings.state_path)
    words = getattr(error, "orig", None) or error
    return StoreError(f"{settings.state_path}: cannot be read or written ({words})")
