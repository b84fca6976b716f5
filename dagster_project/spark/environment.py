"""Whether the environment of Spark is there, in words where it is not."""

from __future__ import annotations

import shutil

from dagster_project.errors import InputError
from dagster_project.settings import Settings


def require(settings: Settings) -> None:
    """Raises InputError in words where `target: spark` cannot run: its environment, or Java, is not there."""
    python = settings.spark.python
    if not python.exists():
        raise InputError(
            f"{settings.config_path}: target: spark needs the environment of Spark, and {python} is not there; run"
            " `make setup-spark`, or name its interpreter as `python` under `spark:`"
        )
    if settings.spark.master.startswith("local") and shutil.which("java") is None:
        raise InputError(f"{settings.config_path}: target: spark needs Java 17 or newer, and there is no `java` here")
