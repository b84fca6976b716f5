"""How a dbt node reads in Dagster: key [schema, name], the layer as group, owner and severity from its meta."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import dagster as dg

from dagster_project.defs.integration import DagsterDbtTranslator, DagsterDbtTranslatorSettings

_TAG_KEYS = ("code", "severity")


class LayerTranslator(DagsterDbtTranslator):
    """Keys, groups, owners, tags and words of dbt nodes; a source is the landed relation that it reads."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        return asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props["schema"])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return description(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return owners(meta_of(dbt_resource_props))

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        meta = meta_of(dbt_resource_props)
        return {f"tieout/{key}": str(meta[key]) for key in _TAG_KEYS if meta.get(key)}

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        return dg.AssetCheckSpec(
            name=spec.name,
            asset=spec.asset_key,
            description=check_words(manifest["nodes"][unique_id], asset_spec.key),
            additional_deps=spec.additional_deps,
            blocking=spec.blocking,
            metadata=spec.metadata,
        )


def asset_key(node: Mapping[str, Any]) -> dg.AssetKey:
    """[schema, table] of a model, seed or source: what one sees in the warehouse is what one sees in the graph."""
    return dg.AssetKey([node["schema"], node.get("identifier") or node.get("alias") or node["name"]])


def meta_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """A node's `meta`, wherever this version of dbt keeps it."""
    return (node.get("config") or {}).get("meta") or node.get("meta") or {}


def owners(meta: Mapping[str, Any]) -> list[str]:
    """The role that answers for it, as a Dagster team."""
    return [f"team:{meta['owner_role']}"] if meta.get("owner_role") else []


def description(node: Mapping[str, Any]) -> str:
    """What it is in words: title and words of its meta, else its description, else the comment that opens it."""
    meta = meta_of(node)
    parts = [
        meta.get("title"),
        node.get("description") or opening_comment(str(node.get("raw_code") or "")),
        meta.get("words"),
    ]
    return "\n\n".join(str(part).strip() for part in parts if part) or f"dbt {node['resource_type']} {node['name']}"


def opening_comment(sql: str) -> str:
    """The comment lines before the first statement, as one paragraph: a model opens with its grain and its question."""
    block = re.match(r"\s*\{#-?(.*?)-?#\}|\s*/\*(.*?)\*/", sql, flags=re.DOTALL)
    if block:
        return " ".join((block[1] or block[2] or "").split())
    lines = []
    for line in sql.strip().splitlines():
        if not line.strip().startswith("--"):
            break
        lines.append(line.strip().lstrip("-").strip())
    return " ".join(lines)


def check_words(test: Mapping[str, Any], key: dg.AssetKey) -> str:
    """What a data test asserts, in words: its own description, its opening comment, else test, column and relation."""
    own = (
        test.get("description") or meta_of(test).get("description") or opening_comment(str(test.get("raw_code") or ""))
    )
    if own:
        return str(own)
    kind = (test.get("test_metadata") or {}).get("name") or test["name"]
    column = test.get("column_name")
    return f"{kind.replace('_', ' ')}{f' on column {column}' if column else ''} of {'.'.join(key.path)}"
