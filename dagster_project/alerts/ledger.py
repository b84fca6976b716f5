"""What each channel was told, in `<home>/state.sqlite`: kept from run to run, never rebuilt.

A channel is named by its variable, never by its address. Each has its own memory, so that one that was out of reach
hears later what the others heard before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Delete,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError

from dagster_project.alerts.decide import News, Told
from dagster_project.alerts.finding import Finding
from dagster_project.errors import StoreError
from dagster_project.settings import Settings

_METADATA = MetaData()
_TOLD = Table(
    "alerts_told",
    _METADATA,
    Column("channel", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("finding", Text, nullable=False),
    Column("told_at", DateTime, nullable=False),
)
_HEARD = Table(
    "alerts_heard",
    _METADATA,
    Column("channel", String, primary_key=True),
    Column("as_of", DateTime, nullable=False),
)


def told(settings: Settings, channel: str) -> dict[str, Told]:
    """What the channel was told and has not been told to have ended, by key."""
    if not settings.state_path.exists():
        return {}
    with _connection(settings) as connection:
        rows = connection.execute(select(_TOLD).where(_TOLD.c.channel == channel).order_by(_TOLD.c.key)).all()
    return {row.key: Told(_finding(row.finding), row.told_at) for row in rows}


def heard(settings: Settings, channel: str) -> datetime | None:
    """The `as_of` (UTC, without offset) of the newest run that the channel heard of; None before the first."""
    if not settings.state_path.exists():
        return None
    with _connection(settings) as connection:
        return connection.execute(select(_HEARD.c.as_of).where(_HEARD.c.channel == channel)).scalar()


def record(settings: Settings, channel: str, news: tuple[News, ...], now: datetime) -> None:
    """Remembers what was just said: an ended finding is forgotten, of any other this is now the last word."""
    with _connection(settings) as connection:
        for one in news:
            if one.event == "resolved":
                connection.execute(_of(channel, one.finding.key))
                continue
            row = {
                "channel": channel,
                "key": one.finding.key,
                "finding": json.dumps(asdict(one.finding)),
                "told_at": now,
            }
            change = {"finding": row["finding"], "told_at": now}
            connection.execute(insert(_TOLD).values(row).on_conflict_do_update(["channel", "key"], set_=change))


def finish(settings: Settings, channel: str, forgotten: tuple[str, ...], now: datetime) -> None:
    """Notes that the channel heard of everything up to `now`, and drops what nobody wants to hear of any more."""
    with _connection(settings) as connection:
        for key in forgotten:
            connection.execute(_of(channel, key))
        values = insert(_HEARD).values(channel=channel, as_of=now)
        connection.execute(values.on_conflict_do_update(["channel"], set_={"as_of": now}))


def _of(channel: str, key: str) -> Delete:
    return delete(_TOLD).where(_TOLD.c.channel == channel, _TOLD.c.key == key)


def _finding(text: str) -> Finding:
    values = json.loads(text)
    return Finding(**values | {"amounts": tuple((currency, minor) for currency, minor in values["amounts"])})


@contextmanager
def _connection(settings: Settings) -> Iterator[Connection]:
    try:
        settings.state_path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{settings.state_path}")
        try:
            _METADATA.create_all(engine)
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        words = getattr(error, "orig", None) or error
        raise StoreError(f"{settings.state_path}: cannot be read or written ({words})") from error
