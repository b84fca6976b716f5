"""A dbt project of a few models over landed tables: what a test of builds writes down is its models alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dagster_project.dbt import manifest

PROFILE = "tieout: {target: duckdb, outputs: {duckdb: {type: duckdb, path: nowhere, schema: main, threads: 2}}}\n"
PROJECT = "name: mini\nversion: 1.0.0\nprofile: tieout\nmodels: {mini: {+materialized: table}}\n"


def mini_project(folder: Path, models: Mapping[str, str], properties: str) -> manifest.ParsedProject:
    """The project in `folder`, parsed: `models` are texts by file name, `properties` the YAML beside them."""
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "models" / "properties.yml").write_text(properties)
    for name, text in models.items():
        (folder / "models" / name).write_text(text)
    return manifest.parsed(folder)
