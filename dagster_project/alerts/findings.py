"""What is worth telling, as the published snapshot has it: closed gates, what is overdue, sources that are stale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from dagster_project import publish
from dagster_project.alerts import gates, overdue, stale
from dagster_project.alerts.finding import Finding
from dagster_project.errors import InputError
from dagster_project.settings import Settings
from dagster_project.sql import scalar


@dataclass(frozen=True)
class Found:
    """The findings of one published snapshot, each key once, in a fixed order, and its clock (UTC, without offset)."""

    findings: tuple[Finding, ...]
    as_of: datetime
    exponents: dict[str, int]


def read(settings: Settings) -> Found:
    """What the newest published snapshot says; InputError where there is none, or one of an earlier version."""
    with publish.open_current(settings) as con:
        try:
            return Found(
                (*gates.findings(con), *overdue.findings(con), *stale.findings(con)),
                scalar(con, "select as_of from config.parameters"),
                dict(con.execute("select currency_code, exponent from seeds.currencies").fetchall()),
            )
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise InputError(
                f"{publish.current(settings)}: published by another version ({str(error).splitlines()[0]}); run"
                " `tieout run` again"
            ) from None
