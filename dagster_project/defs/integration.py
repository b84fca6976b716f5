"""dagster-dbt: what it makes of a parsed project and of dbt's events.

It reads the manifest and needs no dbt-core for that, which takes a second and a half to import: a run in which nothing
is new builds nothing and never needs it. Beside dbt-core it would also select all nodes by way of dbt's graph.
"""

from dagster_project.lazily import without

with without("dbt"):
    from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

__all__ = ["DagsterDbtTranslator", "DagsterDbtTranslatorSettings", "DbtCoreCliEventMessage", "dbt_assets"]
