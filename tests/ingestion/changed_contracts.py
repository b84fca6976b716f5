"""Contracts of a company: the shipped one of a domain with changes, as bytes and as released."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from dagster_project.archive.release import release
from dagster_project.settings import Settings
from dagster_project.sources.contracts import DomainContract, domain_contracts, read_contract

Document = dict[str, Any]


def changed(
    domain: str = "billing",
    version: str | None = None,
    change: Callable[[Document], None] = lambda document: None,
    base: DomainContract | None = None,
) -> DomainContract:
    """The shipped contract (or `base`) with another version and a change of its document."""
    document = yaml.safe_load((base or domain_contracts()[domain]).content)
    document["version"] = version or document["version"]
    change(document)
    return read_contract(yaml.safe_dump(document, sort_keys=False).encode(), f"{domain}.yml")


def columns(document: Document, name: str = "invoices") -> list[Document]:
    """The columns of an object of the document, to be changed in place."""
    return next(one["properties"] for one in document["schema"] if one["name"] == name)


def column(document: Document, name: str, owner: str = "invoices") -> Document:
    """One column of an object of the document."""
    return next(one for one in columns(document, owner) if one["name"] == name)


def with_column(name: str, required: bool = False, owner: str = "invoices", kind: str = "string") -> Callable:
    """A change that adds a column of text or whole numbers."""
    stored = {"string": "VARCHAR", "integer": "BIGINT"}[kind]

    def add(document: Document) -> None:
        columns(document, owner).append(
            {"name": name, "logicalType": kind, "physicalType": stored, "required": required}
        )

    return add


def released(settings: Settings, contract: DomainContract) -> None:
    """Releases without a test: what is tested here is what comes after."""
    release(settings, contract, by="A. Engineer", reason="a test", without_test="tests/ingestion")
