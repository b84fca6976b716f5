"""Runs dbt on Spark, in a process of Spark's own environment: `python -m dagster_project.spark.build request.json`.

Each of dbt's results is told at once as a line of JSON on standard output; the last line says how it ended. It knows
nothing of the settings: what it needs is in the request.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.spark.adapter import adapt
from dagster_project.spark.relations import show
from dagster_project.spark.session import open_session

RESULT_EVENTS = frozenset({"LogSeedResult", "LogModelResult", "LogTestResult"})
Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Request:
    """What is to be built, from which relations, by which Spark, and where it goes; paths as texts."""

    project: str
    profiles: str
    target: str
    logs: str
    warehouse: str
    relations: list[dict[str, Any]]
    master: str = "local[2]"
    memory: str = "4g"
    settings: dict[str, str] = field(default_factory=dict)
    select: list[str] = field(default_factory=list)


def build(request: Request, tell: Tell) -> None:
    """Seeds, models and data tests in their order. `tell` gets {"event": ...} per result and one {"end": ...}."""
    from dbt.cli.main import dbtRunner
    from dbt_common.events.functions import msg_to_dict

    spark = open_session(request.master, request.memory, Path(request.warehouse), request.settings)
    show(spark, request.relations)
    adapt()

    def hear(message: Any) -> None:
        if message.info.name in RESULT_EVENTS:
            tell({"event": msg_to_dict(message)})

    outcome = dbtRunner(callbacks=[hear]).invoke(_arguments(request))
    results = getattr(outcome.result, "results", None) or []
    error = None if outcome.exception is None else str(outcome.exception)
    tell({"end": {"success": outcome.success, "error": error, "results": [_said(one) for one in results]}})


def _arguments(request: Request) -> list[str]:
    arguments = ["build", "--target", "spark", "--project-dir", request.project, "--profiles-dir", request.profiles]
    arguments += ["--target-path", request.target, "--log-path", request.logs, "--no-partial-parse"]
    arguments += ["--log-level", "none", "--log-level-file", "info", "--quiet", "--no-print", "--no-use-colors"]
    arguments += ["--no-send-anonymous-usage-stats", "--no-version-check", "--exclude-resource-type", "unit_test"]
    return [*arguments, "--select", *request.select] if request.select else arguments


def _said(result: Any) -> dict[str, str]:
    return {
        "unique_id": result.node.unique_id,
        "status": str(result.status),
        "message": " ".join(str(result.message or "").split()),
    }


def main() -> None:
    """Reads the request; whatever a library prints goes to standard error, so that every line out is ours."""
    request = Request(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(line: Mapping[str, Any]) -> None:
        print(json.dumps(line, default=str), file=out, flush=True)

    build(request, tell)


if __name__ == "__main__":
    main()
