"""The key `dagster` of `tieout.yml`: where the history of runs lies, and how many runs of the UI go at a time."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dagster_project.connections import EnvironmentName


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Storage(_Strict):
    """A PostgreSQL database of this home alone; `password_env` names the variable that holds its password.

    Without `password_env` PostgreSQL's own ways count: a password file, a certificate, the account of the system.
    """

    postgres_url: str
    password_env: EnvironmentName | None = None

    @field_validator("postgres_url")
    @classmethod
    def _names_a_database_and_no_secret(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.password is not None or any("password" in name for name, _ in parse_qsl(parts.query)):
            raise ValueError("holds a password; put it into an environment variable and name that: password_env")
        is_whole = parts.scheme == "postgresql" and parts.username and parts.path.strip("/") and _has_sound_port(parts)
        if not is_whole:
            raise ValueError("expected an address such as postgresql://tieout@db.example.com:5432/dagster")
        return value


class Dagster(_Strict):
    """How Dagster keeps and runs runs; without `storage` the history lies in SQLite files of the home."""

    storage: Storage | None = None
    workers: int = Field(default=1, ge=1, le=32, description="runs of UI, schedule and backfill at a time")


def _has_sound_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:  # no number
        return False
