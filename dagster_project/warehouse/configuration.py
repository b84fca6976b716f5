"""The `config` schema: what the settings say, as data that models read and a published snapshot carries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb

from dagster_project import tables
from dagster_project.close import first_seen
from dagster_project.settings import Settings, Source, Thresholds
from dagster_project.sources.contracts import contracts_of
from expectations.policy import authority
from expectations.policy.data_quality import load_policy

_SOURCE_TYPES = {
    "source_instance": "VARCHAR",
    "domain": "VARCHAR",
    "vendor": "VARCHAR",
    "freshness_limit_hours": "BIGINT",
}
_OBJECT_TYPES = {
    "source_instance": "VARCHAR",
    "domain": "VARCHAR",
    "vendor": "VARCHAR",
    "object": "VARCHAR",
    "is_optional": "BOOLEAN",
    "mode": "VARCHAR",
    "owner_role": "VARCHAR",
}
_LINK_TYPES = {"source_instance": "VARCHAR", "domain": "VARCHAR", "linked_instance": "VARCHAR"}
_DIMENSION_TYPES = {"dimension": "VARCHAR", "revenue_account": "VARCHAR", "value": "VARCHAR"}
_AUTHORITY_TYPES = {
    "model": "VARCHAR",
    "rank": "BIGINT",
    "legal_entity_code": "VARCHAR",
    "domain": "VARCHAR",
    "field": "VARCHAR",
    "owner_system": "VARCHAR",
    "owner_name": "VARCHAR",
    "follower_system": "VARCHAR",
    "from_system": "VARCHAR",
    "via_system": "VARCHAR",
    "allowed_lag_minutes": "BIGINT",
    "is_until_soft_close": "BOOLEAN",
    "normaliser": "VARCHAR",
    "tolerance": "VARCHAR",
    "severity": "VARCHAR",
    "is_finance": "BOOLEAN",
    "approver": "VARCHAR",
    "valid_from": "DATE",
    "valid_to": "DATE",
}
_FIRST_SEEN_TYPES = {
    "code": "VARCHAR",
    "source_instance": "VARCHAR",
    "match_key": "VARCHAR",
    "first_seen_at": "TIMESTAMP",
}


def write(con: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    """Replaces every table of the schema; `as_of` (UTC) is the clock of all windows and ages of the run."""
    _parameters(con, settings, as_of)
    sources = settings.sources
    tables.create(
        con, "config.sources", _SOURCE_TYPES, ((s.name, s.domain, s.vendor, s.freshness_limit_hours) for s in sources)
    )
    tables.create(con, "config.source_objects", _OBJECT_TYPES, _source_objects(settings))
    tables.create(con, "config.instance_links", _LINK_TYPES, _instance_links(settings))
    tables.create(
        con, "config.authority", _AUTHORITY_TYPES, authority.policy_rows(settings.authority_model, settings.authority)
    )
    dimensions = (
        (dimension, account, value)
        for dimension, by_account in sorted(settings.dimensions.items())
        for account, value in sorted(by_account.items())
    )
    tables.create(con, "config.dimensions", _DIMENSION_TYPES, dimensions)
    tables.create(con, "config.first_seen", _FIRST_SEEN_TYPES, first_seen.read(settings))


def _parameters(con: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    known_at = settings.known_at
    values: dict[str, tuple[str, object]] = {
        "as_of": ("TIMESTAMP", as_of.replace(tzinfo=None)),
        "known_at": ("TIMESTAMP", known_at.replace(tzinfo=None) if known_at else None),
        "reporting_currency": ("VARCHAR", settings.reporting_currency),
        "authority_model": ("VARCHAR", _authority_model(settings, as_of)),
        "company": ("VARCHAR", settings.company),
    }
    for name, field in Thresholds.model_fields.items():
        kind = "BIGINT" if field.annotation is int else "DECIMAL(7,4)"
        values[name] = (kind, getattr(settings.thresholds, name))
    types = {name: kind for name, (kind, _) in values.items()}
    tables.create(con, "config.parameters", types, [[value for _, value in values.values()]])


def _authority_model(settings: Settings, as_of: datetime) -> str:
    return authority.in_force(settings.authority_model, settings.authority.changes, as_of.date())


def _source_objects(settings: Settings) -> Iterator[tuple[str, str, str, str, bool, str, str]]:
    routing = load_policy()
    for source in settings.sources:
        for contract in contracts_of(source.domain):
            owner = routing.owner_of(contract.domain, contract.name)
            yield source.name, source.domain, source.vendor, contract.name, contract.optional, contract.mode, owner


def _instance_links(settings: Settings) -> Iterator[tuple[str, str, str]]:
    for source in settings.sources:
        yield source.name, source.domain, source.name
        for domain in sorted({other.domain for other in settings.sources} - {source.domain}):
            others = [other for other in settings.sources if other.domain == domain]
            linked = [other for other in others if _are_linked(source, other)]
            for other in linked or others:
                yield source.name, domain, other.name


def _are_linked(one: Source, other: Source) -> bool:
    return other.name in one.links or one.name in other.links
