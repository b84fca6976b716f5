"""An event per landed relation and dbt model of a run: from which relations it was made, when, and by which run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import RunFacet, parent_run

from dagster_project.dbt import manifest
from dagster_project.settings import Settings
from dagster_project.sources.contracts import contracts_of
from dagster_project.warehouse import relations


@dataclass(frozen=True)
class Made:
    """One relation that a run made: `schema.table`, from which others, and when (ISO)."""

    name: str
    sources: tuple[str, ...]
    ended_at: str
    is_good: bool


def events(settings: Settings, run_id: str, job: str, producer: str) -> Iterator[RunEvent]:
    """One per landed relation, and one per model that the last build made, in its order. Their run ids follow from the
    run's and their names, so that an event sent twice is the same event."""
    namespace = settings.openlineage.namespace
    facets: dict[str, RunFacet] = {
        "parent": parent_run.ParentRunFacet(run=parent_run.Run(runId=run_id), job=parent_run.Job(namespace, job))
    }
    for made in (*_landed(settings), *_built(settings)):
        yield RunEvent(
            eventType=RunState.COMPLETE if made.is_good else RunState.FAIL,
            eventTime=made.ended_at,
            run=Run(runId=str(uuid5(UUID(run_id), made.name)), facets=dict(facets)),
            job=Job(namespace=namespace, name=f"{job}.{made.name}"),
            inputs=[InputDataset(namespace=namespace, name=name) for name in made.sources],
            outputs=[OutputDataset(namespace=namespace, name=made.name)],
            producer=producer,
        )


def _landed(settings: Settings) -> Iterator[Made]:
    """The landed relations, each over the objects of all sources of its domain: what joins sources to models."""
    now = datetime.now(UTC).isoformat()
    for domain in dict.fromkeys(source.domain for source in settings.sources):
        for contract in contracts_of(domain):
            sources = tuple(f"{one.name}.{contract.name}" for one in settings.sources if one.domain == domain)
            yield Made(relations.name_of("generic", contract), sources, now, True)


def _built(settings: Settings) -> Iterator[Made]:
    contents = manifest.parsed().as_dict()
    known = {**contents["nodes"], **contents["sources"]}
    results = json.loads((settings.home / "dbt" / "target" / "run_results.json").read_text(encoding="utf-8"))
    for result in results["results"]:
        node = contents["nodes"].get(result["unique_id"])
        if node is None or node["resource_type"] not in ("model", "seed") or not result["timing"]:
            continue
        above = tuple(_name(known[one]) for one in node.get("depends_on", {}).get("nodes", []) if one in known)
        yield Made(_name(node), above, result["timing"][-1]["completed_at"], result["status"] == "success")


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('alias') or node['identifier']}"
