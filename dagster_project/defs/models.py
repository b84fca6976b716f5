"""The dbt project as assets: every model with its rows, every data test as a check that holds back what follows."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import dagster as dg
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION as _TOLD_BEFORE

from dagster_project import progress, warehouse
from dagster_project.dbt import changed, manifest, runner
from dagster_project.dbt.changed import Success
from dagster_project.dbt.runner import BuildOutcome
from dagster_project.defs.asked_once import ask_once
from dagster_project.defs.control_shape import misshapen
from dagster_project.defs.faults import failure, in_words
from dagster_project.defs.integration import DbtCoreCliEventMessage, dbt_assets
from dagster_project.defs.measures import control_figures, partitions_computed, row_counts
from dagster_project.defs.resources import WRITER_POOL, Tieout
from dagster_project.defs.table_checks import CheckOfTable
from dagster_project.defs.translator import LayerTranslator, asset_key
from dagster_project.errors import InputError
from dagster_project.observability import telemetry
from dagster_project.settings import Settings
from dagster_project.spark import runner as spark
from dagster_project.version import code_version
from dagster_project.warehouse.connection import limits

_ON_SPARK = "spark"
_ENGINES = ("duckdb", "polars", "splink", "dbt-core", "dbt-duckdb")
CONTROL_LAYERS = frozenset({"matching", "reconciliation", "marts"})


@dataclass(frozen=True)
class Built:
    """What dbt did, and the last success of every node that had no need to run; `order` has all, parents first, and
    `content` names what each holds that is as it would be built now: the same name, the same rows."""

    outcome: BuildOutcome
    unchanged: Mapping[str, Success]
    order: Sequence[str]
    content: Mapping[str, str]


def build_models(parsed: manifest.ParsedProject) -> dg.AssetsDefinition:
    """All models and seeds of a parsed project as one definition: one dbt build makes whichever are selected."""
    contents, translator = parsed.as_dict(), LayerTranslator()

    @dbt_assets(manifest=contents, dagster_dbt_translator=translator, name="books_and_controls", pool=WRITER_POOL)
    def books_and_controls(context: dg.AssetExecutionContext, tieout: Tieout) -> Iterator[Any]:
        built = build(parsed, tieout.settings, context.run_id, selected(context, contents), tieout.full_refresh)
        stood = (contents["nodes"][name] for name in built.unchanged)
        ask_once(context, about=[asset_key(node) for node in stood if node["resource_type"] != "test"])
        yield from events(context, contents, translator, built, tieout.settings)
        if not built.outcome.success:
            with warehouse.connect(tieout.settings) as con:
                lines = [*misshapen(con, contents), words_of(built.outcome)]
            raise dg.Failure(description="\n".join(lines), allow_retries=False)

    return books_and_controls


def build(
    parsed: manifest.ParsedProject, settings: Settings, run_id: str, select: list[str], full_refresh: bool = False
) -> Built:
    """Runs what is selected, or of everything what is not as it would be built now; with `full_refresh`, everything.

    Artefacts go to `<home>/dbt/target`, the log to the run's folder.
    """
    if select and settings.target == _ON_SPARK:
        raise failure(InputError("on Spark the books are built whole: choose all models, or none"))
    contents = parsed.as_dict()
    engines = [settings.target, *(f"{one} {version(one)}" for one in _ENGINES)]
    code = "|".join([code_version(), parsed.folder.name, *engines])
    with warehouse.connect(settings) as con:
        made = changed.plan(con, contents, code, warehouse.digests(con, settings.archive_path))
        is_whole = full_refresh or not made.current or (settings.target == _ON_SPARK and bool(made.stale))
        if is_whole:
            made = made.from_nothing()
        stale = list(made.order) if select else made.stale
        changed.forget(con, stale)
    if not stale:
        return Built(runner.NOTHING_TO_DO, made.current, made.order, made.content)
    watched = None if select or is_whole else made
    follow = announcing(contents["nodes"], stale, watched.stood if watched else frozenset())
    logs = settings.home / "runs" / run_id
    if settings.target == _ON_SPARK:
        with in_words():
            outcome = spark.build(parsed, settings, logs, follow)
    else:
        outcome = runner.build(
            parsed,
            settings.warehouse_path,
            work_folder=settings.home / "dbt",
            log_folder=logs,
            select=select,
            nodes=stale if watched else (),
            options=limits(settings.warehouse_path.parent / "tmp"),
            follow=follow,
            plan=watched,
        )
    with warehouse.connect(settings) as con:
        changed.record(con, made, outcome.events)
    return Built(outcome, {} if select else made.current, made.order, made.content)


def announcing(
    nodes: Mapping[str, Mapping[str, Any]], names: Iterable[str], stood: Collection[str] = frozenset()
) -> Callable[[Mapping[str, Any]], None]:
    """What is told of each result of a build: dbt's threads tell theirs at once, here one after another. Of those that
    `stood` when their turn came, which may grow, no work is told."""
    ahead = set(names)
    total = len(ahead)
    one_at_a_time = Lock()
    progress.announce(progress.BOOKS, done=0, total=total)

    def follow(event: Mapping[str, Any]) -> None:
        unique_id = event["data"]["node_info"]["unique_id"]
        with one_at_a_time:
            ahead.discard(unique_id)
            if unique_id not in stood:
                telemetry.node(event, nodes)
            stage = stage_of(nodes[one] for one in ahead)
            progress.announce(stage, str(nodes.get(unique_id, {}).get("name", "")), total - len(ahead), total)

    return follow


def stage_of(ahead: Iterable[Mapping[str, Any]]) -> str:
    """Where a build is in the eyes of finance: at the books while any of them is still ahead, then at the controls."""
    is_at_books = any(node["resource_type"] != "test" and node["schema"] not in CONTROL_LAYERS for node in ahead)
    return progress.BOOKS if is_at_books else progress.CONTROLS


def selected(context: dg.AssetExecutionContext, contents: Mapping[str, Any]) -> list[str]:
    """dbt's names of the selected models; nothing when all are selected, which is dbt's own word for all."""
    if not context.is_subset:
        return []
    keys = context.selected_asset_keys
    return [
        ".".join(node["fqn"])
        for node in contents["nodes"].values()
        if node["resource_type"] in ("model", "seed") and asset_key(node) in keys
    ]


def events(
    context: dg.AssetExecutionContext,
    contents: Mapping[str, Any],
    translator: LayerTranslator,
    built: Built,
    settings: Settings,
) -> Iterator[Any]:
    """dbt's results as Dagster's, each materialization with its rows and, of a control, with what it found.

    They come parents first, which Dagster insists on. A table that had no need to run keeps the materialization of the
    run that made it, and has an output only where a later step waits for one: Dagster takes the mark for that of a
    source which tells its own events. What its tests found then is told again, because a check that a run does not
    answer is shown as unknown. A table's data version says what it holds: what follows from one that was built again
    with the same rows is not out of date.
    """
    nodes = contents["nodes"]
    measured = measure(contents, built.outcome.events, settings)
    layer, mine = context.job_def.asset_layer, context.assets_def.keys
    ran = {event["data"]["node_info"]["unique_id"]: event for event in built.outcome.events}
    for unique_id in built.order:
        if unique_id in built.unchanged and nodes[unique_id]["resource_type"] != "test":
            key = asset_key(nodes[unique_id])
            if layer.get(key).child_keys - mine:
                yield dg.Output(None, output_name=key.to_python_identifier(), metadata={_TOLD_BEFORE: True})
            continue
        event = built.unchanged[unique_id].event if unique_id in built.unchanged else ran.get(unique_id)
        if event is None:
            continue
        message = DbtCoreCliEventMessage(raw_event=dict(event), event_history_metadata={})
        for one in message.to_default_asset_events(contents, translator, context, target_path=_target(settings)):
            if isinstance(one, dg.Output):
                metadata = {**one.metadata, **measured.get(unique_id, {})}
                content = built.content.get(unique_id)
                version = dg.DataVersion(content) if content else None
                yield dg.Output(None, output_name=one.output_name, metadata=metadata, data_version=version)
            elif isinstance(one, dg.AssetCheckResult):
                yield CheckOfTable.of(one)
            else:
                yield one
    if built.unchanged:
        context.log.info(words_of_unchanged(built))


def words_of_unchanged(built: Built) -> str:
    """What did not run, and the oldest and newest time at which it was built."""
    times = [success.built_at.isoformat(sep=" ", timespec="seconds") for success in built.unchanged.values()]
    total = len(times) + len(built.outcome.events)
    return (
        f"{len(times)} of {total} models and tests had no need to run: neither their code nor what they read has"
        f" changed since they were built, between {min(times)} and {max(times)}"
    )


def measure(
    contents: Mapping[str, Any], told: Iterable[Mapping[str, Any]], settings: Settings
) -> dict[str, dict[str, Any]]:
    """Metadata per unique id of what stands: `dagster/row_count`, and the figures of a control."""
    built = {
        unique_id: (node["schema"], node["alias"])
        for event in told
        if (unique_id := event["data"]["node_info"]["unique_id"]) in contents["nodes"]
        and (node := contents["nodes"][unique_id])["resource_type"] in ("model", "seed")
        and event["data"]["node_info"]["node_status"] == "success"
    }
    with warehouse.connect(settings) as con:
        counts = row_counts(con, [*built.values()])
        figures = control_figures(con, [one for one in built.values() if one[0] == "reconciliation"])
        partitions = partitions_computed(con)
        measured: dict[str, dict[str, Any]] = {}
        for unique_id, (schema, table) in built.items():
            found = measured.setdefault(unique_id, {})
            if (schema, table) in counts:
                found["dagster/row_count"] = counts[schema, table]
            if table in partitions:
                found["partitions computed"] = partitions[table]
            found.update(figures.get((schema, table), {}))
    return measured


_TOO_WIDE = re.compile("out of range|overflow", re.IGNORECASE)


def words_of(outcome: BuildOutcome) -> str:
    """What went wrong in a build: the gate that closed or the model that failed, on what, and what was held back."""
    if not outcome.failures:
        return f"dbt stopped: {outcome.error or 'it did not say why'}"
    lines = [_failure_in_words(failure) for failure in outcome.failures]
    if outcome.skipped:
        lines.append(f"{len(outcome.skipped)} models and tests that depend on it were held back")
    return "\n".join(lines)


def _failure_in_words(failure: runner.NodeFailure) -> str:
    if failure.kind == "test" and failure.status == "fail":
        return (
            f"gate closed: {failure.about or failure.name} ({failure.file}): {failure.message}; figures built on it"
            " could be wrong, so nothing after it was built or published"
        )
    named = f"{failure.kind} {failure.name}{f', {failure.about},' if failure.about else ''} ({failure.file})"
    said = f"{named} failed: {failure.message}"
    if _TOO_WIDE.search(failure.message):
        return (
            f"{said}; an amount, quantity or rate, or a sum of them, is wider than it can hold. Nothing was published"
            " and what was delivered is kept: please report this message, with the widest amount of each currency"
        )
    return said


def _target(settings: Settings) -> Path:
    return settings.home / "dbt" / "target"
