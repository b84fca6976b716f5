"""What can be started: the close of a period, snapshots of the sources, and both without a person.

Schedule and sensor are stopped until somebody switches them on: a first look at the UI over a demo must not start runs,
and a close whose clock is the wall's would overdate the sample company.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from dagster_project.defs.alerts import tell_that_it_stopped
from dagster_project.defs.periods import ACCOUNTING_PERIODS, DEFAULTED_TAG, last_ended, register
from dagster_project.defs.resources import EVIDENCE, PACK, Tieout
from dagster_project.defs.watch import changes

CLOSE, SNAPSHOT = "close", "snapshot"


def build_jobs(domains: Sequence[str]) -> list[Any]:
    """`close`, `evidence`, `snapshot` and one `snapshot_<domain>` each."""
    close = dg.define_asset_job(
        CLOSE,
        selection=dg.AssetSelection.all(),
        description="Everything: snapshots, landing, books, controls, checks, published reconciliation, evidence pack.",
        hooks={tell_that_it_stopped},
    )
    evidence = dg.define_asset_job(
        EVIDENCE,
        selection=dg.AssetSelection.assets(PACK),
        description="The evidence pack of a period, of what is published; packs of several periods are made together.",
    )
    snapshot = dg.define_asset_job(
        SNAPSHOT,
        selection=dg.AssetSelection.groups(*domains),
        description="Takes into the archive what the sources deliver; computes nothing.",
    )
    per_domain = [
        dg.define_asset_job(
            f"{SNAPSHOT}_{domain}",
            selection=dg.AssetSelection.groups(domain),
            description=f"Takes into the archive what {domain} delivers; computes nothing.",
        )
        for domain in domains
    ]
    return [close, evidence, snapshot, *per_domain]


def close_request(settings_as_of: datetime | None, now: datetime, run_key: str | None = None) -> dg.RunRequest:
    """A close of the period that ended last, as a schedule or sensor asks for it."""
    period = last_ended(settings_as_of or now)
    return dg.RunRequest(run_key=run_key, partition_key=period, tags={DEFAULTED_TAG: "true"})


def build_schedule() -> dg.ScheduleDefinition:
    """`continuous`: the close every hour."""

    @dg.schedule(
        name="continuous",
        job_name=CLOSE,
        cron_schedule="0 * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Closes the period that ended last, every hour: late records and postings show as they arrive.",
    )
    def continuous(context: dg.ScheduleEvaluationContext, tieout: Tieout) -> dg.RunRequest:
        request = close_request(tieout.load().as_of, context.scheduled_execution_time)
        register(context.instance, [str(request.partition_key)])
        return request

    return continuous


def build_sensor() -> dg.SensorDefinition:
    """`new_files`: the close when a landing file is new or has changed."""

    @dg.sensor(
        name="new_files",
        job_name=CLOSE,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Closes the period that ended last when a file below a connector's path is new or has changed.",
    )
    def new_files(context: dg.SensorEvaluationContext, tieout: Tieout) -> dg.SensorResult | dg.SkipReason:
        settings = tieout.load()
        change = changes(settings, context.cursor)
        if change is None:
            return dg.SkipReason("no landing file is new or has changed")
        request = close_request(settings.as_of, datetime.now(UTC), run_key=change.cursor)
        return dg.SensorResult(
            run_requests=[request],
            cursor=change.cursor,
            dynamic_partitions_requests=[ACCOUNTING_PERIODS.build_add_request([str(request.partition_key)])],
        )

    return new_files
