"""Assembles what Dagster sees; holds no asset body.

Depends on the contracts and the dbt project alone, never on a tieout.yml: one company connects two systems, another
five, and both see the same graph.
"""

from __future__ import annotations

import dagster as dg

from dagster_project.dbt import manifest
from dagster_project.defs import alerts, gates, jobs, landed, log, models, published, resources, sources
from dagster_project.sources.contracts import load_contracts


def build() -> dg.Definitions:
    """Every asset, check, job, schedule and sensor; reads the contracts and parses the dbt project where it changed."""
    contracts = load_contracts()
    domains = list(dict.fromkeys(domain for domain, _ in contracts))
    books = models.build_models(manifest.parsed())
    public = [key for key in sorted(books.keys) if key.path[0] in ("marts", "canonical", "matching")]
    return dg.Definitions(
        assets=[
            *sources.build_sources(contracts),
            landed.build_landed(contracts),
            *gates.result_tables(contracts, books.keys),
            books,
            published.build_snapshot(public),
            published.evidence_pack,
            alerts.told,
        ],
        asset_checks=[gates.build_boundary(contracts), gates.build_outcome(books.keys)],
        jobs=jobs.build_jobs(domains),
        schedules=[jobs.build_schedule()],
        sensors=[jobs.build_sensor()],
        resources={resources.RESOURCE_KEY: resources.Tieout()},
        executor=dg.in_process_executor,
        loggers={log.LOGGER_KEY: log.run_log},
    )


defs = build()
