"""A small published snapshot with changes, and what a channel took of it."""

from __future__ import annotations

from pathlib import Path

from dagster_project import settings as configuration
from dagster_project.observability.options import Alerts
from dagster_project.settings import Settings
from tests.dashboards import snapshots
from tests.receiver import Receiver

LATER = "update config.parameters set as_of = '2026-10-12 05:00:00';"
VARIABLE = "TIEOUT_ALERTS_TEST"


def published(folder: Path, extra: str = "", number: int = 1, **options) -> Settings:
    """Settings whose newest snapshot is the small one with changes; `options` are keys of `alerts:`."""
    settings = configuration.load(snapshots.write(folder, extra=extra, number=number))
    wanted = {"channels": (VARIABLE,), "digest_above": 100, **options}
    return settings.model_copy(update={"alerts": Alerts.model_validate(wanted)})


def titles(receiver: Receiver, path: str = "/hook") -> list[str]:
    """The titles of what came to a path, in the order of its coming."""
    return [request.json()["title"] for request in receiver.to(path)]
