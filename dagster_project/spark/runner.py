"""Builds the dbt project on Spark and brings the tables home, with the results that a build on DuckDB would give."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dagster_project import warehouse
from dagster_project.dbt.manifest import ParsedProject
from dagster_project.dbt.runner import BuildOutcome, NodeFailure
from dagster_project.dbt.runner import build as build_here
from dagster_project.errors import StoreError
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.spark.environment import require
from dagster_project.spark.handover import hand_over
from dagster_project.spark.takeback import is_table, take_back
from dagster_project.warehouse.connection import limits

_GOOD = frozenset({"success", "pass", "warn", "no-op"})
_LAST_WORDS = 2_000
Follow = Callable[[dict[str, Any]], None]


def build(parsed: ParsedProject, settings: Settings, logs: Path, follow: Follow = lambda event: None) -> BuildOutcome:
    """Seeds, models and data tests on Spark, all of them; then its tables, and the views over them, in the warehouse.

    Nothing of a build that failed is taken back. Raises InputError where Spark is not installed and StoreError where it
    ended before it could say how.
    """
    require(settings)
    manifest = parsed.as_dict()
    place = settings.home / "spark"
    shutil.rmtree(place, ignore_errors=True)
    logs.mkdir(parents=True, exist_ok=True)
    request = _request(parsed, settings, manifest, place, logs)
    try:
        outcome = _run(request, settings, manifest, logs, follow)
        if outcome.success:
            nodes = [node for node in manifest["nodes"].values() if is_table(node)]
            with warehouse.connect(settings) as con:
                take_back(con, nodes, place / "warehouse")
            _show_views(parsed, settings, manifest, logs)
        return outcome
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _request(parsed: ParsedProject, settings: Settings, manifest: Mapping[str, Any], place: Path, logs: Path) -> Path:
    names = sorted((one["schema"], one["identifier"]) for one in manifest["sources"].values())
    with warehouse.connect(settings) as con:
        relations = hand_over(con, names, place / "handover")
    request = {
        "project": str(parsed.project),
        "profiles": str(parsed.project),
        "target": str(settings.home / "dbt" / "target"),
        "logs": str(logs),
        "warehouse": str(place / "warehouse"),
        "relations": [asdict(one) for one in relations],
        "master": settings.spark.master,
        "memory": settings.spark.memory,
        "settings": settings.spark.settings,
    }
    file = place / "request.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(request), encoding="utf-8")
    return file


def _run(request: Path, settings: Settings, manifest: Mapping[str, Any], logs: Path, follow: Follow) -> BuildOutcome:
    events: list[dict[str, Any]] = []
    said = logs / "spark.log"
    end: dict[str, Any] | None = None
    with said.open("wb") as log, _spark(settings.spark.python, request, log) as process:
        for line in process.stdout or ():
            told = json.loads(line)
            end = told.get("end", end)
            if "event" in told:
                events.append(told["event"])
                follow(told["event"])
    if end is None:
        words = said.read_text(encoding="utf-8", errors="replace")[-_LAST_WORDS:].strip()
        raise StoreError(f"Spark ended before the books were built; its last words, of {said}:\n{words}")
    results = [(manifest["nodes"].get(one["unique_id"], {}), one) for one in end["results"]]
    return BuildOutcome(
        success=end["success"],
        events=tuple(events),
        failures=tuple(_failure(node, one) for node, one in results if one["status"] not in _GOOD | {"skipped"}),
        skipped=tuple(one["unique_id"] for _, one in results if one["status"] == "skipped"),
        error=end["error"],
    )


@contextmanager
def _spark(python: Path, request: Path, log: Any) -> Iterator[subprocess.Popen[str]]:
    """The process at work; ended with ours, whatever ends ours."""
    command = [str(python), "-m", "dagster_project.spark.build", str(request)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=PROJECT_ROOT)
    try:
        yield process
        process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _failure(node: Mapping[str, Any], result: Mapping[str, str]) -> NodeFailure:
    return NodeFailure(
        unique_id=result["unique_id"],
        name=node.get("name", result["unique_id"]),
        kind=node.get("resource_type", "model"),
        status=result["status"],
        message=result["message"],
        file=node.get("original_file_path", ""),
    )


def _show_views(parsed: ParsedProject, settings: Settings, manifest: Mapping[str, Any], logs: Path) -> None:
    """Views hold nothing: DuckDB's own over the tables and the archive say the same, and checks read some of them."""
    views = [
        name for name, node in manifest["nodes"].items() if node["resource_type"] == "model" and not is_table(node)
    ]
    path = settings.warehouse_path
    shown = build_here(
        parsed, path, settings.home / "spark" / "views", logs, nodes=views, options=limits(path.parent / "tmp")
    )
    if not shown.success:
        failed = "; ".join(f"{one.name}: {one.message}" for one in shown.failures) or shown.error
        raise StoreError(f"the views over what Spark built cannot be made: {failed}")
