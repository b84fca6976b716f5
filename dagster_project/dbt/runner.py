"""Builds the dbt project in this process: no second interpreter, no second parse, and the database released after."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster_project.dbt.changed import Plan
from dagster_project.dbt.compiled import CompiledSql
from dagster_project.dbt.manifest import ParsedProject, quiet_flags, write_profile

CODE_VARIABLE = "TIEOUT_CODE"  # what the partitions of a table were computed by; see macros/materializations
RESULT_EVENTS = frozenset({"LogSeedResult", "LogModelResult", "LogSnapshotResult", "LogTestResult"})
_GOOD = frozenset({"success", "pass", "warn", "no-op"})


@dataclass(frozen=True)
class NodeFailure:
    """One model or test that did not succeed: `kind` is model, seed or test; `skipped` because of another's failure."""

    unique_id: str
    name: str
    kind: str
    status: str
    message: str
    file: str
    about: str = ""


@dataclass(frozen=True)
class BuildOutcome:
    """What a build did: dbt's result events of what ran, in their order, what failed, and what was left out because of
    it."""

    success: bool
    events: tuple[dict[str, Any], ...]
    failures: tuple[NodeFailure, ...]
    skipped: tuple[str, ...]
    error: str | None


_CHOSEN = "tieout:chosen"  # dbt looks through all nodes for each name that it is given, three times
NOTHING_TO_DO = BuildOutcome(success=True, events=(), failures=(), skipped=(), error=None)


def build(
    parsed: ParsedProject,
    warehouse: Path,
    work_folder: Path,
    log_folder: Path,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    nodes: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    follow: Callable[[dict[str, Any]], None] = lambda event: None,
    plan: Plan | None = None,
) -> BuildOutcome:
    """Seeds, models and data tests in their order, a failed test holding back what depends on it.

    `select` and `exclude` are in dbt's words, and take the tests of what they select; `nodes` are the unique ids of
    exactly what is to run, tests too; of these the `plan` spares what stands when its turn comes. `work_folder/target`
    receives run_results.json and the compiled SQL; that of what does not run stays as it was executed, for the
    evidence, and a build of everything replaces it all. `log_folder` receives dbt.log; `options` are DuckDB's; `follow`
    sees each result event as it happens, also of what was spared. Unit tests are left out: they test the code, not the
    data, and belong to the test suite. Raises KeyboardInterrupt when the user stops it, after dbt has cancelled its
    queries.
    """
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner
    from dbt_common.events.functions import msg_to_dict

    from dagster_project.dbt.plain import plain_nodes
    from dagster_project.dbt.told import without_debug

    events: list[dict[str, Any]] = []

    def hear(message: Any) -> None:
        if message.info.name in RESULT_EVENTS:
            event = msg_to_dict(message)
            if plan is None or event["data"]["node_info"]["unique_id"] not in plan.stood:
                events.append(event)
            follow(event)

    target = work_folder / "target"
    if not select and not nodes:
        shutil.rmtree(target, ignore_errors=True)
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    profiles = write_profile(parsed.project, work_folder / "profiles", warehouse, options)
    arguments = ["build", *quiet_flags(parsed.project, profiles, target, log_folder)]
    # dbt's own JSON is a second copy of the parsed manifest; the results are written below
    arguments += ["--exclude-resource-type", "unit_test", "--no-write-json"]
    os.environ[CODE_VARIABLE] = f"{parsed.folder.name}-{version('duckdb')}"  # hashes of another engine differ
    manifest = parsed.as_dbt()
    if nodes:
        for unique_id in nodes:
            manifest.nodes[unique_id].tags.append(_CHOSEN)
        select = [f"tag:{_CHOSEN}"]
        arguments += ["--indirect-selection", "empty"]
    for flag, values in (("--select", select), ("--exclude", exclude)):
        if values:
            arguments += [flag, *values]
    kept = CompiledSql(parsed.folder)
    try:
        with _plain_interrupts(), _nothing_to_collect(), without_debug(), plain_nodes(kept, plan):
            outcome = dbtRunner(manifest=manifest, callbacks=[hear]).invoke(arguments)
    finally:
        release_database()
    kept.save()
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    results: list[Any] = []
    if isinstance(outcome.result, RunExecutionResult):
        results = list(outcome.result.results)
        target.mkdir(parents=True, exist_ok=True)
        outcome.result.write(str(target / "run_results.json"))
    return BuildOutcome(
        success=outcome.success,
        events=tuple(events),
        failures=tuple(_failure(one) for one in results if str(one.status) not in _GOOD | {"skipped"}),
        skipped=tuple(one.node.unique_id for one in results if str(one.status) == "skipped"),
        error=str(outcome.exception) if outcome.exception else None,
    )


@contextmanager
def _plain_interrupts() -> Iterator[None]:
    """Ctrl-C as KeyboardInterrupt, which dbt answers by cancelling its queries; an orchestrator sets something else."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Spares what is there now, the parsed project above all, from being searched for garbage at every node."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def release_database() -> None:
    """Closes what dbt-duckdb keeps open after a build: it would hold the file against publishing and the next run."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    reset_adapters()
    with suppress(Exception):  # it raises when no connection was ever opened, which is what we want
        DuckDBConnectionManager.env().close()
    DuckDBConnectionManager.close_all_connections()


def _failure(result: Any) -> NodeFailure:
    node = result.node
    return NodeFailure(
        unique_id=node.unique_id,
        name=node.name,
        kind=str(node.resource_type),
        status=str(result.status),
        message=" ".join(str(result.message or "").split()),
        file=node.original_file_path,
        about=_about(node),
    )


def _about(node: Any) -> str:
    """Of a generic test what it asserts, of a control its code and title; empty for anything else."""
    meta = node.config.meta or {}
    if str(node.resource_type) == "model" and "title" in meta:
        return f"{meta.get('code', '')} {meta['title']}".strip()
    kind, column = getattr(node, "test_metadata", None), getattr(node, "column_name", None)
    attached = str(getattr(node, "attached_node", None) or "").rsplit(".", 1)[-1]
    if kind is None or not attached:
        return ""
    return f"{attached}{f'.{column}' if column else ''} must be {kind.name.replace('_', ' ')}"
