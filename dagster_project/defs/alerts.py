"""Whoever is configured hears what the published snapshot holds, and that a run stopped."""

import dagster as dg

from dagster_project.defs.published import SNAPSHOT
from dagster_project.defs.resources import RESOURCE_KEY, WRITER_POOL, Tieout

TOLD = dg.AssetKey(["alerts", "told"])
_INTERRUPTS = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)


@dg.asset(key=TOLD, deps=[SNAPSHOT], group_name="published", pool=WRITER_POOL)
def told(context: dg.AssetExecutionContext, tieout: Tieout) -> dg.MaterializeResult:
    """Closed gates, overdue problems and stale sources, told once to every channel of `alerts:` in tieout.yml."""
    from dagster_project import alerts

    came = alerts.tell(tieout.settings)
    note = {"note": "\n".join(came.notes)} if came.notes else {}
    return dg.MaterializeResult(metadata={"messages": came.sent, **note})


@dg.failure_hook(required_resource_keys={RESOURCE_KEY})
def tell_that_it_stopped(context: dg.HookContext) -> None:
    """Tells the channels which step stopped the run, in its own words; not that a person stopped it."""
    error = context.op_exception
    if isinstance(error, _INTERRUPTS):
        return
    from dagster_project import alerts

    settings = getattr(context.resources, RESOURCE_KEY).settings
    words = str(getattr(error, "description", None) or error or "it did not say why")
    came = alerts.tell_failure(settings, context.op.name, words, settings.as_of)
    for note in came.notes:
        context.log.warning(note)
